import type { PutBack } from '../../domain/action.ts';
import type { OpenIntent, SavedJob } from '../../domain/claim.ts';
import { fromDate } from '../../domain/instant.ts';
import type { JobRef } from '../../domain/job.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { skipped } from './answers.ts';
import { type Desk, writable } from './desk.ts';
import { innerSaved } from './letters.ts';
import { writtenUnder } from './marks.ts';
import { restore } from './returns.ts';

/**
 * What goes with the job that an undo takes out into its backup: what it puts back for it. Of an undo of a replay that is the
 * copy that the new job was made of, as it lay in the dead-letter queue; of an undo of this undo the new job.
 */
export const COPY = 'takenBack';
export const copyIn = ({ snapshot }: SavedJob): SavedJob | undefined => snapshot[COPY] as SavedJob | undefined;
export const withoutCopy = ({ job, snapshot: { [COPY]: _, ...snapshot } }: SavedJob): SavedJob => ({ job, snapshot });

/** The copies lie in their queue as they did. What became of each, by its id there. */
export async function putIn(
  desk: Desk,
  mark: string,
  store: string,
  copies: readonly SavedJob[],
  how: PutBack,
): Promise<Map<string, Outcome>> {
  if (copies.length === 0) return new Map();
  const claim = await restore(desk, await writable(desk, store), mark, copies, { ...how, asWas: true });
  const outcomes = [...claim.skipped, ...(claim.jobs.length === 0 ? [] : await claim.apply(claim.jobs))];
  return new Map(outcomes.map((outcome) => [outcome.ref.id, outcome]));
}

/** Taken out it is already: what keeps its copy from going back is the operator's to settle. */
export function ended(ref: JobRef, back: Outcome | undefined): Outcome {
  if (back?.result === 'done' || (back?.result === 'skipped' && back.why === 'unchanged'))
    return { ref, result: 'done' };
  const { queue = '', id = '' } = back?.ref ?? {};
  return {
    ref,
    result: 'unknown',
    why: `It was taken out of ${ref.queue}, and job ${id} could not be put back into ${queue}: ${back?.why ?? 'no answer'}. The backup of the first run has it.`,
  };
}

/** What was taken out under the mark and whose copy is not back goes back now. */
export async function settleTakenBack(desk: Desk, { mark, jobs }: OpenIntent): Promise<Map<SavedJob, Outcome>> {
  const told = new Map<SavedJob, Outcome>();
  const pairs = jobs.flatMap((one) => {
    const copy = copyIn(one);
    return copy === undefined ? [] : [{ one, copy, gone: innerSaved(one) ?? one }];
  });
  const groups = Map.groupBy(pairs, ({ gone, copy }) => JSON.stringify([gone.job.queue, copy.job.queue]));
  for (const [queues, group] of groups) {
    const [from, to] = JSON.parse(queues) as [string, string];
    const out = await writtenUnder(desk.connection, desk.prefix, from, mark);
    const back = await writtenUnder(desk.connection, desk.prefix, to, mark);
    const half = group.filter(({ gone, copy }) => out.jobs.has(gone.job.id) && !back.jobs.has(copy.job.id));
    const how = { asWas: true, cutoff: fromDate(new Date()) };
    const now = await putIn(
      desk,
      mark,
      to,
      half.map(({ copy }) => copy),
      how,
    );
    for (const { one, gone, copy } of group) {
      const ref = { queue: one.job.queue, id: one.job.id };
      if (back.jobs.has(copy.job.id)) told.set(one, { ref, result: 'done' });
      else if (out.jobs.has(gone.job.id)) told.set(one, ended(ref, now.get(copy.job.id)));
      else told.set(one, out.certain ? skipped(ref, 'not-applied') : tooLate(ref));
    }
  }
  return told;
}

const tooLate = (ref: JobRef): Outcome => ({
  ref,
  result: 'unknown',
  why: 'It is too long ago for Redis to know: compare the job with the backup.',
});
