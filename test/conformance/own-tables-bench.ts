import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { openPostgres } from '../../src/adapters/postgres/index.ts';
import type { TablesMapping } from '../../src/adapters/postgres/own-tables/mapping.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import { earlier, fromDate, type Instant } from '../../src/domain/instant.ts';
import type { JobState } from '../../src/domain/job.ts';
import type { Bench, Holds, SeedJob } from '../../src/testkit/index.ts';
import { createDatabase, poolOf } from '../setup/databases.ts';
import { adapterOn, borrowed } from './borrowed.ts';

export interface OwnTablesDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  open(mapping: TablesMapping): Promise<QueueAdapter>;
  drop(): Promise<void>;
}

/** The tables of this file, on a server whose sessions are in New York: times without a zone must not care. */
export async function createOwnTables(file: 'prisma' | 'plain-jobs'): Promise<OwnTablesDatabase> {
  const database = await createDatabase(file);
  const name = pg.escapeIdentifier(new URL(database.url).pathname.slice(1));
  const setup = new pg.Client(database.url);
  await setup.connect();
  await setup.query(await readFile(new URL(`../schemas/${file}.sql`, import.meta.url), 'utf8'));
  await setup.query(`ALTER DATABASE ${name} SET timezone = 'America/New_York'`);
  await setup.end();
  const pool = poolOf({ connectionString: database.url, max: 5 });
  const adapters: QueueAdapter[] = [];
  return {
    url: database.url,
    pool,
    async open(tables) {
      const adapter = await openPostgres({ url: database.url, where: 'postgres://test', tables });
      adapters.push(adapter);
      return adapter;
    },
    async drop() {
      await Promise.all(adapters.map((adapter) => adapter.close()));
      await pool.end();
      await database.drop();
    },
  };
}

/** How one of these schemas is spoken to. */
interface Speech {
  readonly file: 'prisma' | 'plain-jobs';
  readonly mapping: TablesMapping;
  readonly tables: readonly string[];
  readonly holds: Holds;
  seed(pool: pg.Pool, queue: string, job: SeedJob, now: Instant): Promise<string>;
  /** Takes a job: $1 is the queue. */
  readonly take: string;
  /** Ends it: $1 is the id. */
  readonly end: Readonly<Record<'completes' | 'fails', string>>;
}

