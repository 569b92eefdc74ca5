import type { PutBack } from '../../domain/action.ts';
import type { Claim, Returns, SavedJob } from '../../domain/claim.ts';
import { toMicros } from '../../domain/instant.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { outcomeOf, skipped } from './answers.ts';
import { cancelAgain } from './cancel-again.ts';
import { carriedOut } from './claim.ts';
import { isParked, isSame, PARKED_REASON } from './compare.ts';
import type { Desk, Place } from './desk.ts';
import { holding } from './holding.ts';
import { locate } from './locate.ts';
import { verbOf } from './marks.ts';
import { readIds } from './read-page.ts';
import { revert } from './revert.ts';
import { type Argument, scripts } from './script.ts';
import { stateSets } from './sets.ts';
import { settle } from './settle.ts';
import { type Candidate, candidateOf, extraLists } from './snapshot.ts';
import { type Item, inSteps } from './step.ts';

/** `restore`: jobs that are gone. */
export const restoring = (desk: Desk): Returns => ({
  settle: (intent) => settle(desk, intent),
  hold: (saved, how) => holding(desk, 'restore', saved, (place, mark, jobs) => restore(desk, place, mark, jobs, how)),
});

/** `revert`: jobs that are there, and that nobody touched since our own write. */
export const reverting = (desk: Desk): Returns => ({
  settle: (intent) => settle(desk, intent),
  hold(saved, how, undone) {
    switch (undone === undefined ? '' : verbOf(undone)) {
      case 'cancel': // such a job is gone: to take that back is to recreate it
        return holding(desk, UNCANCEL, saved, (place, mark, jobs) =>
          restore(desk, place, mark, jobs, { ...how, asWas: true }),
        );
      case UNCANCEL:
        return holding(desk, 'cancel', saved, (place, mark, jobs) => cancelAgain(desk, place, mark, jobs));
      default:
        return holding(desk, 'revert', saved, (place, mark, jobs) => revert(desk, place, mark, jobs, undone));
    }
  },
});

/** In the mark of the undo of a cancel, by which an undo of that one knows what it was. */
const UNCANCEL = 'uncancel';

/** Puts back those of one queue that are gone, under a mark that is given. */
export async function restore(
  desk: Desk,
  place: Place,
  mark: string,
  saved: readonly SavedJob[],
  how: PutBack,
): Promise<Claim> {
  const ids = saved.map(({ job }) => job.id);
  const now = await readIds(desk.connection, place.keys, ids);
  // where a job's hash was evicted or deleted by hand, its id still stands in line: put back as well, it would stand there twice
  const gone = ids.filter((id) => !now.has(id));
  const ghosts = new Set((await locate(desk.connection, place.keys, gone, lists)).map(({ id }) => id));
  const missed: Outcome[] = [];
  const missing = saved.filter((one) => {
    const why = whyNot(now.get(one.job.id), candidateOf(one), how);
    if (why !== undefined)
      missed.push(skipped(one.job, why, why === 'conflict' ? 'another version of this job is there' : undefined));
    else if (ghosts.has(one.job.id)) missed.push(outcomeOf(one.job, 'stray'));
    return why === undefined && !ghosts.has(one.job.id);
  });
  return {
    jobs: missing,
    skipped: missed,
    mark,
    async apply(jobs) {
      const wanted = jobs.map((one) => formOf(candidateOf(one), how));
      const told = new Map<string, string>();
      const option = highest(wanted);
      return await carriedOut(wanted, told, () =>
        inSteps(desk, place, { script: scripts.restore, mark, option }, wanted.map(itemOf), told),
      );
    },
    release: async () => {},
  };
}

const lists = stateSets.filter(({ kind }) => kind === 'list');

const whyNot = (now: Candidate | undefined, then: Candidate, how: PutBack): 'unchanged' | 'conflict' | undefined => {
  if (now === undefined) return undefined;
  return isSame(now, then) || (!how.asWas && isParked(now, then)) ? 'unchanged' : 'conflict';
};

const AT_REST = new Set(['failed', 'completed']);
const FAILED = 7;

/** As it was, or among the dead when it could start by itself. */
function formOf(then: Candidate, { asWas, cutoff }: PutBack): Candidate {
  if (AT_REST.has(then.found.native ?? '') || (asWas && then.found.native !== undefined)) return then;
  const ms = String(toMicros(cutoff) / 1000n);
  const fields = new Map(then.found.fields);
  fields.set('finishedOn', Buffer.from(ms)).set('failedReason', Buffer.from(PARKED_REASON));
  return { ...then, state: FAILED, score: ms, found: { ...then.found, native: 'failed', score: Number(ms), fields } };
}

const counted = (items: readonly Argument[]): Argument[] => [String(items.length), ...items];

function itemOf({ found, state, score, extras }: Candidate): Item {
  const fields = [...found.fields].flatMap(([name, value]) => [Buffer.from(name, 'latin1'), value]);
  const owned = extras.owner === found.id;
  return {
    id: found.id,
    given: [
      found.id,
      String(state),
      score,
      owned ? '1' : '0',
      String(extras.window ?? -1),
      ...counted(fields),
      ...extraLists.flatMap((name) => counted(extras.lists[name] ?? [])),
    ],
  };
}

/** The counter goes to 2^63; an id beyond that is none of its. */
const LAST = 9_223_372_036_854_775_000n;

function highest(jobs: readonly Candidate[]): string {
  let most = 0n;
  for (const { found } of jobs) {
    if (!/^[1-9]\d{0,18}$/.test(found.id)) continue;
    const id = BigInt(found.id);
    if (id > most && id < LAST) most = id;
  }
  return most === 0n ? '' : String(most);
}
