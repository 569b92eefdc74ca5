import pg from 'pg';

export interface TakenJob {
  readonly id: string;
  readonly queue: string;
  readonly type: string;
  readonly args: unknown;
  /** Runs before this one. */
  readonly attempts: number;
}

/** Ends well by returning; throwing means "again later", until the attempts are used up. The signal: asked to abort. */
export type Handler = (job: TakenJob, signal: AbortSignal) => Promise<void> | void;

export interface WorkerOptions {
  readonly url: string;
  readonly schema?: string;
  /** All queues when absent. */
  readonly queues?: readonly string[];
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly concurrency?: number;
  readonly pollMs?: number;
  readonly maxAttempts?: number;
  /** How long to wait before the next run, given the runs so far. */
  readonly backoffMs?: (attempts: number) => number;
  readonly heartbeatMs?: number;
  /** A worker silent for longer is removed when this one starts. */
  readonly stalledAfterMs?: number;
  readonly log?: (line: string) => void;
  /** Stops taking jobs; the ones in hand are finished. */
  readonly signal: AbortSignal;
}

export interface WorkerCounts {
  taken: number;
  succeeded: number;
  failed: number;
}

/** A Procrastinate worker (1.x to 3.x) that speaks the schema's own functions, until told to stop. */
export async function runWorker(options: WorkerOptions): Promise<WorkerCounts> {
  const { signal, concurrency = 1, pollMs = 5000, maxAttempts = 3, heartbeatMs = 10_000, log = () => {} } = options;
  const backoffMs = options.backoffMs ?? ((attempts: number) => 1000 * 2 ** attempts);
  const connection = { connectionString: options.url, options: searchPath(options.schema ?? 'public') };
  const db = new pg.Pool({ ...connection, max: concurrency + 1, application_name: 'jobctl demo worker' });
  const ear = new pg.Client({ ...connection, application_name: 'jobctl demo worker (listening)' });
  const counts: WorkerCounts = { taken: 0, succeeded: 0, failed: 0 };
  const inHand = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();
  const bell = createBell();
  let broken: Error | undefined;
  const fail = (error: Error): void => {
    broken ??= error;
    bell.ring();
  };
  db.on('error', fail);
  ear.on('error', fail);
  ear.on('notification', ({ payload }) => {
    const jobToAbort = /"abort_job_requested", "job_id" : (\d+)/.exec(payload ?? '')?.[1];
    if (jobToAbort === undefined) bell.ring();
    else inHand.get(jobToAbort)?.abort.abort();
  });
  signal.addEventListener('abort', bell.ring);
  const poll = setInterval(bell.ring, pollMs);
  let heartbeat: NodeJS.Timeout | undefined;
  try {
    const speech = await detectSpeech(db);
    await ear.connect();
    await ear.query(`LISTEN ${speech.channel}`);
    const workerId = await register();
    if (workerId !== null) {
      const beat = (): void => void db.query('SELECT procrastinate_update_heartbeat_v1($1)', [workerId]).catch(fail);
      heartbeat = setInterval(beat, heartbeatMs);
    }
    while (!signal.aborted && broken === undefined) {
      const rung = bell.next();
      for (let job = await take(); job !== undefined; job = await take()) start(job);
      await rung;
    }
    await Promise.all([...inHand.values()].map((one) => one.done));
    if (broken !== undefined) throw broken;
    if (workerId !== null) await db.query('SELECT procrastinate_unregister_worker_v1($1)', [workerId]);
    return counts;

    async function register(): Promise<string | null> {
      if (!speech.registers) return null;
      const seconds = (options.stalledAfterMs ?? 30_000) / 1000;
      const pruned = await db.query('SELECT worker_id FROM procrastinate_prune_stalled_workers_v1($1)', [seconds]);
      for (const { worker_id } of pruned.rows) log(`removed worker ${worker_id}: no sign of life`);
      const { rows } = await db.query('SELECT worker_id FROM procrastinate_register_worker_v1()');
      return rows[0].worker_id;
    }

    async function take(): Promise<TakenJob | undefined> {
      if (signal.aborted || broken !== undefined || inHand.size >= concurrency) return undefined;
      const { rows } = await db.query(speech.fetch, speech.registers ? [options.queues, workerId] : [options.queues]);
      const row = rows[0];
      if (row.id === null) return undefined;
      counts.taken += 1;
      return { id: row.id, queue: row.queue_name, type: row.task_name, args: row.args, attempts: row.attempts };
    }

    function start(job: TakenJob): void {
      const abort = new AbortController();
      const done = handle(job, abort.signal)
        .catch(fail)
        .finally(() => {
          inHand.delete(job.id);
          bell.ring();
        });
      inHand.set(job.id, { abort, done });
    }

    async function handle(job: TakenJob, abortion: AbortSignal): Promise<void> {
      const handler = options.handlers[job.type];
      const error = await attempt(handler, job, abortion);
      if (error === undefined) {
        counts.succeeded += 1;
        await db.query(speech.finish, [job.id, 'succeeded']);
        return;
      }
      const runs = job.attempts + 1;
      log(`job ${job.id} ${job.type} failed, attempt ${runs} of ${maxAttempts}: ${error.message}`);
      if (!abortion.aborted && handler !== undefined && runs < maxAttempts) {
        await db.query(speech.retry, [job.id, backoffMs(runs) / 1000]);
        return;
      }
      counts.failed += 1;
      await db.query(speech.finish, [job.id, abortion.aborted ? 'aborted' : 'failed']);
    }
  } finally {
    clearInterval(poll);
    clearInterval(heartbeat);
    signal.removeEventListener('abort', bell.ring);
    await Promise.allSettled([ear.end(), db.end()]);
  }
}

