import type { TablesMapping } from '../../src/adapters/postgres/own-tables/mapping.ts';
import { createOwnTables } from '../conformance/own-tables-bench.ts';
import type { SchemaDatabase } from '../setup/databases.ts';
import { createGraphile, type GraphileDatabase, makeDead } from '../setup/graphile.ts';
import { createPgBoss, createQueue, type PgBossDatabase } from '../setup/pgboss.ts';

type Database = Pick<SchemaDatabase, 'url' | 'pool' | 'drop'>;

/** Dead jobs in tables of Postgres that a run changes: how they are made, and how they stand. */
export interface Dialect {
  readonly tables?: TablesMapping;
  open(): Promise<Database>;
  /** As many dead jobs, numbered in their payloads. */
  seed(database: Database, queue: string, jobs: number): Promise<unknown>;
  /** Every row of the queue $1 as a text, without the ids and times that each run gives anew. */
  readonly rows: string;
  /** The rows of job `n` once its queue was replayed, and purged. */
  replayed(n: number): readonly string[];
  purged?(n: number): readonly string[];
}

const createdBoss = (database: Database, queue: string): Promise<void> =>
  createQueue({ ...database, schema: 'pgboss', version: '12' } as PgBossDatabase, queue);

const boss = {
  open: () => createPgBoss('12'),
  rows: `SELECT concat_ws(' ', CASE name WHEN $1 THEN 'there' ELSE 'origin' END, data ->> 'n', state, retry_count, output ->> 'message') AS row
           FROM job WHERE name IN ($1, $1 || '-origin') ORDER BY 1`,
};

export const dialects: Readonly<Record<string, Dialect>> = {
  'pg-boss 12': {
    ...boss,
    async seed(database, queue, jobs) {
      await createdBoss(database, queue);
      await database.pool.query(
        `INSERT INTO job (name, state, data, retry_count, completed_on, output)
         SELECT $1, 'failed', jsonb_build_object('n', n), 2, now(), '{"message":"it failed"}' FROM generate_series(1, $2::int) n`,
        [queue, jobs],
      );
    },
    replayed: (n) => [`there ${n} retry 0 it failed`],
  },
  'pg-boss 12, a dead-letter queue': {
    ...boss,
    async seed(database, queue, jobs) {
      const origin = `${queue}-origin`;
      await createdBoss(database, queue);
      await createdBoss(database, origin);
      await database.pool.query(`UPDATE queue SET dead_letter = $1 WHERE name = $2`, [queue, origin]);
      await database.pool.query(
        `WITH died AS (INSERT INTO job (name, state, data, dead_letter, completed_on, output)
           SELECT $2, 'failed', jsonb_build_object('n', n), $1, now(), '{"message":"it failed"}' FROM generate_series(1, $3::int) n RETURNING *)
         INSERT INTO job (name, data, source_name, source_id, source_created_on, source_retry_count, source_output, source_root_id)
         SELECT $1, data, name, id, created_on, retry_count, output, id FROM died`,
        [queue, origin, jobs],
      );
    },
    replayed: (n) => [`origin ${n} failed 0 it failed`, `origin ${n} created 0`],
    purged: (n) => [`origin ${n} failed 0 it failed`],
  },
  "a team's tables": {
    tables: { preset: 'prisma', write: true },
    open: () => createOwnTables('prisma'),
    seed: ({ pool }, queue, jobs) =>
      pool.query(
        `WITH j AS (INSERT INTO "Job" (id, queue, type, payload, status, attempts, "lastError", finished_at, "updatedAt")
           SELECT $1 || '-' || n, $1, 'email.send', jsonb_build_object('n', n), 'failed', 3, 'it failed', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
             FROM generate_series(1, $2::int) n RETURNING *)
         INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, attempts, "createdAt")
         SELECT 'letter of ' || id, id, type, payload, 'it failed', 3, finished_at FROM j`,
        [queue, jobs],
      ),
    rows: `SELECT concat_ws(' ', 'job', payload ->> 'n', status, attempts, "lastError") AS row FROM "Job" WHERE queue = $1
           UNION ALL SELECT concat_ws(' ', 'letter', payload ->> 'n', resolved, attempts, error, split_part(notes, ' (', 1)) FROM "DeadLetterJob" WHERE id LIKE 'letter of ' || $1 || '-%' ORDER BY 1`,
    replayed: (n) => [`job ${n} pending 0`, `letter ${n} t 3 it failed replayed`],
  },
  'graphile-worker, lanes': {
    open: () => createGraphile('0.18'),
    seed: (database, queue, jobs) =>
      makeDead(
        database as GraphileDatabase,
        queue,
        Array.from({ length: jobs }, (_, n) => ({ payload: `{"n":${n + 1}}`, lane: `${queue} ${n % 3}` })),
      ),
    rows: `SELECT concat_ws(' ', payload ->> 'n', attempts, max_attempts, last_error, j.is_available, replace(q.queue_name, $1 || ' ', 'lane '), q.locked_by) AS row
             FROM _private_jobs j JOIN _private_tasks t ON t.id = j.task_id LEFT JOIN _private_job_queues q ON q.id = j.job_queue_id WHERE t.identifier = $1 ORDER BY 1`,
    replayed: (n) => [`${n} 0 1 no such user t lane ${(n - 1) % 3}`],
  },
};
