import type { Returns, SavedJob } from '../../domain/claim.ts';
import type { JobRef } from '../../domain/job.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { skipped } from './answers.ts';
import { innerSaved, type Shelf, shownSaved } from './letters.ts';

const refOf = ({ queue, id }: JobRef): JobRef => ({ queue, id });

/** A copy goes back into its own queue. A replay of it is not taken back: the new job is another one, with an id of its own. */
export function letterReturns(ops: Returns, shelves: ReadonlyMap<string, Shelf>, how: 'restore' | 'revert'): Returns {
  const shownOf = (ref: JobRef, names: ReadonlyMap<string, JobRef>): JobRef =>
    names.get(`${ref.queue}\n${ref.id}`) ?? ref;
  return {
    async settle(intent) {
      const inner = intent.jobs.map((one) => innerSaved(one) ?? one);
      const outcomes = await ops.settle({ ...intent, jobs: inner });
      return outcomes.map((outcome, index) => ({ ...outcome, ref: refOf(intent.jobs[index]?.job ?? outcome.ref) }));
    },
    async hold(saved, putBack, mark) {
      const barred = how === 'revert' ? saved.filter((one) => innerSaved(one) !== undefined) : [];
      const wanted = saved.filter((one) => !barred.includes(one));
      const names = new Map<string, JobRef>();
      const outer = new Map<string, SavedJob>();
      const inner = wanted.map((one) => {
        const copy = innerSaved(one) ?? one;
        names.set(`${copy.job.queue}\n${copy.job.id}`, refOf(one.job));
        outer.set(`${one.job.queue}\n${one.job.id}`, copy);
        return copy;
      });
      const claim = await ops.hold(inner, putBack, mark);
      const told = (outcomes: readonly Outcome[]): Outcome[] =>
        outcomes.map((one) => ({ ...one, ref: shownOf(one.ref, names) }));
      return {
        ...claim,
        jobs: claim.jobs.map((one) => {
          const shelf = shelves.get(shownOf(one.job, names).queue);
          return shelf === undefined || shelf.letter === undefined || one.job.queue !== shelf.queue
            ? one
            : (shownSaved(shelf, one) ?? one);
        }),
        skipped: [
          ...told(claim.skipped),
          ...barred.map(({ job }) =>
            skipped(
              job,
              'conflict',
              'it became a new job, with an id of its own: remove that, then restore the backup',
            ),
          ),
        ],
        apply: async (jobs) =>
          told(await claim.apply(jobs.map((one) => outer.get(`${one.job.queue}\n${one.job.id}`) ?? one))),
      };
    },
  };
}
