import type { PutBack } from '../../domain/action.ts';
import type { SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { skipped } from './answers.ts';
import { isSame } from './compare.ts';
import type { Desk } from './desk.ts';
import { textOf } from './job.ts';
import { keysOf } from './keys.ts';
import { type Exchange, exchange, type Part } from './letter-exchange.ts';
import { innerSaved } from './letters.ts';
import { type Written, writtenUnder } from './marks.ts';
import { readIds } from './read-page.ts';
import { type Candidate, candidateOf } from './snapshot.ts';

/** A replay made a new job of a copy; here both are named. */
interface Pair {
  readonly shown: SavedJob;
  readonly copy: SavedJob;
}

/** The new jobs that a replay has made of copies, as far as none has started or was changed, go for those copies. */
export async function takingBack(
  desk: Desk,
  mark: string,
  letters: readonly SavedJob[],
  undone: string | undefined,
  how: PutBack,
): Promise<Part[]> {
  const pairs = letters.flatMap((shown): Pair[] => {
    const copy = innerSaved(shown);
    return copy === undefined ? [] : [{ shown, copy }];
  });
  const groups = Map.groupBy(pairs, ({ shown, copy }) => JSON.stringify([shown.job.queue, copy.job.queue]));
  return await Promise.all([...groups.values()].map((group) => ofOneQueue(desk, mark, group, undone, how)));
}

async function ofOneQueue(
  desk: Desk,
  mark: string,
  pairs: readonly Pair[],
  undone: string | undefined,
  how: PutBack,
): Promise<Part> {
  const { shown, copy } = pairs[0] as Pair;
  const [home, store] = [shown.job.queue, copy.job.queue];
  const made: Written =
    undone === undefined ? unknownYet : await writtenUnder(desk.connection, desk.prefix, home, undone);
  const newId = (one: Pair): string => made.jobs.get(one.copy.job.id) ?? '';
  const now = await readIds(desk.connection, keysOf(desk.prefix, home), pairs.map(newId).filter(Boolean));
  const lying = await readIds(
    desk.connection,
    keysOf(desk.prefix, store),
    pairs.map((one) => one.copy.job.id),
  );
  const missed: Outcome[] = [];
  const all: Exchange[] = [];
  for (const one of pairs) {
    const candidate = now.get(newId(one));
    const why = whyLying(one, lying.get(one.copy.job.id)) ?? whyNot(one, newId(one), candidate);
    if (why !== undefined) missed.push(why);
    else all.push({ out: candidate as Candidate, back: one.copy });
  }
  return await exchange(desk, mark, { from: home, to: store }, all, missed, how);
}

const unknownYet: Written = { jobs: new Map(), certain: false };
const WAITS = new Set(['wait', 'paused', 'prioritized']);
const traces = ['processedOn', 'finishedOn', 'failedReason', 'atm', 'ats', 'stc', 'returnvalue'];

function whyLying({ shown: { job }, copy }: Pair, there: Candidate | undefined): Outcome | undefined {
  if (there === undefined) return undefined;
  return isSame(there, candidateOf(copy))
    ? skipped(job, 'unchanged')
    : skipped(job, 'conflict', `another job lies in ${copy.job.queue} under its id`);
}

/** Only a job that nobody has touched is still the one that the replay has made. */
function whyNot({ shown: { job } }: Pair, id: string, now: Candidate | undefined): Outcome | undefined {
  if (id === '') return skipped(job, 'conflict', 'Redis does not know (any more) which new job it became');
  if (now === undefined)
    return skipped(job, 'started', `job ${id}, which it became, is gone: it has run, or was removed`);
  const { fields, native } = now.found;
  if (!WAITS.has(native ?? '') || traces.some((name) => fields.has(name)) || Object.keys(now.extras.lists).length > 0)
    return skipped(job, 'started', `as job ${id}, now ${native ?? 'elsewhere'}`);
  if (textOf(fields, 'data') !== job.payload || textOf(fields, 'name') !== job.type)
    return skipped(job, 'conflict', `job ${id}, which it became, was changed since`);
  return undefined;
}
