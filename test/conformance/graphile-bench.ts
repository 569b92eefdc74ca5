import type pg from 'pg';
import { openPostgres } from '../../src/adapters/postgres/index.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import { earlier, fromDate, type Instant } from '../../src/domain/instant.ts';
import type { Bench, Holds, SeedJob } from '../../src/testkit/index.ts';
import {
  createGraphile,
  dumpTables,
  endOne,
  type GraphileDatabase,
  type GraphileVersion,
  takeOne,
} from '../setup/graphile.ts';
import { adapterOn, borrowed } from './borrowed.ts';

/**
 * What the tables can hold. A job that succeeds is deleted and none is cancelled; the type of a job is its queue; a key
 * is unique, so that no job has a twin (its checks are in test/adapters/graphile).
 */
const holds: Holds = {
  states: new Set(['waiting', 'delayed', 'blocked', 'active', 'dead']),
  attributes: new Set(['error', 'since', 'createdAt', 'priority', 'lane', 'attempts', 'stuck']),
  types: 'the queue',
  payloads: 'json',
  nulEscape: true,
  loneSurrogates: true,
  ids: 'any integer',
};

export async function graphileBench(version: GraphileVersion, schema?: string): Promise<Bench> {
  const database = await borrowed(`${version} ${schema}`, () => createGraphile(version, schema), {
    kept: ['migrations'],
  });
  const peers: QueueAdapter[] = [];
  const peer = async (): Promise<QueueAdapter> => {
    const adapter = await openPostgres({ url: database.url, where: 'postgres://test', schema: database.schema });
    peers.push(adapter);
    return adapter;
  };
  return {
    adapter: await adapterOn(database, () =>
      openPostgres({ url: database.url, where: 'postgres://test', schema: database.schema }),
    ),
    holds,
    peer,
    seed: (queue, jobs) => seed(database, queue, jobs),
    dump: () => dumpTables(database),
    async work(queue, end) {
      const id = await takeOne(database, queue, 'worker-bench');
      if (id !== undefined) await endOne(database, id, end);
      return id;
    },
    async breakLock() {
      await database.pool.query(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
          WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
    },
    async drop() {
      await Promise.all(peers.map((adapter) => adapter.close()));
      await database.drop();
    },
  };
}

async function seed({ pool }: GraphileDatabase, queue: string, jobs: readonly SeedJob[]): Promise<string[]> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('INSERT INTO _private_tasks (identifier) VALUES ($1) ON CONFLICT DO NOTHING', [queue]);
    const ids: string[] = [];
    const now = fromDate(new Date());
    for (const job of jobs) ids.push(await put(client, queue, job, now));
    await client.query('COMMIT');
    return ids;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

const HOUR = 3600;

/** Locks older than four hours are the only proof, so a live worker's lock is younger and a dead one's older. */
function lockedAt({ state, stuck, since }: SeedJob, now: Instant): Instant | undefined {
  if (state !== 'active') return undefined;
  const wanted = since ?? now;
  const [proven, alive] = [earlier(now, 5 * HOUR), earlier(now, 3 * HOUR)];
  return stuck ? (wanted < proven ? wanted : proven) : wanted > alive ? wanted : alive;
}

async function put(client: pg.PoolClient, queue: string, job: SeedJob, now: Instant): Promise<string> {
  const { state, since } = job;
  const { rows: next } = await client.query(
    `SELECT nextval(pg_get_serial_sequence('_private_jobs', 'id'))::text AS id`,
  );
  const id: string = job.id ?? next[0].id;
  const attempts = state === 'dead' ? Math.max(job.attempts ?? 1, 1) : (job.attempts ?? 0);
  const reached = since ?? (state === 'delayed' ? earlier(now, -HOUR) : now);
  const created = job.createdAt ?? (state === 'delayed' ? now : earlier(reached, 2));
  const locked = lockedAt(job, now);
  const worker = `worker-${id}`;
  const lane = await laneOf(client, job, id, locked, worker);
  await client.query(
    `INSERT INTO _private_jobs (id, task_id, job_queue_id, payload, priority, run_at, attempts, max_attempts, last_error, created_at, updated_at, key, locked_at, locked_by)
     OVERRIDING SYSTEM VALUE
     SELECT $1::bigint, (SELECT id FROM _private_tasks WHERE identifier = $2), (SELECT id FROM _private_job_queues WHERE queue_name = $3), $4::json, $5,
            $6::timestamptz + CASE WHEN $7 THEN exp(least($8::int, 10)) ELSE 0 END * interval '1 second', $8, CASE WHEN $7 THEN $8 ELSE 25 END,
            $9, $10, $10, $11, $12, $13`,
    [
      id,
      queue,
      lane,
      job.payload ?? '{}',
      job.priority ?? 0,
      state === 'active' ? created : reached,
      state === 'dead',
      attempts,
      job.error,
      created,
      job.key,
      locked,
      locked === undefined ? null : worker,
    ],
  );
  return id;
}

/** A lane runs one job at a time: an active job locks it, a blocked one finds it locked. */
async function laneOf(
  client: pg.PoolClient,
  { state, lane }: SeedJob,
  id: string,
  locked: Instant | undefined,
  worker: string,
): Promise<string | undefined> {
  const name = lane ?? (state === 'blocked' ? `lane of ${id}` : undefined);
  if (name === undefined) return undefined;
  await client.query('INSERT INTO _private_job_queues (queue_name) VALUES ($1) ON CONFLICT DO NOTHING', [name]);
  if (state !== 'blocked' && state !== 'active') return name;
  const { rowCount } = await client.query(
    `UPDATE _private_job_queues SET locked_at = coalesce($2::timestamptz, now()), locked_by = $3 WHERE queue_name = $1 AND locked_at IS NULL`,
    [name, locked, locked === undefined ? 'worker-elsewhere' : worker],
  );
  return state === 'active' && rowCount === 0 ? undefined : name;
}
