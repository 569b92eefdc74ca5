import type { PutBack } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import type { Held, Standing } from '../dialect.ts';
import { idsOf, notMissing, notOurs, skipped } from '../outcomes.ts';
import { holdRows, standings } from '../saved-rows.ts';
import { bars } from './bars.ts';
import { takenKeys } from './dedup.ts';
import type { Layout } from './layout.ts';
import { keyOf, savedJobsOf } from './rows.ts';
import { byQueue, jobTable, rowOf } from './table.ts';

/** What stands where each of these jobs stood, which are of one queue. */
export async function compare(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<string, Standing>> {
  const there = await standings(db, jobTable(layout, saved[0]?.job.queue ?? ''), saved.map(rowOf));
  return new Map(saved.map(({ job }) => [job.id, there.get(job.id) ?? 'missing']));
}

/** Which of the saved jobs are gone, and so can be put back. A batch may be of several queues. */
export async function holdForRestore(db: Db, layout: Layout, saved: readonly SavedJob[], how: PutBack): Promise<Held> {
  const refused = new Map<string, Outcome>();
  for (const [queue, jobs] of byQueue(saved)) {
    const there = await compare(db, layout, jobs);
    const taken = how.asWas ? await takenKeys(db, layout, queue, jobs) : new Map<string, never>();
    for (const item of jobs) {
      const twin = taken.get(keyOf(item.job));
      const outcome =
        notMissing(item, there.get(item.job.id), how.asWas) ??
        (twin === undefined ? undefined : skipped(item, twin.why, twin.note));
      if (outcome !== undefined) refused.set(keyOf(item.job), outcome);
    }
  }
  return { jobs: saved.filter(({ job }) => !refused.has(keyOf(job))), skipped: [...refused.values()] };
}

/** Locks the jobs whose row was written last by `mark`: nobody, not even a worker, has touched them since. */
export async function holdForRevert(
  db: Db,
  layout: Layout,
  saved: readonly SavedJob[],
  mark: string | undefined,
): Promise<Held> {
  const held: SavedJob[] = [];
  const left: Outcome[] = [];
  for (const [queue, jobs] of byQueue(saved)) {
    const found = await holdRows(db, jobTable(layout, queue), idsOf(jobs), mark);
    const ours = jobs.filter(({ job }) => found.get(job.id)?.ours === true);
    const others = jobs.filter((item) => !ours.includes(item));
    left.push(...notOurs(others, await compare(db, layout, others), found));
    const taken = await takenKeys(db, layout, queue, ours);
    const barred = await bars(db, layout, 'revert', ours);
    const why = ({ job }: SavedJob) => taken.get(keyOf(job)) ?? barred.get(job.id);
    for (const item of ours) {
      const skip = why(item);
      if (skip !== undefined) left.push(skipped(item, skip.why, skip.note));
    }
    const free = ours.filter((item) => why(item) === undefined).map(({ job }) => job);
    held.push(...(await savedJobsOf(db, layout, free)));
  }
  return { jobs: held, skipped: left };
}
