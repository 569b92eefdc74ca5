import { openPostgres } from '../../src/adapters/postgres/index.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import { jobStates } from '../../src/domain/job.ts';
import type { Attribute, Bench, Holds, SeedJob } from '../../src/testkit/index.ts';
import {
  type Boss,
  createPgBoss,
  createQueue,
  type PgBossDatabase,
  type PgBossVersion,
  startBoss,
  stopBoss,
} from '../setup/pgboss.ts';
import { dumpAll } from '../setup/procrastinate.ts';
import { adapterOn, borrowed } from './borrowed.ts';

/** What the tables of each version can hold. The type of a job is its queue. Jobs can wait for others since 12.20. */
function holdsOf(version: PgBossVersion): Holds {
  const attributes: Attribute[] = ['error', 'since', 'createdAt', 'priority', 'key', 'attempts', 'stuck'];
  if (version === '12') attributes.push('lane');
  return {
    states: new Set(jobStates.filter((state) => version === '12' || state !== 'blocked')),
    attributes: new Set(attributes),
    types: 'the queue',
    payloads: 'json',
    nulEscape: false,
    loneSurrogates: false,
    ids: 'its own',
  };
}

export const openOn = ({ url, schema }: PgBossDatabase): Promise<QueueAdapter> =>
  openPostgres({ url, where: 'postgres://test', schema });

export async function pgBossBench(version: PgBossVersion, schema?: string): Promise<Bench> {
  const make = (): Promise<PgBossDatabase> => createPgBoss(version, schema);
  const database = await borrowed(`${version} ${schema}`, make, {
    kept: ['version', 'bam'],
    // it makes a table for each queue
    ...(version === '10' && {
      undo: 'DELETE FROM job; UPDATE queue SET dead_letter = NULL; SELECT delete_queue(name) FROM queue',
    }),
  });
  const peers: QueueAdapter[] = [];
  let boss: Promise<Boss> | undefined;
  const peer = async (): Promise<QueueAdapter> => {
    const adapter = await openOn(database);
    peers.push(adapter);
    return adapter;
  };
  const holds = holdsOf(version);
  return {
    adapter: await adapterOn(database, () => openOn(database)),
    holds,
    peer,
    seed: (queue, jobs) => seedPgBoss(database, queue, jobs),
    dump: async () => JSON.stringify(await dumpAll(database.pool, database.schema), null, 1),
    async work(queue, end) {
      boss ??= startBoss(database);
      const worker = await boss;
      const [job] = (await worker.fetch(queue)) ?? [];
      if (job !== undefined) await (end === 'completes' ? worker.complete(queue, job.id) : worker.fail(queue, job.id));
      return job?.id;
    },
    async breakLock() {
      await database.pool.query(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
          WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
    },
    async drop() {
      await Promise.all(peers.map((adapter) => adapter.close()));
      if (boss !== undefined) await stopBoss(await boss);
      await database.drop();
    },
  };
}

/** Rows as the library would leave them, with the times that were asked for. */
export async function seedPgBoss(database: PgBossDatabase, queue: string, jobs: readonly SeedJob[]): Promise<string[]> {
  // 9 knows queues only by the names on its jobs
  if (database.version !== '9') await createQueue(database, queue);
  const ids: string[] = [];
  for (const job of jobs) {
    const columns = columnsOf(job, database.version);
    const names = Object.keys(columns).map(database.version === '9' ? squashed : asItIs);
    const { rows } = await database.pool.query<{ id: string }>(
      `INSERT INTO job (name, ${names.join(', ')}) VALUES ($1, ${names.map((name, index) => placed(name, index + 2)).join(', ')}) RETURNING id::text AS id`,
      [queue, ...Object.values(columns)],
    );
    ids.push(rows[0]?.id ?? '');
  }
  return ids;
}

/** How 9 spells the names of its columns. */
const squashed = (name: string): string => name.replaceAll('_', '');
const asItIs = (name: string): string => name;

const times = ['created_on', 'start_after', 'started_on', 'completed_on', 'keep_until'].flatMap((name) => [
  name,
  squashed(name),
]);
/** A time is given as an instant or as seconds from now. */
const placed = (name: string, place: number): string =>
  times.includes(name)
    ? `CASE WHEN $${place}::text ~ '^-?[0-9]+$' THEN now() + $${place}::text::int * interval '1 s' ELSE $${place}::text::timestamptz END`
    : `$${place}`;

const HOUR = 3600;

function columnsOf(job: SeedJob, version: PgBossVersion): Record<string, unknown> {
  const { state, since, attempts } = job;
  const retried = (attempts ?? 0) > 0;
  const waits = state === 'waiting' || state === 'delayed' || state === 'blocked';
  const ran = waits ? retried : (attempts ?? 1) > 0 || state === 'active';
  const begun = since ?? '0';
  const dates = {
    waiting: { created_on: job.createdAt ?? since ?? '-1', start_after: since ?? '-1' },
    blocked: { created_on: job.createdAt ?? since ?? '-1', start_after: '-1' },
    delayed: { created_on: job.createdAt ?? '-1', start_after: since ?? String(HOUR) },
    active: {
      created_on: job.createdAt ?? String(-400 * HOUR),
      started_on: since ?? (job.stuck ? String(-HOUR) : '0'),
    },
    completed: { created_on: job.createdAt ?? String(-400 * HOUR), completed_on: begun },
    dead: { created_on: job.createdAt ?? String(-400 * HOUR), completed_on: begun },
    cancelled: { created_on: job.createdAt ?? String(-400 * HOUR), completed_on: begun },
  }[state];
  // an owner that is gone has overrun its second; a live one has a month
  const seconds = job.stuck ? 1 : 720 * HOUR;
  return {
    ...(ran && { started_on: String(-2 * HOUR) }),
    ...dates,
    data: job.payload ?? '{}',
    state: natives(job),
    retry_limit: 5,
    retry_count: Math.max(0, (attempts ?? 1) - 1),
    keep_until: String(9000 * HOUR),
    priority: job.priority ?? 0,
    // two jobs of a stately queue may not be in the same state under one key
    singleton_key: job.key,
    ...(version !== '9' && { policy: job.key === undefined ? 'standard' : 'stately' }),
    output: job.error === undefined ? undefined : JSON.stringify({ message: job.error, name: 'Error' }),
    ...(version === '9' || version === '10' ? { expire_in: `${seconds} s` } : { expire_seconds: seconds }),
    ...(version === '12' && {
      group_id: job.lane,
      blocked: state === 'blocked',
      pending_dependencies: state === 'blocked' ? 1 : 0,
    }),
  };
}

function natives({ state, attempts, key, error }: SeedJob): string {
  if (state === 'dead') return 'failed';
  if (state !== 'waiting' && state !== 'delayed' && state !== 'blocked') return state;
  return (attempts ?? 0) > 0 || error !== undefined || (key !== undefined && state === 'waiting') ? 'retry' : 'created';
}
