import { randomUUID } from 'node:crypto';
import type pg from 'pg';

export interface Deferral {
  readonly queue?: string;
  readonly type?: string;
  readonly args?: object;
  readonly priority?: number;
  readonly lock?: string;
  readonly queueingLock?: string;
  readonly scheduledAt?: Date;
}

export interface SeedOptions extends Pick<Deferral, 'queue' | 'type' | 'priority' | 'lock'> {
  /** The same for all, or made from the job's position. */
  readonly args?: object | ((index: number) => object);
  /** Moves what has happened so far into the past. */
  readonly secondsAgo?: number;
}

/** Puts one job on its queue and answers its id. */
export async function defer(pool: pg.Pool, job: Deferral = {}): Promise<string> {
  const { queue = 'default', type = 'work', args = {}, priority = 0, lock, queueingLock, scheduledAt } = job;
  const names = await functions(pool);
  const given = [queue, type, priority, lock, queueingLock, JSON.stringify(args), scheduledAt];
  if (names.has('procrastinate_defer_jobs_v1')) {
    const row = 'ROW($1, $2, $3, $4, $5, $6, $7)::procrastinate_job_to_defer_v1';
    return one(pool, `SELECT (procrastinate_defer_jobs_v1(ARRAY[${row}]))[1]`, given);
  }
  if (names.has('procrastinate_defer_job_v1')) {
    return one(pool, 'SELECT procrastinate_defer_job_v1($1, $2, $3, $4, $5, $6, $7)', given);
  }
  if (names.has('procrastinate_cancel_job')) {
    return one(pool, 'SELECT procrastinate_defer_job($1, $2, $3::int, $4, $5, $6, $7)', given);
  }
  given.splice(2, 1); // 1.x knows no priority
  return one(pool, 'SELECT procrastinate_defer_job($1, $2, $3, $4, $5, $6)', given);
}

/** Jobs that ran `attempts` times and failed for good. */
export function makeDead(
  pool: pg.Pool,
  n: number,
  options: SeedOptions & { attempts?: number } = {},
): Promise<string[]> {
  return seed(pool, n, options, async (queue, speech) => {
    const retries = (options.attempts ?? 1) - 1;
    if (retries === 0) {
      await pool.query(`SELECT ${speech.finish('failed')} FROM generate_series(1, $2)`, [[queue], n]);
      return;
    }
    for (let job = 0; job < n; job += 1) {
      await pool.query(`SELECT ${speech.retry} FROM generate_series(1, $2)`, [[queue], retries]);
      await pool.query(`SELECT ${speech.finish('failed')}`, [[queue]]);
    }
  });
}

export function makeCompleted(pool: pg.Pool, n: number, options: SeedOptions = {}): Promise<string[]> {
  return seed(pool, n, options, async (queue, speech) => {
    await pool.query(`SELECT ${speech.finish('succeeded')} FROM generate_series(1, $2)`, [[queue], n]);
  });
}

/**
 * Jobs taken by one worker. 'alive': it has just beaten; 'crashed': its row is there but silent for five minutes;
 * 'pruned': its row was removed by another worker, so worker_id is NULL. Older schemas know no workers.
 */
export async function makeActive(
  pool: pg.Pool,
  n: number,
  { worker = 'alive', ...options }: SeedOptions & { worker?: 'alive' | 'crashed' | 'pruned' } = {},
): Promise<{ ids: string[]; workerId: string | undefined }> {
  let workerId: string | undefined;
  const ids = await seed(pool, n, options, async (queue, speech) => {
    if (speech.registers) workerId = await one(pool, 'SELECT worker_id FROM procrastinate_register_worker_v1()');
    await pool.query(`SELECT ${speech.take(workerId)}.id FROM generate_series(1, $2)`, [[queue], n]);
  });
  if (workerId !== undefined && worker !== 'alive') {
    const silent = `UPDATE procrastinate_workers SET last_heartbeat = now() - interval '5 minutes' WHERE id = $1`;
    await pool.query(silent, [workerId]);
    if (worker === 'pruned') await pool.query('SELECT procrastinate_unregister_worker_v1($1)', [workerId]);
  }
  return { ids, workerId };
}

/**
 * Many rows quickly, past the triggers, with the events that real runs would have written. Of every thousand jobs 900
 * succeeded, 50 failed, 49 wait and one is running (under a worker unknown), over the queues in turn and over the past `days`.
 */
export async function loadMany(
  pool: pg.Pool,
  rows: number,
  { queues = ['email', 'reports', 'billing', 'search', 'media'], days = 14 }: { queues?: string[]; days?: number } = {},
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`BEGIN; SET LOCAL session_replication_role = replica; SET LOCAL synchronous_commit = off`);
    await client.query(
      `WITH added AS (
         INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)
         SELECT ($1::text[])[1 + n % cardinality($1::text[])], 'task_' || n % 7, jsonb_build_object('n', n),
                (CASE WHEN n % 1000 < 900 THEN 'succeeded' WHEN n % 1000 < 950 THEN 'failed'
                      WHEN n % 1000 < 999 THEN 'todo' ELSE 'doing' END)::procrastinate_job_status,
                CASE WHEN n % 1000 < 950 THEN 1 ELSE 0 END
         FROM generate_series(0, $2::int - 1) AS n
         RETURNING id, status)
       INSERT INTO procrastinate_events (job_id, type, at)
       SELECT id, step.type::procrastinate_job_event_type,
              now() - make_interval(days => $3) * (1 - (row_number() OVER ()) / (3.0 * $2)) + step.wait
       FROM added CROSS JOIN LATERAL (VALUES
         ('deferred', interval '0'), ('started', interval '1 second'),
         (CASE WHEN status IN ('succeeded', 'failed') THEN status::text END, interval '3 seconds')) AS step (type, wait)
       WHERE step.type IS NOT NULL AND (status <> 'todo' OR step.type = 'deferred')`,
      [queues, rows, days],
    );
    await client.query('COMMIT; ANALYZE procrastinate_jobs; ANALYZE procrastinate_events');
  } finally {
    client.release();
  }
}

