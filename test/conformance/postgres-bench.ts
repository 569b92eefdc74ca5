import { openPostgres } from '../../src/adapters/postgres/index.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import { earlier, fromDate, type Instant } from '../../src/domain/instant.ts';
import { jobStates } from '../../src/domain/job.ts';
import type { Attribute, Bench, Holds, SeedJob } from '../../src/testkit/index.ts';
import { createProcrastinate, type ProcrastinateVersion, type SchemaDatabase } from '../setup/databases.ts';
import { dumpAll, workOne } from '../setup/procrastinate.ts';
import { adapterOn, borrowed } from './borrowed.ts';

/** What the tables of each version can hold. Error texts and tenants are stored by none. */
function holdsOf(version: ProcrastinateVersion): Holds {
  const attributes: Attribute[] = ['since', 'createdAt', 'lane', 'key', 'attempts'];
  if (version !== '1.1') attributes.push('priority');
  if (version >= '3.1') attributes.push('stuck');
  return {
    states: new Set(jobStates.filter((state) => version !== '1.1' || state !== 'cancelled')),
    attributes: new Set(attributes),
    payloads: 'json',
    nulEscape: false,
    loneSurrogates: false,
    ids: version === '1.1' ? 'its own' : 'any integer', // 1.x has ids of 32 bits
  };
}

/** Opens an adapter on this database as the registry would. */
export const openOn = (
  database: SchemaDatabase,
  more: { timeoutMs?: number; url?: string } = {},
): Promise<QueueAdapter> =>
  openPostgres({ url: database.url, where: 'postgres://test', schema: database.schema, ...more });

export interface PostgresBench extends Bench {
  readonly database: SchemaDatabase;
}

export async function postgresBench(version: ProcrastinateVersion, schema?: string): Promise<PostgresBench> {
  const database = await borrowed(`${version} ${schema}`, () =>
    createProcrastinate(version, schema === undefined ? {} : { schema }),
  );
  const { pool } = database;
  const peers: QueueAdapter[] = [];
  const peer = async (): Promise<QueueAdapter> => {
    const adapter = await openOn(database);
    peers.push(adapter);
    return adapter;
  };
  const holds = holdsOf(version);
  return {
    adapter: await adapterOn(database, () => openOn(database)),
    database,
    holds,
    peer,
    seed: (queue, jobs) => seed(database, holds, queue, jobs),
    dump: async () => JSON.stringify(await dumpAll(pool, database.schema), null, 1),
    work: (queue, end) => workOne(pool, queue, end === 'completes' ? 'succeeded' : 'failed'),
    async breakLock() {
      await pool.query(
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

interface EventRow {
  readonly job_id: string;
  readonly type: string;
  readonly at: Instant;
}

interface JobRow {
  readonly id: string;
  readonly [column: string]: unknown;
}

/** Past the triggers, so that every time is the one that was asked for. */
async function seed(
  { pool }: SchemaDatabase,
  holds: Holds,
  queue: string,
  jobs: readonly SeedJob[],
): Promise<string[]> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN; SET LOCAL session_replication_role = replica');
    const rows: JobRow[] = [];
    const events: EventRow[] = [];
    const locks = new Set<unknown>(
      (await client.query(`SELECT lock FROM procrastinate_jobs WHERE status = 'doing'`)).rows.map((row) => row.lock),
    );
    const now = fromDate(new Date());
    for (const job of jobs) {
      const { rows: next } = await client.query(
        `SELECT nextval(pg_get_serial_sequence('procrastinate_jobs', 'id'))::text AS id`,
      );
      const id = job.id ?? next[0].id;
      rows.push(await rowOf(job, id, queue));
      events.push(...eventsOf(job, id, now));
    }
    await insert('procrastinate_jobs', rows);
    await insert('procrastinate_events', events);
    await client.query('COMMIT');
    return jobs.map((_, index) => rows[index]?.id as string);

    async function rowOf(job: SeedJob, id: string, queue_name: string): Promise<JobRow> {
      const { state, since, lane } = job;
      const row = {
        id,
        queue_name,
        task_name: job.type ?? 'work',
        args: JSON.parse('{}'),
        status: natives[state],
        attempts: job.attempts ?? 0,
        queueing_lock: job.key,
        lock: lane,
        ...(holds.attributes.has('priority') && { priority: job.priority ?? 0 }),
        scheduled_at: state === 'delayed' ? (since ?? earlier(now, -3600)) : state === 'waiting' ? since : undefined,
      };
      const payload = { args: job.payload ?? '{}' };
      if (state === 'blocked') return { ...row, ...payload, lock: await hold(lane ?? `lock of ${id}`) };
      if (state !== 'active') return { ...row, ...payload };
      // the library lets only one job run under a lock
      const lock = locks.has(lane) ? undefined : lane;
      locks.add(lock);
      if (!holds.attributes.has('stuck')) return { ...row, ...payload, lock };
      // a live worker's next sign of life lies ahead, so that a slow check does not make it look dead
      const beat = `now() + interval '${job.stuck ? '-5 minutes' : '1 hour'}'`;
      const worker = await client.query(
        `INSERT INTO procrastinate_workers (last_heartbeat) VALUES (${beat}) RETURNING id`,
      );
      return { ...row, ...payload, lock, worker_id: worker.rows[0].id };
    }

    /** A job in another queue runs under this lock. */
    async function hold(lock: string): Promise<string> {
      if (locks.has(lock)) return lock;
      locks.add(lock);
      await client.query(
        `INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, lock) VALUES ('holders', 'hold', '{}', 'doing', $1)`,
        [lock],
      );
      return lock;
    }

    async function insert(table: string, records: readonly object[]): Promise<void> {
      const [first] = records;
      if (first === undefined) return;
      const names = Object.keys({ ...first, ...Object.assign({}, ...records) });
      const values = records.map((record) => names.map((name) => (record as Record<string, unknown>)[name] ?? null));
      for (const value of values) {
        await client.query(
          `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
          value,
        );
      }
    }
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

const natives: Readonly<Record<SeedJob['state'], string>> = {
  waiting: 'todo',
  delayed: 'todo',
  blocked: 'todo',
  active: 'doing',
  completed: 'succeeded',
  dead: 'failed',
  cancelled: 'cancelled',
};

/** The life that leads to this state, told in events. */
function eventsOf({ state, since, createdAt }: SeedJob, job_id: string, now: Instant): EventRow[] {
  const reached = since ?? now;
  const created = createdAt ?? (state === 'delayed' ? now : earlier(reached, 2));
  const event = (type: string, at: Instant): EventRow => ({ job_id, type, at });
  const deferred = event('deferred', created);
  switch (state) {
    case 'waiting':
      return since === undefined ? [deferred] : [deferred, event('scheduled', since)];
    case 'delayed':
      return [deferred, event('scheduled', since ?? earlier(now, -3600))];
    case 'blocked':
      return [event('deferred', createdAt ?? reached)];
    case 'active':
      return [deferred, event('started', reached)];
    case 'cancelled':
      return [deferred, event('cancelled', reached)];
    default:
      return [deferred, event('started', earlier(reached, 1)), event(natives[state], reached)];
  }
}
