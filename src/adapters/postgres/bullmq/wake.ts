import type { SavedJob } from '../../../domain/claim.ts';
import type { Db } from '../connection.ts';

/** The library's workers listen for the names of queues in which there is something to do. */
export async function wake(db: Db, jobs: readonly SavedJob[]): Promise<void> {
  const live = jobs.filter(({ job: { state } }) => state === 'waiting' || state === 'delayed');
  if (live.length === 0) return;
  await db.query(`SELECT pg_notify('bullmq_jobs', q.queue) FROM unnest($1::text[]) AS q (queue)`, [
    [...new Set(live.map(({ job }) => job.queue))],
  ]);
}
