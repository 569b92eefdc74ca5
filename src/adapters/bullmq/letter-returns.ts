import type { Claim, Returns, SavedJob } from '../../domain/claim.ts';
import type { JobRef } from '../../domain/job.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { skipped } from './answers.ts';
import type { Desk } from './desk.ts';
import { takingAgain } from './letter-again.ts';
import { copyIn, settleTakenBack } from './letter-back.ts';
import { takingBack } from './letter-undo.ts';
import { innerSaved, type Shelf, shownSaved } from './letters.ts';
import { verbOf } from './marks.ts';

const refOf = ({ queue, id }: JobRef): JobRef => ({ queue, id });

/** A copy goes back into its own queue; the new job that a replay has made of it is taken out first. */
export function letterReturns(
  desk: Desk,
  ops: Returns,
  shelves: ReadonlyMap<string, Shelf>,
  how: 'restore' | 'revert',
): Returns {
  const shownOf = (ref: JobRef, names: ReadonlyMap<string, JobRef>): JobRef =>
    names.get(`${ref.queue}\n${ref.id}`) ?? ref;
  return {
    async settle(intent) {
      const back = how === 'revert' ? await settleTakenBack(desk, intent) : new Map<SavedJob, Outcome>();
      const rest = intent.jobs.filter((one) => !back.has(one));
      const outcomes = await ops.settle({ ...intent, jobs: rest.map((one) => innerSaved(one) ?? one) });
      for (const [index, one] of rest.entries())
        back.set(one, { ...(outcomes[index] as Outcome), ref: refOf(one.job) });
      return intent.jobs.map((one) => back.get(one) as Outcome);
    },
    async hold(saved, putBack, mark) {
      // any other change left the copies where they are
      const replayed = how === 'revert' && (mark === undefined || verbOf(mark) === 'replay');
      const again = saved.filter((one) => copyIn(one) !== undefined);
      const letters = replayed ? saved.filter((one) => innerSaved(one) !== undefined && !again.includes(one)) : [];
      const wanted = saved.filter((one) => !letters.includes(one) && !again.includes(one));
      const names = new Map<string, JobRef>();
      const outer = new Map<string, SavedJob>();
      const inner = wanted.map((one) => {
        const copy = innerSaved(one) ?? one;
        names.set(`${copy.job.queue}\n${copy.job.id}`, refOf(one.job));
        outer.set(`${one.job.queue}\n${one.job.id}`, copy);
        return copy;
      });
      // what waits in a dead-letter queue is dead: it cannot start there, so it need not be parked
      const asWas = putBack.asWas || (how === 'restore' && wanted.every((one) => innerSaved(one) !== undefined));
      const claim = await ops.hold(inner, { ...putBack, asWas }, mark);
      const parts = await taken(claim, async () => [
        ...(await takingBack(desk, claim.mark, letters, mark, putBack)),
        ...(how === 'revert' ? await takingAgain(desk, claim.mark, again, shelves, putBack) : []),
      ]);
      const told = (outcomes: readonly Outcome[]): Outcome[] =>
        outcomes.map((one) => ({ ...one, ref: shownOf(one.ref, names) }));
      return {
        ...claim,
        jobs: [
          ...claim.jobs.map((one) => {
            const shelf = shelves.get(shownOf(one.job, names).queue);
            return shelf === undefined || shelf.letter === undefined || one.job.queue !== shelf.queue
              ? one
              : (shownSaved(shelf, one) ?? one);
          }),
          ...parts.flatMap((part) => part.jobs),
        ],
        skipped: [
          ...told(claim.skipped),
          ...parts.flatMap((part) => part.skipped),
          ...(how === 'restore' ? again.map(liesThere) : []),
        ],
        async apply(jobs) {
          const copied = jobs.filter((one) => copyIn(one) !== undefined);
          const own = jobs.filter((one) => !copied.includes(one));
          const outcomes =
            own.length === 0
              ? []
              : told(await claim.apply(own.map((one) => outer.get(`${one.job.queue}\n${one.job.id}`) ?? one)));
          for (const part of parts) {
            const mine = new Set(part.jobs.map(({ job }) => `${job.queue}\n${job.id}`));
            const some = copied.filter(({ job }) => mine.has(`${job.queue}\n${job.id}`));
            if (some.length > 0) outcomes.push(...(await part.apply(some)));
          }
          return outcomes;
        },
        release: async () => void (await Promise.all([claim, ...parts].map((part) => part.release()))),
      };
    },
  };
}

/** What the first claim holds is let go of when the second cannot be made. */
async function taken<T>(claim: Claim, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await claim.release();
    throw error;
  }
}

/** What an undo has taken out lies where that has put it back: put back as well, there would be two of it. */
function liesThere(one: SavedJob): Outcome {
  const { queue, id } = copyIn(one)?.job ?? one.job;
  return skipped(one.job, 'conflict', `the undo put it back into ${queue}, as job ${id}: undo that run to change it`);
}
