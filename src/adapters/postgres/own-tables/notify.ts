import type { SavedJob } from '../../../domain/claim.ts';
import type { Db } from '../connection.ts';
import type { Layout } from './layout.ts';

/** Tells the workers that jobs became ready, once a queue, where the configuration names a channel. */
export const notify = (db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<void> =>
  notifyQueues(db, layout, [...new Set(jobs.map(({ job }) => job.queue))]);

export async function notifyQueues(db: Db, { notify: call }: Layout, queues: readonly string[]): Promise<void> {
  if (call === undefined || queues.length === 0) return;
  const filled = (text: string): string[] => queues.map((queue) => text.replaceAll('{queue}', queue));
  await db.query('SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS call (channel, payload)', [
    filled(call.channel),
    filled(call.payload ?? ''),
  ]);
}
