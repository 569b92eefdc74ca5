import type { Action } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { idsOf, outcomes } from '../outcomes.ts';
import { isDead, proofOf } from './expressions.ts';
import type { Layout } from './layout.ts';

/** One statement a verb, by id and with the state checked again. One outcome a job, in the order given. */
export async function apply(db: Db, layout: Layout, action: Action, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  switch (action.verb) {
    case 'replay':
      return await replay(db, layout, jobs, action.keepAttempts);
    case 'reset':
      return await reset(db, layout, jobs);
    case 'remove':
      return outcomes(
        jobs,
        await db.query(
          `DELETE FROM ${layout.jobs} j WHERE j.id = ANY ($1::bigint[]) AND j.locked_at IS NULL RETURNING j.id::text AS id`,
          [idsOf(jobs)],
        ),
      );
    case 'edit':
      // `updated_at` stays: it says since when the job is dead
      return outcomes(
        jobs,
        await db.query(
          `UPDATE ${layout.jobs} j SET payload = $2::json WHERE j.id = ANY ($1::bigint[]) AND ${isDead} RETURNING j.id::text AS id`,
          [idsOf(jobs), action.payload],
        ),
      );
    case 'cancel':
      return outcomes(jobs, []);
  }
}

/**
 * What the library's `reschedule_jobs (ids, run_at := now(), attempts := 0)` sets, and the last error kept as it keeps it;
 * but only on dead jobs, where the function takes waiting ones as well. A job that keeps its attempts has none left, so
 * its limit is raised by the one run that it gets.
 */
async function replay(db: Db, layout: Layout, jobs: readonly SavedJob[], keepAttempts: boolean): Promise<Outcome[]> {
  const attempts = keepAttempts ? 'max_attempts = j.attempts + 1' : 'attempts = 0';
  const changed = await db.query<{ id: string }>(
    `UPDATE ${layout.jobs} j SET ${attempts}, run_at = now(), updated_at = now()
      WHERE j.id = ANY ($1::bigint[]) AND ${isDead} RETURNING j.id::text AS id`,
    [idsOf(jobs)],
  );
  await wake(db, changed.length);
  return outcomes(jobs, changed);
}

const IS_DEAD =
  'on the last attempt, so dead now and not waiting, as after an unlock by the library: replay what is to run again';

/**
 * As the library unlocks abandoned jobs, and with each the lane that its worker holds for it: a lane that stays locked
 * never runs again. `force_unlock_workers` does it for all the jobs of a worker; here it is only for those chosen.
 * The rows are held, time is not: a proof that has gone is a worker that came back.
 */
async function reset(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  const proven = idsOf(jobs.filter(({ job }) => job.stuck !== undefined));
  const changed = await db.query<{ id: string; dead: boolean }>(
    `WITH chosen AS (
       SELECT j.id, j.job_queue_id, j.locked_by FROM ${layout.jobs} j
        WHERE j.id = ANY ($1::bigint[]) AND j.locked_at IS NOT NULL AND NOT (j.id = ANY ($2::bigint[]) AND (${proofOf(layout)}) IS NULL)),
     freed AS (
       UPDATE ${layout.jobs} j SET locked_at = NULL, locked_by = NULL, run_at = greatest(j.run_at, now())
         FROM chosen c WHERE j.id = c.id RETURNING j.id, j.attempts >= j.max_attempts AS dead),
     lanes AS (
       UPDATE ${layout.lanes} q SET locked_at = NULL, locked_by = NULL
         FROM chosen c WHERE q.id = c.job_queue_id AND q.locked_by = c.locked_by)
     SELECT id::text AS id, dead FROM freed`,
    [idsOf(jobs), proven],
  );
  await wake(db, changed.filter(({ dead }) => !dead).length);
  const freed = changed.map(({ id, dead }) => (dead ? { id, note: IS_DEAD } : { id }));
  return outcomes(jobs, freed);
}

/** Wakes as many workers as there are jobs, as the library does for new ones; without it they wait for the next poll (2 s). */
export async function wake(db: Db, count: number): Promise<void> {
  if (count === 0) return;
  await db.query(`SELECT pg_notify('jobs:insert', json_build_object('r', random(), 'count', $1::int)::text)`, [count]);
}
