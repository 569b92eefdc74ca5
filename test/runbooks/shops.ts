import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { runWorker } from '../../src/demo/worker.ts';
import { createProcrastinate, poolOf } from '../setup/databases.ts';
import { addJob, createGraphile, startWorker } from '../setup/graphile.ts';
import { createPgBoss, startBoss } from '../setup/pgboss.ts';
import { defer } from '../setup/procrastinate.ts';
import { bullmqPostgresShop, bullmqShop } from './shops-bullmq.ts';
import { sqsShop } from './shops-sqs.ts';

export type Payload = Readonly<Record<string, unknown>>;
/** What a worker does with a job: it returns, or throws. */
export type Work = (payload: Payload) => Promise<void>;

/** An application with its queues, as one backend has them. A job is tried once: one failure and it is dead. */
export interface Shop {
  readonly url: string;
  /** Lines of the context in jobctl.yaml, besides its URL. */
  readonly context?: string;
  /** What the program needs to get there, besides the URL. */
  readonly env?: Readonly<Record<string, string>>;
  /** Looking is receiving, and all counts are estimates: the pages name the commands that are others there. */
  readonly receives?: true;
  /** It pauses by means of its own: it needs no commands for that. */
  readonly pauses?: true;
  /** As the application adds a job. */
  add(queue: string, payload: Payload): Promise<unknown>;
  /** How many jobs lie there to be run, by the backend's own account. */
  waiting(queue: string): Promise<number>;
  /** Starts a worker of the library. The answer stops it: it takes no job more, and ends the ones it has. */
  serve(queue: string, work: Work): Promise<() => Promise<unknown>>;
  drop(): Promise<unknown>;
}

/** Every backend whose workers can be had here, each by its own library. */
export const shops: Readonly<Record<string, () => Promise<Shop>>> = {
  Procrastinate: async () => {
    const { url, pool, schema, drop } = await createProcrastinate('3.9');
    return {
      url,
      drop,
      add: (queue, args) => defer(pool, { queue, type: queue, args }),
      waiting: (queue) =>
        count(pool, `SELECT FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = $1`, queue),
      async serve(queue, work) {
        const stop = new AbortController();
        const handlers = { [queue]: ({ args }: { args: unknown }) => work(args as Payload) };
        const options = { url, schema, queues: [queue], handlers, pollMs: 100, maxAttempts: 1, signal: stop.signal };
        const ended = runWorker(options);
        return () => {
          stop.abort();
          return ended;
        };
      },
    };
  },

  'pg-boss': async () => {
    const database = await createPgBoss('12');
    const boss = await startBoss(database);
    for (const queue of ['email', 'report', 'export']) await boss.createQueue(queue, { retryLimit: 0 });
    return {
      url: database.url,
      add: (queue, data) => boss.send(queue, data),
      waiting: (queue) => count(database.pool, `SELECT FROM job WHERE state < 'active' AND name = $1`, queue),
      async serve(queue, work) {
        const own = await startBoss(database);
        // as three replicas
        for (let n = 0; n < 3; n += 1)
          await own.work(queue, { pollingIntervalSeconds: 0.5 }, async ([job]) => work((job?.data ?? {}) as Payload));
        return () => own.stop({ graceful: true, wait: true, timeout: 5000 });
      },
      drop: async () => {
        await boss.stop({ graceful: false, wait: true, timeout: 2000 });
        await database.drop();
      },
    };
  },

  'Graphile Worker': async () => {
    const database = await createGraphile('0.18');
    return {
      url: database.url,
      drop: database.drop,
      add: (queue, payload) => addJob(database, queue, { payload: JSON.stringify(payload), maxAttempts: 1 }),
      waiting: (queue) =>
        count(
          database.pool,
          `SELECT FROM jobs WHERE attempts < max_attempts AND locked_at IS NULL AND task_identifier = $1`,
          queue,
        ),
      async serve(queue, work) {
        const runner = await startWorker(database, { [queue]: (payload) => work(payload as Payload) });
        return () => runner.stop();
      },
    };
  },

  'own tables': async () => {
    const { url, drop } = await createPgBoss('12');
    const pool = poolOf({ connectionString: url, max: 5 });
    await pool.query(await readFile(new URL('../schemas/prisma.sql', import.meta.url), 'utf8'));
    await pool.query('CREATE TABLE "QueuePause" (queue text PRIMARY KEY, paused boolean NOT NULL)');
    let n = 0;
    return {
      url,
      pauses: true,
      context: `
    tables:
      preset: prisma
      write: true
      pause: { table: QueuePause, queue: queue, paused: paused }`,
      add: (queue, payload) =>
        pool.query(
          `INSERT INTO "Job" (id, queue, type, payload, "maxAttempts", "updatedAt") VALUES ($1, $2, $2, $3, 1, now())`,
          [`job${++n}`, queue, payload],
        ),
      waiting: (queue) => count(pool, `SELECT FROM "Job" WHERE status = 'pending' AND queue = $1`, queue),
      serve: (queue, work) => serveTable(pool, queue, work),
      drop: async () => {
        await pool.end();
        await drop();
      },
    };
  },

  BullMQ: bullmqShop,
  'BullMQ on Postgres': bullmqPostgresShop,
  'Amazon SQS': sqsShop,
};

const count = async (pool: pg.Pool, rows: string, queue: string): Promise<number> =>
  (await pool.query(rows, [queue])).rowCount ?? 0;

/** The team's own worker, which looks at the team's own flag. */
async function serveTable(pool: pg.Pool, queue: string, work: Work): Promise<() => Promise<unknown>> {
  let stopped = false;
  const loop = async (): Promise<void> => {
    while (!stopped) {
      const { rows } = await pool.query<{ id: string; payload: Payload }>(
        `UPDATE "Job" SET status = 'processing', attempts = attempts + 1, started_at = now() AT TIME ZONE 'UTC', "updatedAt" = now()
          WHERE id = (SELECT id FROM "Job" WHERE status = 'pending' AND run_at <= now() AT TIME ZONE 'UTC' AND queue = $1
                         AND NOT EXISTS (SELECT FROM "QueuePause" p WHERE p.queue = $1 AND p.paused)
                       ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, payload`,
        [queue],
      );
      const [job] = rows;
      if (job === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
      else await runRow(pool, job, work);
    }
  };
  const ended = loop();
  return () => {
    stopped = true;
    return ended;
  };
}

async function runRow(pool: pg.Pool, { id, payload }: { id: string; payload: Payload }, work: Work): Promise<void> {
  const failure = await work(payload).then(
    () => undefined,
    (error: Error) => error.message,
  );
  await pool.query(
    `UPDATE "Job" SET status = $2, "lastError" = $3, finished_at = now() AT TIME ZONE 'UTC', "updatedAt" = now() WHERE id = $1`,
    [id, failure === undefined ? 'completed' : 'failed', failure],
  );
  if (failure !== undefined)
    await pool.query(
      `INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, attempts)
       SELECT gen_random_uuid()::text, id, type, payload, "lastError", attempts FROM "Job" WHERE id = $1`,
      [id],
    );
}
