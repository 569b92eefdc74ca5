import type { PutBack } from '../../domain/action.ts';
import type { Claim, SavedJob } from '../../domain/claim.ts';
import type { JobRef } from '../../domain/job.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { carriedOut } from './claim.ts';
import { type Desk, writable } from './desk.ts';
import { holdAll } from './hold.ts';
import { COPY, ended, putIn } from './letter-back.ts';
import { innerSaved } from './letters.ts';
import { scripts } from './script.ts';
import { type Candidate, savedOf } from './snapshot.ts';
import { identical, inSteps } from './step.ts';

/** A job of one queue that goes, and that of another queue which comes in its place. */
export interface Exchange {
  readonly out: Candidate;
  readonly back: SavedJob;
}

export type Part = Pick<Claim, 'jobs' | 'skipped' | 'apply' | 'release'>;

/**
 * Holds what goes. Applied, each is taken out first and the other put back then: whoever stops in between leaves both in the
 * backup, and `settleTakenBack` puts it back. `shownAs`: how what goes is named.
 */
export async function exchange(
  desk: Desk,
  mark: string,
  queues: { readonly from: string; readonly to: string },
  all: readonly Exchange[],
  missed: readonly Outcome[],
  how: PutBack,
  shownAs: (saved: SavedJob) => SavedJob = (saved) => saved,
): Promise<Part> {
  const place = await writable(desk, queues.from);
  await writable(desk, queues.to); // what could not go back is not taken out
  const by = new Map(all.map((one) => [one.out.found.id, one]));
  const outs = all.map(({ out }) => out);
  const holding = await holdAll(desk, place, mark, outs);
  const refs = new Map(outs.map((out) => [out.found.id, refOf(shownAs(savedOf(out)).job)]));
  const named = (outcome: Outcome): Outcome => ({ ...outcome, ref: refs.get(outcome.ref.id) ?? outcome.ref });
  return {
    jobs: holding.held.map((out) => {
      const { job, snapshot } = shownAs(savedOf(out));
      return { job, snapshot: { ...snapshot, [COPY]: by.get(out.found.id)?.back } };
    }),
    skipped: [...missed, ...holding.missed.map(named)],
    async apply(jobs) {
      const chosen = jobs.flatMap((one) => by.get((innerSaved(one) ?? one).job.id)?.out ?? []);
      const told = new Map<string, string>();
      const items = chosen.map((out) => identical(out));
      const outcomes = await carriedOut(chosen, told, () =>
        inSteps(desk, place, { script: scripts.remove, mark }, items, told),
      );
      const out = outcomes.flatMap(({ ref, result }) => (result === 'done' ? [ref.id] : []));
      const backs = out.map((id) => by.get(id)?.back as SavedJob);
      const back = await putIn(desk, mark, queues.to, backs, how);
      return outcomes.map((outcome) => {
        const { ref, result } = named(outcome);
        return result === 'done' ? ended(ref, back.get(by.get(outcome.ref.id)?.back.job.id ?? '')) : named(outcome);
      });
    },
    release: holding.release,
  };
}

const refOf = ({ queue, id }: JobRef): JobRef => ({ queue, id });
