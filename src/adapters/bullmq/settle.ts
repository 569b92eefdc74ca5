import type { OpenIntent, SavedJob } from '../../domain/claim.ts';
import type { JobRef } from '../../domain/job.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { skipped } from './answers.ts';
import { isParked, isSame, isWritten } from './compare.ts';
import type { Desk } from './desk.ts';
import { keysOf } from './keys.ts';
import { type Written, writtenUnder } from './marks.ts';
import { readIds } from './read-page.ts';
import { type Candidate, candidateOf } from './snapshot.ts';

/** Asks Redis what was written under the mark. It knows exactly; only long after must the jobs themselves tell. */
export async function settle(desk: Desk, intent: OpenIntent): Promise<Outcome[]> {
  const told = new Map<SavedJob, Outcome>();
  for (const [queue, jobs] of Map.groupBy(intent.jobs, ({ job }) => job.queue)) {
    const written = await writtenUnder(desk.connection, desk.prefix, queue, intent.mark);
    const unsure = written.certain ? [] : jobs.filter(({ job }) => !written.jobs.has(job.id));
    const ids = unsure.map(({ job }) => job.id);
    const now = await readIds(desk.connection, keysOf(desk.prefix, queue), ids);
    for (const saved of jobs) told.set(saved, verdict(intent.action, saved, written, now.get(saved.job.id)));
  }
  return intent.jobs.map((saved) => told.get(saved) as Outcome);
}

function verdict(
  action: OpenIntent['action'],
  saved: SavedJob,
  { jobs, certain }: Written,
  now: Candidate | undefined,
): Outcome {
  const { job } = saved;
  if (jobs.has(job.id)) return { ref: refOf(job), result: 'done' };
  if (certain) return skipped(job, 'not-applied');
  const then = candidateOf(saved);
  const takesAway = action === 'remove' || action === 'cancel';
  if (now === undefined) {
    if (takesAway) return { ref: refOf(job), result: 'done' };
    return action === 'restore' ? skipped(job, 'not-applied') : unknown(job);
  }
  if (action === 'restore')
    return isSame(now, then) || isParked(now, then) ? { ref: refOf(job), result: 'done' } : unknown(job);
  if (takesAway || isSame(now, then)) return skipped(job, 'not-applied');
  return isWritten(action, now, then) ? { ref: refOf(job), result: 'done' } : unknown(job);
}

const refOf = ({ queue, id }: JobRef): JobRef => ({ queue, id });
const unknown = (job: JobRef): Outcome => ({
  ref: refOf(job),
  result: 'unknown',
  why: 'It is too long ago for Redis to know: compare the job with the backup.',
});
