import type pg from 'pg';
import { afterEach } from 'vitest';
import type { TablesMapping } from '../../../src/adapters/postgres/own-tables/mapping.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { createOwnTables, type OwnTablesDatabase } from '../../conformance/own-tables-bench.ts';

const open: OwnTablesDatabase[] = [];
afterEach(async () => {
  for (const database of open.splice(0)) await database.drop();
});

export interface Shop {
  readonly pool: pg.Pool;
  readonly url: string;
  adapter(more?: TablesMapping): Promise<QueueAdapter>;
  /** Rows of a query, as the database gives them. */
  rows<R>(sql: string, values?: readonly unknown[]): Promise<R[]>;
}

/** The tables of the runbook, with what `sql` puts into them. Times are written as the application does: UTC. */
export async function openShop(sql = ''): Promise<Shop> {
  const database = await createOwnTables('prisma');
  open.push(database);
  const { pool, url } = database;
  const client = await pool.connect();
  try {
    await client.query(`SET timezone = 'UTC'; ${sql}`);
  } finally {
    client.release(true);
  }
  return {
    pool,
    url,
    adapter: (more = {}) => database.open({ preset: 'prisma', write: true, ...more }),
    rows: async (text, values = []) => (await pool.query(text, [...values])).rows,
  };
}

/** Two workers, one of them silent for five minutes, and the jobs that each of them has. */
export const crashed = `
  INSERT INTO "WorkerHeartbeat" (id, "workerId", "lastSeenAt") VALUES ('h1', 'alive', now() + interval '1 hour'), ('h2', 'gone', now() - interval '5 minutes');
  INSERT INTO "Job" (id, queue, type, payload, status, attempts, "workerId", started_at, "updatedAt") VALUES
    ('old-gone', 'email', 'email.send', '{"to":"ada"}', 'processing', 2, 'gone', now() - interval '2 hours', now() - interval '2 hours'),
    ('old-alive', 'email', 'data.export', '{}', 'processing', 1, 'alive', now() - interval '2 hours', now() - interval '2 hours'),
    ('young-gone', 'email', 'email.send', '{}', 'processing', 1, 'gone', now() - interval '30 minutes', now()),
    ('nameless', 'email', 'email.send', '{}', 'processing', 1, NULL, now() - interval '2 hours', now()),
    ('unheard', 'email', 'email.send', '{}', 'processing', 0, 'never-seen', now() - interval '3 hours', now()),
    ('waits', 'email', 'email.send', '{}', 'pending', 0, NULL, NULL, now());`;

/** Three dead letters: one with its failed original, one whose job was deleted, one resolved long ago. */
export const deadLetters = `
  INSERT INTO "Job" (id, queue, type, payload, status, attempts, "lastError", started_at, finished_at, "updatedAt") VALUES
    ('j1', 'email', 'email.send', '{"to":"ada"}', 'failed', 3, 'timeout', now() - interval '61 minutes', now() - interval '1 hour', now()),
    ('j3', 'email', 'email.send', '{"to":"eve"}', 'failed', 3, 'bounced', now() - interval '100 days', now() - interval '100 days', now()),
    ('j4', 'email', 'email.send', '{}', 'completed', 1, NULL, now() - interval '1 hour', now(), now());
  INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, attempts, resolved, "resolvedAt", notes, "createdAt") VALUES
    ('d1', 'j1', 'email.send', '{"to":"ada"}', 'timeout after 30s', 3, false, NULL, NULL, now() - interval '1 hour'),
    ('d2', 'j2', 'webhook.deliver', '{"hook":7}', '502', 5, false, NULL, 'seen by Ada', now() - interval '2 hours'),
    ('d3', 'j3', 'email.send', '{"to":"eve"}', 'bounced', 3, true, now() - interval '99 days', 'no such user', now() - interval '100 days');`;
