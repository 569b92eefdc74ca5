import type { Worker } from '../../../domain/adapter.ts';
import type { Db } from '../connection.ts';
import { instant } from '../sql.ts';
import { asText, moment } from './column-sql.ts';
import { hasStatus } from './homes.ts';
import type { Heartbeats, Layout } from './layout.ts';

interface WorkerRow {
  readonly id: string;
  readonly seen: string | null;
  readonly silent: boolean;
  readonly active: number | null;
}

/** Those with a heartbeat, and those that jobs name and that never had one. The silent ones first. */
export async function workers(db: Db, layout: Layout): Promise<Worker[]> {
  const rows = await db.query<WorkerRow>(workersQuery(layout));
  return rows.map(({ id, seen, silent, active }) => ({
    id,
    seenAt: seen ?? undefined,
    silent,
    active: active ?? undefined,
  }));
}

export function workersQuery(layout: Layout): string {
  const { job, jobs } = layout;
  const { table, worker, seenAt, staleAfter, certain } = layout.heartbeats as Heartbeats;
  const beats = `SELECT ${asText('w', worker)} AS id, max(${moment('w', seenAt)}) AS seen FROM ${table.sql} w GROUP BY 1`;
  const silent = `coalesce(seen < now() - interval '${staleAfter} s', true)`;
  const order = 'ORDER BY silent DESC, seen, id';
  if (job.workerId === undefined)
    return `SELECT id, ${instant('seen')} AS seen, ${silent} AS silent, NULL::float8 AS active FROM (${beats}) b ${order}`;
  const owner = asText('j', job.workerId);
  const busy = `SELECT ${owner} AS id, count(*)::float8 AS active FROM ${jobs.sql} j WHERE ${hasStatus(layout, 'j', 'active')} AND ${owner} IS NOT NULL GROUP BY 1`;
  // where the names may be of two kinds, a worker that is not found in the other table is neither silent nor idle
  const [active, join] = certain ? ['coalesce(active, 0)', 'FULL'] : ['active', 'LEFT'];
  return `SELECT id, ${instant('seen')} AS seen, ${silent} AS silent, ${active} AS active
            FROM (${beats}) b ${join} JOIN (${busy}) a USING (id) ${order}`;
}
