import type pg from 'pg';
import { moments, story } from './story.ts';
import type { StoryJob } from './story-job.ts';

/** What an old database would have come to; small numbers would not look like one. */
const FIRST_ID = 48_210;

export interface Seeded {
  readonly jobs: number;
  readonly events: number;
}

/**
 * Fills an empty Procrastinate database (3.4 or newer) with the story, told from the server's "now". The triggers stay
 * silent, since they would write today's date: the events are written here, in the order in which they happened.
 */
export async function seedIncident(db: pg.ClientBase): Promise<Seeded> {
  const jobs = story();
  await db.query('BEGIN');
  try {
    const { rows } = await db.query<{ now: string; used: boolean }>(
      'SELECT floor(extract(epoch FROM now()) * 1000)::text AS now, EXISTS (SELECT FROM procrastinate_jobs) AS used',
    );
    if (rows[0] === undefined || rows[0].used)
      throw new Error('The database already holds jobs; the incident needs an empty one.');
    await db.query('SET LOCAL session_replication_role = replica');
    const seeded = await insert(db, jobs, Number(rows[0].now));
    await db.query('COMMIT');
    await db.query('ANALYZE procrastinate_jobs; ANALYZE procrastinate_events');
    return seeded;
  } catch (error) {
    await db.query('ROLLBACK');
    throw error;
  }
}

async function insert(db: pg.ClientBase, jobs: readonly StoryJob[], now: number): Promise<Seeded> {
  const time = (offset: number): string => new Date(now + offset).toISOString();
  const crashed = await db.query<{ id: string }>(
    'INSERT INTO procrastinate_workers (last_heartbeat) VALUES ($1) RETURNING id',
    [time(moments.crash)],
  );
  const rows = jobs.map(({ life, ...job }, i) => ({
    id: FIRST_ID + i,
    queue_name: job.queue,
    task_name: job.type,
    priority: job.priority ?? 0,
    lock: job.lock,
    queueing_lock: job.queueingLock,
    args: job.args,
    status: life.status,
    scheduled_at: life.scheduledAt === undefined ? undefined : time(life.scheduledAt),
    attempts: life.attempts,
    abort_requested: false,
    worker_id: job.heldByCrashed === true ? crashed.rows[0]?.id : undefined,
  }));
  await db.query('INSERT INTO procrastinate_jobs SELECT * FROM json_populate_recordset(NULL::procrastinate_jobs, $1)', [
    JSON.stringify(rows),
  ]);
  await db.query(`SELECT setval(pg_get_serial_sequence('procrastinate_jobs', 'id'), $1)`, [FIRST_ID + jobs.length - 1]);
  const events = jobs
    .flatMap(({ life }, i) =>
      life.events.map(({ type, at, written }) => ({ job_id: FIRST_ID + i, type, at: time(at), written })),
    )
    .toSorted((a, b) => a.written - b.written);
  await db.query(
    `INSERT INTO procrastinate_events (job_id, type, at)
     SELECT job_id, type, at FROM json_populate_recordset(NULL::procrastinate_events, $1)`,
    [JSON.stringify(events)],
  );
  return { jobs: jobs.length, events: events.length };
}
