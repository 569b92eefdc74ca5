import type { Worker } from '../../../domain/adapter.ts';
import type { Db } from '../connection.ts';
import { instant } from '../sql.ts';
import { isAbandoned, sourceOf } from './expressions.ts';
import { freedBy, locked } from './lanes.ts';
import type { Layout } from './layout.ts';

export const WORKERS_NOTE =
  'Only workers that hold a job now are known: graphile-worker writes nothing down of one that is idle, and after a crash its locks stay for up to 4 hours.';

interface HolderRow {
  readonly worker: string | null;
  readonly seen: string;
  readonly silent: boolean;
  readonly active: number;
  readonly lanes: readonly string[];
}

/**
 * Who has locked jobs, or a lane without one, the silent ones first. When it took its last one is the only sign of life that
 * is kept.
 */
export async function workers(db: Db, layout: Layout): Promise<Worker[]> {
  const alone = `UNION ALL SELECT q.locked_by, q.locked_at, ${isAbandoned(layout, 'q')}, NULL, q.queue_name FROM ${locked(layout)}`;
  const rows = await db.query<HolderRow>(
    `SELECT h.worker, ${instant('max(h.since)')} AS seen, bool_and(h.abandoned) AS silent, count(h.job)::int AS active,
            array_remove(array_agg(h.lane ORDER BY h.lane), NULL) AS lanes
       FROM (SELECT j.locked_by AS worker, j.locked_at AS since, ${isAbandoned(layout, 'j')} AS abandoned, j.id AS job, NULL AS lane
               FROM ${sourceOf(layout).rows} WHERE j.locked_at IS NOT NULL
             ${layout.sight.through === 'view' ? '' : alone}) h GROUP BY 1 ORDER BY silent DESC, max(h.since), 1`,
  );
  return rows.map(({ worker, seen, silent, active, lanes }) => ({
    id: worker ?? 'unknown',
    silent,
    active,
    seenAt: seen,
    ...(lanes.length === 0 ? {} : { lanes: { names: lanes, freedBy: freedBy(layout, worker) } }),
  }));
}
