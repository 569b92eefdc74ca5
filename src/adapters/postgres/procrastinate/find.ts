import type { JobDetail } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import { bigints, instant } from '../sql.ts';
import type { Layout } from './layout.ts';
import { jobsOf } from './rows.ts';

export const ERRORS_NOTE = 'Procrastinate does not store error texts: look in the log of the worker.';

/** One job, its events in the order they were written, and what it hangs together with. */
export async function find(
  db: Db,
  layout: Layout,
  id: string,
  queue: string | undefined,
): Promise<JobDetail | undefined> {
  const [job] = await jobsOf(db, layout, bigints([id]), 'newest');
  if (job === undefined || (queue !== undefined && job.queue !== queue)) return undefined;
  const events = await db.query<{ at: string | null; event: string }>(
    `SELECT ${instant('e.at')} AS at, e.type::text AS event FROM ${layout.events} e WHERE e.job_id = $1::bigint ORDER BY e.id`,
    [job.id],
  );
  const links = await db.query<{ relation: string; to: string }>(
    `SELECT 'lock held by' AS relation, 'job ' || o.id AS to FROM ${layout.jobs} o
      WHERE o.lock = $2 AND o.status = 'doing' AND o.id <> $1::bigint
     UNION ALL
     SELECT 'queueing lock held by', 'job ' || o.id FROM ${layout.jobs} o WHERE o.queueing_lock = $3 AND o.status = 'todo' AND o.id <> $1::bigint
     UNION ALL
     SELECT 'periodic run of', d.task_name || CASE WHEN d.periodic_id = '' THEN '' ELSE ' (' || d.periodic_id || ')' END || ', due '
            || to_char(to_timestamp(d.defer_timestamp) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
       FROM ${layout.periodicDefers} d WHERE d.job_id = $1::bigint`,
    [job.id, job.lane ?? null, job.key ?? null],
  );
  const timeline = events.map(({ at, event }) => ({
    at: at ?? undefined,
    event,
    note: event === 'scheduled' ? 'the time it was planned for' : undefined,
  }));
  return { job, timeline, links, notes: await notesOn(db, layout, job.id, job.state) };
}

async function notesOn(db: Db, layout: Layout, id: string, state: string): Promise<string[]> {
  const notes = state === 'dead' ? [ERRORS_NOTE] : [];
  if (layout.abortRequested) {
    const [row] = await db.query<{ asked: boolean }>(
      `SELECT abort_requested AS asked FROM ${layout.jobs} WHERE id = $1::bigint`,
      [id],
    );
    if (row?.asked) notes.push('An abort was requested.');
  }
  return notes;
}
