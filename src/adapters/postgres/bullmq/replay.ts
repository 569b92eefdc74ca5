import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { idsOf, outcomes } from '../outcomes.ts';
import { bars, holds } from './bars.ts';
import { lockKeys } from './dedup.ts';
import type { Layout } from './layout.ts';

/**
 * The library's own function for a job that is retried by hand: it keeps the lane, gives a new place in it, tells the parent,
 * and wakes the workers. What it leaves behind is cleared as well: a job that stalled too often would fail again at once.
 */
export async function replay(
  db: Db,
  layout: Layout,
  jobs: readonly SavedJob[],
  keepAttempts: boolean,
): Promise<Outcome[]> {
  const queue = jobs[0]?.job.queue ?? '';
  await lockKeys(
    db,
    queue,
    jobs.map(({ job }) => job.key),
  );
  const barred = await bars(db, layout, 'replay', jobs);
  const free = idsOf(jobs).filter((id) => !barred.has(id));
  const told = await db.query<{ id: string; code: number }>(
    `SELECT j.id, ${layout.call('reprocess_job')}(j.queue, j.id, 'failed', coalesce((j.opts ->> 'lifo')::boolean, false), $3, $3) AS code
       FROM unnest($2::text[]) WITH ORDINALITY AS s (id, nth) JOIN ${layout.job} j ON j.queue = $1 AND j.id = s.id
      WHERE j.state = 'failed' ORDER BY s.nth`,
    [queue, free, !keepAttempts],
  );
  const done = told.filter(({ code }) => code === 1);
  await clear(
    db,
    layout,
    queue,
    done.map(({ id }) => id),
  );
  return outcomes(jobs, done, barred);
}

async function clear(db: Db, { job, dedup }: Layout, queue: string, ids: readonly string[]): Promise<void> {
  await db.query(
    `WITH back AS (
       UPDATE ${job} j SET stalled_count = 0, deferred_failure = NULL, stalled_marked = false, lock_token = NULL, locked_until_ms = NULL
        WHERE j.queue = $1 AND j.id = ANY ($2) RETURNING j.queue, j.id, j.dedup_id, ${holds} AS holds)
     INSERT INTO ${dedup} (queue, dedup_id, job_id) SELECT queue, dedup_id, id FROM back WHERE dedup_id <> '' AND holds
     ON CONFLICT (queue, dedup_id) DO UPDATE SET job_id = excluded.job_id, expire_at_ms = NULL`,
    [queue, ids],
  );
}
