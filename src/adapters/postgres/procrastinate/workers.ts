import type { Worker } from '../../../domain/adapter.ts';
import type { Db } from '../connection.ts';
import { instant } from '../sql.ts';
import type { Layout } from './layout.ts';

interface WorkerRow {
  readonly id: string;
  readonly seen: string;
  readonly silent: boolean;
  readonly active: number;
}

export const WORKERS_NOTE = 'Before 3.1 Procrastinate keeps no register of them.';

/**
 * Those that registered and did not end in an orderly way; the silent ones first. The library keeps neither host nor queues.
 * Since there are workers, no job is `aborting` any more: so the library's own index of what is `doing` is enough.
 */
export async function workers(db: Db, layout: Layout, register: string): Promise<Worker[]> {
  const rows = await db.query<WorkerRow>(
    `SELECT w.id::text AS id, ${instant('w.last_heartbeat')} AS seen,
            w.last_heartbeat < now() - interval '${layout.staleSeconds} s' AS silent, coalesce(b.active, 0)::float8 AS active
       FROM ${register} w
       LEFT JOIN (SELECT j.worker_id, count(*) AS active FROM ${layout.jobs} j
                   WHERE j.status = 'doing' AND j.worker_id IS NOT NULL GROUP BY 1) b ON b.worker_id = w.id
      ORDER BY silent DESC, w.last_heartbeat, w.id`,
  );
  return rows.map(({ seen, ...worker }) => ({ ...worker, seenAt: seen }));
}
