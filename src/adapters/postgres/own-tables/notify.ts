import type { SavedJob } from '../../../domain/adapter.ts';
import type { Db } from '../connection.ts';
import type { Layout } from './layout.ts';

/** Tells the workers that jobs became ready, once a queue, where the configuration names a channel. */
export async function notify(db: Db, { notify: call }: Layout, jobs: readonly SavedJob[]): Promise<void> {
  const queues = [...new Set(jobs.map(({ job }) => job.queue))];
  if (call === undefined || queues.length === 0) return;
  const filled = (text: string): string[] => queues.map((queue) => text.replaceAll('{queue}', queue));
  await db.query('SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS call (channel, payload)', [
    filled(call.channel),
    filled(call.payload ?? ''),
  ]);
}