async function ownTablesBench(speech: Speech): Promise<Bench> {
  const database = await borrowed(speech.file, () => createOwnTables(speech.file));
  const { pool } = database;
  const peers: QueueAdapter[] = [];
  const peer = async (): Promise<QueueAdapter> => {
    const adapter = await database.open(speech.mapping);
    peers.push(adapter);
    return adapter;
  };
  return {
    adapter: await adapterOn(database, () => database.open(speech.mapping)),
    holds: speech.holds,
    peer,
    async seed(queue, jobs) {
      const now = fromDate(new Date());
      const ids: string[] = [];
      for (const job of jobs) ids.push(await speech.seed(pool, queue, job, now));
      return ids;
    },
    dump: () => dump(pool, speech.tables),
    async work(queue, end) {
      const { rows } = await pool.query<{ id: string }>(speech.take, [queue]);
      const id = rows[0]?.id;
      if (id !== undefined) await pool.query(speech.end[end], [id]);
      return id;
    },
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

async function insert(
  pool: pg.Pool,
  table: string,
  row: Readonly<Record<string, unknown>>,
  id = 'id',
): Promise<string> {
  const names = Object.keys(row).filter((name) => row[name] !== undefined);
  const { rows } = await pool.query<{ id: string }>(
    `INSERT INTO ${table} (${names.map((name) => `"${name}"`).join(', ')}) OVERRIDING SYSTEM VALUE
     VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')}) RETURNING "${id}"::text AS id`,
    names.map((name) => row[name]),
  );
  return rows[0]?.id as string;
}

/** Every row as text; of `json` columns even what `jsonb` could not hold. */
async function dump(pool: pg.Pool, tables: readonly string[]): Promise<string> {
  const lines: string[] = [];
  for (const table of tables) {
    const { rows } = await pool.query<{ line: string }>(
      `SELECT to_json(t)::text AS line FROM ${table} AS t ORDER BY 1`,
    );
    lines.push(table, ...rows.map((row) => row.line));
  }
  return lines.join('\n');
}

/** The times of a life that has come to this state. A stuck job began long ago unless the seed says when. */
function times({ state, since, createdAt, stuck }: SeedJob, now: Instant) {
  const reached = since ?? (stuck ? earlier(now, 7200) : now);
  const ended = state === 'completed' || state === 'dead' || state === 'cancelled';
  return {
    created: createdAt ?? (state === 'delayed' ? now : earlier(reached, 2)),
    due: state === 'delayed' ? (since ?? earlier(now, -3600)) : state === 'waiting' ? reached : earlier(reached, 2),
    started: state === 'active' ? reached : ended ? earlier(reached, 1) : undefined,
    ended: ended ? reached : undefined,
  };
}

/** UTC wall time, for a column without a zone. */
const wall = (instant: Instant | undefined): string | undefined => instant?.replace('T', ' ').replace('Z', '');

const cuid = (): string => `c${randomUUID().replaceAll('-', '').slice(0, 24)}`;

const prismaStatus: Readonly<Record<JobState, string>> = {
  waiting: 'pending',
  delayed: 'pending',
  blocked: '',
  active: 'processing',
  completed: 'completed',
  dead: 'failed',
  cancelled: 'cancelled',
};

const prisma: Speech = {
  file: 'prisma',
  mapping: { preset: 'prisma', write: true },
  tables: ['"Job"', '"DeadLetterJob"', '"WorkerHeartbeat"'],
  holds: {
    states: new Set(['waiting', 'delayed', 'active', 'completed', 'dead', 'cancelled']),
    attributes: new Set(['error', 'since', 'createdAt', 'priority', 'key', 'attempts', 'stuck']),
    payloads: 'json',
    nulEscape: false,
    loneSurrogates: false,
    ids: 'its own',
  },
  async seed(pool, queue, job, now) {
    const { created, due, started, ended } = times(job, now);
    const workerId = job.state === 'active' ? randomUUID() : undefined;
    if (workerId !== undefined) {
      // a live worker's next sign of life lies ahead, so that a slow check does not make it look dead
      const lastSeenAt = wall(earlier(now, job.stuck ? 300 : -3600));
      await insert(pool, '"WorkerHeartbeat"', { id: cuid(), workerId, lastSeenAt });
    }
    const shared = { type: job.type ?? 'work', payload: job.payload ?? '{}', attempts: job.attempts ?? 0 };
    const id = await insert(pool, '"Job"', {
      ...shared,
      id: cuid(),
      queue,
      status: prismaStatus[job.state],
      priority: job.priority,
      lastError: job.error,
      dedupeKey: job.key,
      workerId,
      run_at: wall(due),
      started_at: wall(started),
      finished_at: wall(ended),
      createdAt: wall(created),
      updatedAt: wall(job.since ?? now),
    });
    if (job.state === 'dead')
      await insert(pool, '"DeadLetterJob"', {
        ...shared,
        id: cuid(),
        jobId: id,
        error: job.error ?? 'failed',
        createdAt: wall(ended),
      });
    return id;
  },
  take: `UPDATE "Job" SET status = 'processing', started_at = now() AT TIME ZONE 'UTC', "updatedAt" = now() AT TIME ZONE 'UTC' WHERE id = (
           SELECT id FROM "Job" WHERE queue = $1 AND status = 'pending' AND run_at <= now() AT TIME ZONE 'UTC' AND attempts < "maxAttempts" + 10
            ORDER BY priority DESC, run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id`,
  end: {
    completes: `UPDATE "Job" SET status = 'completed', finished_at = now() AT TIME ZONE 'UTC' WHERE id = $1`,
    fails: `WITH f AS (UPDATE "Job" SET status = 'failed', attempts = attempts + 1, finished_at = now() AT TIME ZONE 'UTC' WHERE id = $1 RETURNING *)
            INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, attempts, "createdAt")
            SELECT 'again ' || id, id, type, payload, 'failed again', attempts, now() AT TIME ZONE 'UTC' FROM f`,
  },
};

const plainStatus: Readonly<Record<JobState, string>> = {
  waiting: 'new',
  delayed: 'new',
  blocked: 'on hold',
  active: 'taken',
  completed: 'done',
  dead: 'broken',
  cancelled: 'dropped',
};

const plainMapping: TablesMapping = {
  write: true,
  schema: 'Back office',
  table: 'tasks',
  columns: {
    id: 'task_no',
    queue: 'lane',
    type: 'kind',
    status: 'state',
    payload: 'body',
    error: 'failure',
    attempts: 'tries',
    createdAt: 'made',
    runAt: 'due',
    startedAt: 'taken',
    finishedAt: 'ended',
    workerId: 'taken_by',
    dedupeKey: 'once',
    lane: 'strand',
    tenant: 'customer',
  },
  statuses: {
    new: 'waiting',
    taken: 'active',
    done: 'completed',
    broken: 'dead',
    dropped: 'cancelled',
    'on hold': 'blocked',
  },
  stuckAfter: { default: 3600, slow: 86_400 },
  heartbeats: { table: 'processes', worker: 'process_no', seenAt: 'beat', staleAfter: 120 },
};

const plain: Speech = {
  file: 'plain-jobs',
  mapping: plainMapping,
  tables: ['"Back office".tasks', '"Back office".processes'],
  holds: {
    ...prisma.holds,
    states: new Set([...prisma.holds.states, 'blocked']),
    attributes: new Set([...[...prisma.holds.attributes].filter((one) => one !== 'priority'), 'lane', 'tenant']),
    nulEscape: true,
    loneSurrogates: true,
    ids: 'any integer',
  },
  async seed(pool, lane, job, now) {
    const { created, due, started, ended } = times(job, now);
    const taken_by =
      job.state === 'active'
        ? await insert(pool, '"Back office".processes', { beat: earlier(now, job.stuck ? 300 : -3600) }, 'process_no')
        : undefined;
    return await insert(
      pool,
      '"Back office".tasks',
      {
        task_no: job.id,
        lane,
        kind: job.type ?? 'work',
        body: job.payload ?? '{}',
        state: plainStatus[job.state],
        failure: job.error === undefined ? undefined : JSON.stringify({ name: 'Error', message: job.error }),
        tries: job.attempts,
        made: created,
        due,
        taken: started,
        ended,
        taken_by,
        once: job.key,
        strand: job.lane,
        customer: job.tenant,
      },
      'task_no',
    );
  },
  take: `UPDATE "Back office".tasks SET state = 'taken', taken = now() WHERE task_no = (
           SELECT task_no FROM "Back office".tasks WHERE lane = $1 AND state = 'new' AND coalesce(due, now()) <= now()
            ORDER BY due, task_no LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING task_no::text AS id`,
  end: {
    completes: `UPDATE "Back office".tasks SET state = 'done', ended = now() WHERE task_no = $1`,
    fails: `UPDATE "Back office".tasks SET state = 'broken', ended = now(), tries = tries + 1 WHERE task_no = $1`,
  },
};

export const prismaBench = (): Promise<Bench> => ownTablesBench(prisma);
export const plainBench = (): Promise<Bench> => ownTablesBench(plain);
