import { createPostgresBackend, type JobsOptions, type Processor, Queue, Worker, type WorkerOptions } from 'bullmq';
import { toMicros } from '../../src/domain/instant.ts';
import type { SeedJob } from '../../src/testkit/index.ts';
import { createFilled, type SchemaDatabase } from './databases.ts';

/** A database with the tables that the library's own migrations make. */
export const createBullmqTables = (schema = 'bullmq'): Promise<SchemaDatabase> =>
  createFilled('bullmq', schema, async ({ url, pool }) => {
    const queue = new Queue(
      'draft',
      { connection: { connectionString: url, schema, migrate: true } as never },
      createPostgresBackend as never,
    );
    await queue.waitUntilReady();
    await queue.close();
    await pool.query('DELETE FROM meta');
  });

const connectionOf = ({ url, schema }: SchemaDatabase) => ({ connectionString: url, schema, max: 2 }) as never;

/** The library's own queue and worker. Close them. */
export const queueOf = (database: SchemaDatabase, name: string): Queue =>
  new Queue(name, { connection: connectionOf(database) }, createPostgresBackend as never).on('error', () => {}); // as above

export function workerOf(
  database: SchemaDatabase,
  name: string,
  process: Processor | null,
  options: Omit<WorkerOptions, 'connection'> = {},
): Worker {
  const worker = new Worker(
    name,
    process,
    { ...options, connection: connectionOf(database) },
    createPostgresBackend as never,
  );
  worker.on('error', () => {}); // the call that met it tells
  return worker;
}

/** Jobs that failed for good in the hands of a real worker, in the order given. */
export async function makeDead(
  database: SchemaDatabase,
  name: string,
  jobs: readonly { readonly data?: unknown; readonly opts?: JobsOptions }[],
  error = 'no such user',
): Promise<string[]> {
  const queue = queueOf(database, name);
  const added = await queue.addBulk(jobs.map(({ data = {}, opts }) => ({ name: 'work', data, opts: opts ?? {} })));
  const worker = workerOf(database, name, null, { autorun: false, skipStalledCheck: true });
  for (;;) {
    const job = await worker.getNextJob('maker', { block: false });
    if (job === undefined) break;
    await job.moveToFailed(new Error(error), 'maker', false);
  }
  await worker.close();
  await queue.close();
  return added.map(({ id }) => id ?? '');
}

const HOUR_MS = 3_600_000;
const ms = (instant: string | undefined): number | undefined =>
  instant === undefined ? undefined : Number(toMicros(instant) / 1000n);

const natives = {
  dead: 'failed',
  completed: 'completed',
  waiting: 'waiting',
  delayed: 'delayed',
  active: 'active',
} as const;

/** Jobs as the library would leave them, with the times that were asked for. */
export async function seedJobs({ pool }: SchemaDatabase, queue: string, jobs: readonly SeedJob[]): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT nextval('job_seq')::text AS id FROM generate_series(1, $1::int)`,
    [jobs.length],
  );
  const now = Date.now();
  const seeds = jobs.map((job, index) =>
    rowOf(job, job.id ?? (rows[index]?.id as string), Number(rows[index]?.id), now),
  );
  const given = { queue, data: 0, delay_ms: 0, pending_deps: 0, stalled_marked: false, stalled_count: 0 };
  await pool.query(
    `INSERT INTO job SELECT r.* FROM unnest($1::text[]) AS s (row), json_populate_record(NULL::job, s.row::json) r`,
    [seeds.map((row) => JSON.stringify({ ...given, ...row }))],
  );
  await pool.query(
    `UPDATE job j SET data = s.data::jsonb FROM unnest($2::text[], $3::text[]) AS s (id, data) WHERE j.queue = $1 AND j.id = s.id`,
    [queue, seeds.map(({ id }) => id), jobs.map(({ payload }) => payload ?? '{}')],
  );
  const holders = new Map(
    jobs.flatMap(({ key, state }, index) =>
      key === undefined || state === 'dead' || state === 'completed' ? [] : [[key, seeds[index]?.['id']] as const],
    ),
  );
  await pool.query(
    'INSERT INTO dedup (queue, dedup_id, job_id) SELECT $1, d.* FROM unnest($2::text[], $3::text[]) AS d ON CONFLICT (queue, dedup_id) DO UPDATE SET job_id = excluded.job_id',
    [queue, [...holders.keys()], [...holders.values()]],
  );
  return seeds.map(({ id }) => String(id));
}

function rowOf(job: SeedJob, id: string, seq: number, now: number): Record<string, unknown> {
  const { state, attempts, priority = 0, key, error } = job;
  const since = ms(job.since);
  const reached = since ?? now;
  const ended = state === 'dead' || state === 'completed';
  const created = ms(job.createdAt) ?? (state === 'waiting' ? reached : Math.min(now, reached) - 2000);
  const made = attempts ?? (ended ? 1 : 0);
  return {
    id,
    seq,
    name: job.type ?? 'work',
    state: natives[state as keyof typeof natives],
    opts: { attempts: 5, ...(key !== undefined && { deduplication: { id: key } }) },
    priority,
    max_attempts: 5,
    attempts_made: made,
    attempts_started: made + (state === 'active' ? 1 : 0),
    added_at_ms: created,
    ...(state === 'waiting' && since !== undefined && { process_at_ms: since }),
    ...(state === 'delayed' && { process_at_ms: since ?? now + HOUR_MS, delay_ms: (since ?? now + HOUR_MS) - created }),
    ...(state === 'active' && {
      processed_at_ms: reached,
      processed_by: 'worker',
      lock_token: `worker:${id}`,
      locked_until_ms: job.stuck ? now - 1000 : now + HOUR_MS,
    }),
    ...(ended && { processed_at_ms: reached - 1000, finished_at_ms: reached }),
    ...(state === 'completed' && { return_value: 'done' }),
    ...(key !== undefined && { dedup_id: key }),
    ...((error !== undefined || state === 'dead') && {
      failed_reason: error ?? 'it failed',
      stacktrace: [`Error: ${error ?? 'it failed'}\n    at work`],
    }),
  };
}

/** Every row of every table as text, but the events: equal dumps mean that nothing was changed. */
export async function dumpTables({ pool, schema }: SchemaDatabase): Promise<string> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = $1 AND tablename <> 'event' ORDER BY 1`,
    [schema],
  );
  const dump: string[] = [];
  for (const { name } of tables) {
    const { rows } = await pool.query<{ line: string }>(`SELECT t::text AS line FROM ${name} t ORDER BY 1`);
    dump.push(name, ...rows.map(({ line }) => line));
  }
  return dump.join('\n');
}
