import type { Note, SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { carriedOut } from './claim.ts';
import { type Desk, writable } from './desk.ts';
import { textOf } from './job.ts';
import { keysOf, tagOf } from './keys.ts';
import { innerSaved, optionsOf, originalOf, type Shelf, shownId } from './letters.ts';
import { stateKeys } from './own-keys.ts';
import { type Argument, scripts } from './script.ts';
import { type Candidate, candidateOf } from './snapshot.ts';
import { type Item, identical, inSteps } from './step.ts';

/** How a job is taken out of the dead-letter queue where that cannot be done in the step that adds it. */
export type TakeOut = (jobs: readonly SavedJob[]) => Promise<Outcome[]>;

/** One step can write to both queues: always, but in a cluster only where they lie in one slot. */
const together = ({ connection, prefix }: Desk, { home, queue }: Shelf): boolean => {
  const tag = tagOf(`${prefix}:${home}:`);
  return !connection.redis.isCluster || (tag !== undefined && tag === tagOf(`${prefix}:${queue}:`));
};

/** The copies become waiting jobs of the queue that they are of, and are gone from the dead-letter queue. */
export async function adopt(
  desk: Desk,
  shelf: Shelf,
  mark: string,
  jobs: readonly SavedJob[],
  takeOut: TakeOut,
  note: Note | undefined,
): Promise<Outcome[]> {
  const place = await writable(desk, shelf.home);
  const one = together(desk, shelf);
  const inner = keysOf(desk.prefix, shelf.queue);
  const told = new Map<string, string>();
  const wanted = jobs.map((job) => candidateOf(innerSaved(job) ?? job));
  const items = wanted.flatMap((copy, index): Item[] => {
    const given = argumentsOf(shelf, jobs[index] as SavedJob, copy);
    if (given === undefined)
      told.set(copy.found.id, `fault:${shelf.queue} holds no original at ${shelf.letter?.payload}`);
    return given === undefined ? [] : [identical(copy, given)];
  });
  const made = new Map<string, string>();
  const outcomes = await carriedOut(wanted, told, async () => {
    try {
      await inSteps(desk, place, { script: scripts.adopt, mark, option: one ? inner.base : '' }, items, told, (ids) =>
        one ? [...stateKeys(inner), inner.events, ...ids.map((id) => inner.job(id))] : [],
      );
    } finally {
      for (const [id, answer] of told) {
        if (!answer.startsWith('as:')) continue;
        made.set(id, answer.slice('as:'.length));
        told.set(id, 'done');
      }
    }
  });
  if (made.size > 0)
    await note?.([...made].map(([id, as]) => ({ ref: { queue: shelf.home, id: shownId(shelf, id) }, as })));
  const added = jobs.filter(({ snapshot }) => made.has(String(snapshot['copy'])));
  const takenOut = one || added.length === 0 ? [] : await takeOut(added);
  return merge(outcomes, takenOut, made);
}

/** A copy that was added and could not be taken out is the operator's: whoever replays it again would double it. */
function merge(
  outcomes: readonly Outcome[],
  takenOut: readonly Outcome[],
  made: ReadonlyMap<string, string>,
): Outcome[] {
  const by = new Map(takenOut.map((outcome) => [outcome.ref.id, outcome]));
  return outcomes.map((outcome) => {
    const taken = by.get(outcome.ref.id);
    if (taken === undefined || taken.result === 'done' || (taken.result === 'skipped' && taken.why === 'not-found'))
      return outcome;
    return {
      ref: outcome.ref,
      result: 'unknown',
      why: `It waits again as job ${made.get(outcome.ref.id)}, and could not be taken out of ${outcome.ref.queue}: ${taken.why}. Do not replay it again.`,
    };
  });
}

/** As the application adds it; undefined where the copy does not hold the original. */
function argumentsOf({ letter }: Shelf, { job }: SavedJob, { found }: Candidate): Argument[] | undefined {
  const text = textOf(found.fields, 'data') ?? '';
  const payload = letter === undefined ? text : originalOf(letter, text);
  if (payload === undefined) return undefined;
  const options: Record<string, unknown> = { attempts: job.maxAttempts ?? 1, ...(letter && optionsOf(letter, text)) };
  const priority = typeof options['priority'] === 'number' ? options['priority'] : 0;
  return [job.type, payload, JSON.stringify(options), String(priority), '0', ''];
}