/** Every row of every table as text, in a stable order: equal dumps mean that nothing was changed. */
export async function dumpAll(pool: pg.Pool, schema: string): Promise<Record<string, string[]>> {
  const tables = await pool.query<{ name: string; quoted: string }>(
    `SELECT tablename AS name, format('%I.%I', schemaname, tablename) AS quoted
     FROM pg_tables WHERE schemaname = $1 ORDER BY tablename`,
    [schema],
  );
  const dump: Record<string, string[]> = {};
  for (const { name, quoted } of tables.rows) {
    const { rows } = await pool.query<{ line: string }>(
      `SELECT to_json(t)::text AS line FROM ${quoted} AS t ORDER BY to_jsonb(t) -> 'id', to_jsonb(t)`,
    );
    dump[name] = rows.map((row) => row.line);
  }
  return dump;
}

interface Speech {
  readonly registers: boolean;
  /** SQL expressions; $1 is the array of queues. */
  take(workerId?: string): string;
  readonly retry: string;
  finish(status: 'succeeded' | 'failed'): string;
  finishOf(id: string, status: 'succeeded' | 'failed'): string;
}

/** Defers on a queue nobody listens to, lets `act` run the jobs, then moves them to where they belong. */
async function seed(
  pool: pg.Pool,
  n: number,
  options: SeedOptions,
  act: (queue: string, speech: Speech) => Promise<void>,
): Promise<string[]> {
  const { args = {}, secondsAgo = 0, queue = 'default', ...rest } = options;
  const nursery = `seed-${randomUUID().slice(0, 8)}`; // a long name does not fit into the channel's
  const ids: string[] = [];
  for (let i = 0; i < n; i += 1) {
    ids.push(await defer(pool, { ...rest, queue: nursery, args: typeof args === 'function' ? args(i) : args }));
  }
  await act(nursery, await speechOf(pool));
  await pool.query('UPDATE procrastinate_jobs SET queue_name = $1 WHERE id = ANY ($2)', [queue, ids]);
  if (secondsAgo > 0) {
    const earlier = 'UPDATE procrastinate_events SET at = at - make_interval(secs => $1) WHERE job_id = ANY ($2)';
    await pool.query(earlier, [secondsAgo, ids]);
  }
  return ids;
}

async function speechOf(pool: pg.Pool): Promise<Speech> {
  const names = await functions(pool);
  const suffix = names.has('procrastinate_finish_job_v1') ? '_v1' : '';
  const registers = names.has('procrastinate_register_worker_v1');
  const take = (workerId = 'NULL'): string =>
    registers ? `(procrastinate_fetch_job_v2($1, ${workerId}))` : `(procrastinate_fetch_job${suffix}($1))`;
  const more = suffix === '' ? '' : ', NULL, NULL, NULL';
  const cast = names.has('procrastinate_cancel_job') || suffix !== '' ? '' : '::int'; // 1.x: see its functions
  const id = `${take()}.id${cast}`;
  const finishOf = (job: string, status: string): string =>
    `procrastinate_finish_job${suffix}(${job}${cast}, '${status}', false)`;
  return {
    registers,
    take,
    retry: `procrastinate_retry_job${suffix}(${id}, now()${more})`,
    finish: (status) => finishOf(`${take()}.id`, status),
    finishOf,
  };
}

const known = new WeakMap<pg.Pool, Set<string>>();

async function functions(pool: pg.Pool): Promise<Set<string>> {
  const found = known.get(pool);
  if (found !== undefined) return found;
  const { rows } = await pool.query<{ proname: string }>(
    'SELECT proname FROM pg_proc WHERE pronamespace = quote_ident(current_schema())::regnamespace',
  );
  const names = new Set(rows.map((row) => row.proname));
  known.set(pool, names);
  return names;
}

async function one(pool: pg.Pool, sql: string, values: unknown[] = []): Promise<string> {
  const { rows } = await pool.query<unknown[]>({ text: sql, values, rowMode: 'array' });
  return String(rows[0]?.[0]);
}

/** A worker's step by the schema's own functions: takes the next job of the queue and ends it. The id, or undefined when there is none. */
export async function workOne(
  pool: pg.Pool,
  queue: string,
  status: 'succeeded' | 'failed',
): Promise<string | undefined> {
  const speech = await speechOf(pool);
  const { rows } = await pool.query<{ id: string | null }>(
    `SELECT (job).id FROM (SELECT ${speech.take()} AS job) AS taken`,
    [[queue]],
  );
  const id = rows[0]?.id ?? undefined;
  if (id === undefined) return undefined;
  await pool.query(`SELECT ${speech.finishOf('$1', status)}`, [id]);
  return id;
}
