import type { Worker } from '../../../domain/adapter.ts';
import type { Db } from '../connection.ts';
import { instant } from '../sql.ts';

interface InstanceRow {
  readonly id: string;
  readonly seen: string;
  readonly silent: boolean;
  readonly active: number;
}

/**
 * The instances of pg-boss that registered themselves and did not end in an orderly way; the silent ones first. As the
 * library has it, three missed heartbeats make one silent. The jobs are those in hand at the last heartbeat.
 */
export async function workers(db: Db, instances: string): Promise<Worker[]> {
  const rows = await db.query<InstanceRow>(
    `SELECT concat_ws('/', coalesce(name, host), pid, left(id::text, 8)) AS id, ${instant('heartbeat_on')} AS seen,
            heartbeat_on < now() - 3 * heartbeat_seconds * interval '1 s' AS silent,
            (SELECT coalesce(sum((w ->> 'active')::int), 0) FROM jsonb_array_elements(workers) AS w)::float8 AS active
       FROM ${instances} WHERE stopped_on IS NULL ORDER BY silent DESC, heartbeat_on, id`,
  );
  return rows.map(({ seen, ...worker }) => ({ ...worker, seenAt: seen }));
}
