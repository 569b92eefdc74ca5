import type { SavedJob } from '../../../domain/claim.ts';
import type { Db } from '../connection.ts';
import type { Layout } from './layout.ts';

/** Postgres refuses longer channel names. */
const CHANNEL_BYTES = 63;

/**
 * Tells the workers that jobs became ready. The library's trigger does so only on INSERT; without this a retried job
 * waits for the next poll (5 s). A queue whose name makes too long a channel is reached through the common channel.
 */
export async function wake(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<void> {
  const suffix = layout.channels === 'v1' ? '_v1' : '';
  const oneOf = new Map(jobs.map(({ job }) => [job.queue, job]));
  if (oneOf.size === 0) return;
  const calls = [...oneOf.values()].flatMap((job) => {
    const payload = layout.channels === 'v1' ? `{"type":"job_inserted","job_id":${job.id}}` : job.type;
    return [`procrastinate_queue${suffix}#${job.queue}`, `procrastinate_any_queue${suffix}`].map((channel) => ({
      channel,
      payload,
    }));
  });
  const fitting = calls.filter(({ channel }) => Buffer.byteLength(channel) <= CHANNEL_BYTES);
  await db.query('SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS call (channel, payload)', [
    fitting.map((call) => call.channel),
    fitting.map((call) => call.payload),
  ]);
}
