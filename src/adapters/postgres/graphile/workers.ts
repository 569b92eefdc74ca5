import type { Worker } from '../../../domain/adapter.ts';
import type { Db } from '../connection.ts';
import { instant } from '../sql.ts';
import { proofOf, sourceOf } from './expressions.ts';
import type { Layout } from './layout.ts';

export const WORKERS_NOTE =
  'Only workers that hold a job now are known: graphile-worker writes nothing down of one that is idle, and after a crash its locks stay for up to 4 hours.';

interface HolderRow {
  readonly id: string;
  readonly seen: string;
  readonly silent: boolean;
  readonly active: number;
}

/** Who has locked jobs, the silent ones first. When it took its last one is the only sign of life that is kept. */
export async function workers(db: Db, layout: Layout): Promise<Worker[]> {
  const rows = await db.query<HolderRow>(
    `SELECT coalesce(j.locked_by, 'unknown') AS id, ${instant('max(j.locked_at)')} AS seen,
            bool_and(${proofOf(layout)} IS NOT NULL) AS silent, count(*)::int AS active
       FROM ${sourceOf(layout).rows} WHERE j.locked_at IS NOT NULL GROUP BY 1 ORDER BY silent DESC, max(j.locked_at), 1`,
  );
  return rows.map(({ seen, ...worker }) => ({ ...worker, seenAt: seen }));
}