async function attempt(handler: Handler | undefined, job: TakenJob, signal: AbortSignal): Promise<Error | undefined> {
  try {
    if (handler === undefined) throw new Error(`this worker knows no ${job.type}`);
    await handler(job, signal);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The functions of the schema at hand: 3.x names carry a version, older ones none. */
async function detectSpeech(db: pg.Pool) {
  const { rows } = await db.query<{ proname: string }>(
    `SELECT proname FROM pg_proc WHERE pronamespace = quote_ident(current_schema())::regnamespace AND proname LIKE 'procrastinate\\_%'`,
  );
  const known = new Set(rows.map((row) => row.proname));
  const newest = (...names: string[]): string => {
    const found = names.find((name) => known.has(name));
    if (found === undefined)
      throw new Error(`This schema has no ${names.join(' or ')}: it is not one of Procrastinate.`);
    return found;
  };
  const fetch = newest('procrastinate_fetch_job_v2', 'procrastinate_fetch_job_v1', 'procrastinate_fetch_job');
  const finish = newest('procrastinate_finish_job_v1', 'procrastinate_finish_job');
  const retry = newest('procrastinate_retry_job_v2', 'procrastinate_retry_job_v1', 'procrastinate_retry_job');
  const suffixed = fetch !== 'procrastinate_fetch_job';
  return {
    registers: known.has('procrastinate_register_worker_v1'),
    channel: suffixed ? 'procrastinate_any_queue_v1' : 'procrastinate_any_queue',
    fetch: `SELECT * FROM ${fetch}($1${fetch.endsWith('_v2') ? ', $2' : ''})`,
    finish: `SELECT ${finish}($1, $2, false)`,
    retry: `SELECT ${retry}($1, now() + make_interval(secs => $2)${suffixed ? ', NULL, NULL, NULL' : ''})`,
  };
}

/** A wait that nothing rung after `next()` can slip past. */
function createBell() {
  let ring = (): void => {};
  return {
    ring: () => ring(),
    next: () =>
      new Promise<void>((resolve) => {
        ring = resolve;
      }),
  };
}

/** libpq's "options" that make unqualified names mean this schema. */
export const searchPath = (schema: string): string =>
  `-c search_path=${`"${schema.replaceAll('"', '""')}"`.replaceAll(/[\\\s]/g, '\\$&')}`;
