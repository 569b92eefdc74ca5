import type { Worker } from '../../../domain/adapter.ts';
import type { Instant } from '../../../domain/instant.ts';
import type { Db } from '../connection.ts';
import { instant } from '../sql.ts';
import type { Layout } from './layout.ts';
import { queues } from './stats.ts';

interface SessionRow {
  readonly application: string;
  readonly pid: number;
  readonly seen: Instant | null;
  readonly active: number | null;
}

/** The library's own way to find them: a worker calls the session that it listens with by its queue, `mail` or `mail:w:its name`. */
export async function workers(db: Db, layout: Layout): Promise<Worker[]> {
  const names = (await queues(db, layout)).map(({ queue }) => queue);
  const rows = await db.query<SessionRow>(
    `SELECT s.application_name AS application, s.pid, ${instant('s.state_change')} AS seen,
            (SELECT count(*)::int FROM ${layout.job} j WHERE j.state = 'active' AND j.queue = split_part(s.application_name, ':w:', 1)
                AND j.processed_by = nullif(split_part(s.application_name, ':w:', 2), '')) AS active
       FROM pg_stat_activity s
      WHERE s.datname = current_database() AND split_part(s.application_name, ':w:', 1) = ANY ($1) AND s.pid <> pg_backend_pid()
      ORDER BY 1, 2`,
    [names],
  );
  return rows.map(({ application, pid, seen, active }): Worker => {
    const [queue = '', name] = application.split(':w:', 2);
    return {
      id: name === undefined ? `${queue} pid ${pid}` : application.replace(':w:', ' '),
      queue,
      seenAt: seen ?? undefined,
      silent: false, // its session is there, and ends with it
      // only a named worker writes its name on its jobs
      active: name === undefined ? undefined : (active ?? 0),
    };
  });
}
