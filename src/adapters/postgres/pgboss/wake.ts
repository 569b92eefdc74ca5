import type { Db } from '../connection.ts';
import type { Layout } from './layout.ts';

/**
 * Tells the workers of these queues that jobs became ready, on the library's own channel. The library's retry does not: a
 * worker would find the job with its next poll (2 s). Only queues with `notify` are listened to (12.21+).
 */
export async function wake(db: Db, layout: Layout, queues: readonly string[]): Promise<void> {
  if (queues.length === 0 || layout.queue === undefined || !layout.queueColumns.includes('notify')) return;
  await db.query(
    `SELECT pg_notify('pgboss_' || left(encode(sha224(convert_to($1, 'UTF8')), 'hex'), 24), q.name)
       FROM ${layout.queue} q WHERE q.notify AND q.name = ANY ($2::text[])`,
    [layout.schema, [...new Set(queues)]],
  );
}
