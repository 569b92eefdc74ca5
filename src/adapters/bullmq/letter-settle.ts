import type { Claims, OpenIntent, SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { skipped } from './answers.ts';
import type { Desk } from './desk.ts';
import { innerSaved, type Shelf, shownId } from './letters.ts';
import { writtenUnder } from './marks.ts';

/** A copy that was added under the mark waits in its queue; what is left of it in the other one is taken out now. */
export async function settleLetters(
  desk: Desk,
  acts: Claims,
  shelves: ReadonlyMap<string, Shelf>,
  intent: OpenIntent,
): Promise<Outcome[]> {
  const told = new Map<SavedJob, Outcome>();
  const mine = intent.jobs.filter((one) => innerSaved(one) === undefined);
  for (const [index, outcome] of (await acts.settle({ ...intent, jobs: mine })).entries())
    told.set(mine[index] as SavedJob, outcome);
  const copies = intent.jobs.filter((one) => innerSaved(one) !== undefined);
  for (const [home, some] of Map.groupBy(copies, ({ job }) => job.queue)) {
    const shelf = shelves.get(home);
    const inner = some.flatMap((one) => innerSaved(one) ?? []);
    const outcomes =
      intent.action !== 'replay'
        ? await acts.settle({ ...intent, jobs: inner })
        : await settleReplay(desk, acts, home, intent.mark, inner);
    for (const [index, one] of some.entries()) {
      const outcome = outcomes[index] as Outcome;
      told.set(one, {
        ...outcome,
        ref: { queue: home, id: shelf === undefined ? one.job.id : shownId(shelf, outcome.ref.id) },
      });
    }
  }
  return intent.jobs.map((one) => told.get(one) as Outcome);
}

async function settleReplay(
  desk: Desk,
  acts: Claims,
  home: string,
  mark: string,
  inner: readonly SavedJob[],
): Promise<Outcome[]> {
  const written = await writtenUnder(desk.connection, desk.prefix, home, mark);
  const left = inner.filter(({ job }) => written.jobs.has(job.id));
  const outcomes = new Map<string, Outcome>();
  for (const [queue, some] of Map.groupBy(left, ({ job }) => job.queue)) {
    const ids = some.map(({ job }) => job.id);
    const selection = { queues: [queue], states: ['waiting', 'dead'] as const, ids };
    for await (const claim of acts.claim({ selection, action: { verb: 'remove' }, size: 100 })) {
      const same = claim.jobs.filter(({ snapshot, job }) => {
        const then = some.find((one) => one.job.id === job.id);
        return then !== undefined && JSON.stringify(then.snapshot) === JSON.stringify(snapshot);
      });
      for (const outcome of same.length > 0 ? await claim.apply(same) : []) outcomes.set(outcome.ref.id, outcome);
      for (const { job } of claim.jobs.filter((one) => !same.includes(one)))
        outcomes.set(job.id, {
          ref: job,
          result: 'unknown',
          why: `It waits again, and its copy in ${queue} has changed since.`,
        });
      await claim.release();
    }
  }
  return inner.map(({ job }): Outcome => {
    const ref = { queue: job.queue, id: job.id };
    if (!written.jobs.has(job.id))
      return written.certain
        ? skipped(ref, 'not-applied')
        : { ref, result: 'unknown', why: 'It is too long ago for Redis to know: compare the job with the backup.' };
    const outcome = outcomes.get(job.id);
    return outcome?.result === 'unknown' || outcome?.result === 'failed' ? outcome : { ref, result: 'done' };
  });
}
