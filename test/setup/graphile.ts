import {
  Logger as Logger16,
  runMigrations as migrate16,
  run as run16,
  runOnce as runOnce16,
  type TaskList as TaskList16,
} from 'graphile-worker16';
import {
  Logger as Logger18,
  runMigrations as migrate18,
  type Runner,
  run as run18,
  runOnce as runOnce18,
  type TaskList,
} from 'graphile-worker18';
import { createFilled, poolOf, type SchemaDatabase } from './databases.ts';

export type GraphileVersion = '0.16' | '0.18';
export const graphileVersions: readonly GraphileVersion[] = ['0.16', '0.18'];

export interface GraphileDatabase extends SchemaDatabase {
  readonly version: GraphileVersion;
}

/** A database with the tables that this version of the package makes. */
export async function createGraphile(version: GraphileVersion, schema = 'graphile_worker'): Promise<GraphileDatabase> {
  const database = await createFilled(`graphile_${version}`, schema, ({ url }) => {
    const options = { connectionString: url, schema };
    return version === '0.16'
      ? migrate16({ ...options, logger: silent16 })
      : migrate18({ ...options, logger: silent18 });
  });
  return { ...database, version };
}

const silent16 = new Logger16(() => () => {});
const silent18 = new Logger18(() => () => {});

/** The package's own worker, in this process. Stop it. */
export async function startWorker(
  { version, url, schema }: GraphileDatabase,
  taskList: TaskList,
  { pollInterval = 100 }: { pollInterval?: number } = {},
): Promise<Pick<Runner, 'stop'>> {
  const pgPool = poolOf({ connectionString: url });
  const options = { pgPool, schema, pollInterval, concurrency: 2, noHandleSignals: true };
  const runner =
    version === '0.16'
      ? await run16({ ...options, logger: silent16, taskList: taskList as TaskList16 })
      : await run18({ ...options, logger: silent18, taskList });
  return {
    async stop() {
      await runner.stop();
      await pgPool.end();
    },
  };
}

export interface NewJob {
  readonly payload?: string;
  readonly lane?: string;
  readonly key?: string;
  readonly runAt?: Date;
  readonly maxAttempts?: number;
}

/** Puts a job on its queue with the library's own function and answers its id. */
export async function addJob({ pool }: GraphileDatabase, task: string, job: NewJob = {}): Promise<string> {
  const { payload = '{}', lane, key, runAt, maxAttempts } = job;
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id::text AS id FROM add_job($1, $2::json, queue_name := $3, job_key := $4, run_at := $5, max_attempts := $6)`,
    [task, payload, lane, key, runAt, maxAttempts],
  );
  return rows[0]?.id ?? '';
}

/** Takes the next job of this task as a worker does, under its name, or none. */
export async function takeOne({ pool }: GraphileDatabase, task: string, worker: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ id: string }>(
    `WITH next AS (
       SELECT j.id, j.job_queue_id FROM _private_jobs j
        WHERE j.is_available AND j.run_at <= now() AND j.task_id = (SELECT id FROM _private_tasks WHERE identifier = $2)
          AND (j.job_queue_id IS NULL OR j.job_queue_id IN (SELECT id FROM _private_job_queues WHERE is_available FOR UPDATE SKIP LOCKED))
        ORDER BY j.priority, j.run_at LIMIT 1 FOR UPDATE SKIP LOCKED),
     lane AS (UPDATE _private_job_queues q SET locked_by = $1, locked_at = now() FROM next WHERE q.id = next.job_queue_id)
     UPDATE _private_jobs j SET attempts = j.attempts + 1, locked_by = $1, locked_at = now() FROM next WHERE j.id = next.id RETURNING j.id::text AS id`,
    [worker, task],
  );
  return rows[0]?.id;
}

/** Ends a job that `takeOne` took, as the library's workers do. */
export async function endOne({ pool }: GraphileDatabase, id: string, end: 'completes' | 'fails'): Promise<void> {
  const change =
    end === 'completes'
      ? 'DELETE FROM _private_jobs WHERE id = $1 RETURNING job_queue_id'
      : `UPDATE _private_jobs SET last_error = 'It failed.', locked_by = NULL, locked_at = NULL,
                run_at = greatest(now(), run_at) + exp(least(attempts, 10)) * interval '1 second' WHERE id = $1 RETURNING job_queue_id`;
  await pool.query(
    `WITH ended AS (${change})
     UPDATE _private_job_queues q SET locked_by = NULL, locked_at = NULL FROM ended WHERE q.id = ended.job_queue_id`,
    [id],
  );
}

/** Jobs whose attempts are used up, in the order they were added. */
export async function makeDead(database: GraphileDatabase, task: string, jobs: readonly NewJob[]): Promise<string[]> {
  const ids: string[] = [];
  for (const job of jobs) ids.push(await addJob(database, task, { maxAttempts: 1, ...job }));
  await database.pool.query(`SELECT permanently_fail_jobs($1::bigint[], 'no such user')`, [ids]);
  return ids;
}

/** Every row of every table as text, in a stable order: equal dumps mean that nothing was changed. */
export async function dumpTables({ pool, schema }: GraphileDatabase): Promise<string> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1`,
    [schema],
  );
  const dump: string[] = [];
  for (const { name } of tables) {
    const { rows } = await pool.query<{ line: string }>(`SELECT t::text AS line FROM ${name} t ORDER BY 1`);
    dump.push(name, ...rows.map(({ line }) => line));
  }
  return dump.join('\n');
}

/** Lets a real worker run until nothing is left that it can take. The ids, in the order they were taken. */
export async function runAll({ version, url, schema }: GraphileDatabase, tasks: TaskList): Promise<string[]> {
  const taken: string[] = [];
  const taskList: TaskList = Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => [
      name,
      async (payload, helpers) => {
        taken.push(helpers.job.id);
        await task?.(payload, helpers);
      },
    ]),
  );
  const options = { connectionString: url, schema, noHandleSignals: true };
  if (version === '0.16') {
    await runOnce16({ ...options, logger: silent16, taskList: taskList as TaskList16 });
  } else await runOnce18({ ...options, logger: silent18, taskList });
  return taken;
}
