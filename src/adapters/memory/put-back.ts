import type { PutBack } from '../../domain/action.ts';
import type { Claim, Returns, SavedJob } from '../../domain/claim.ts';
import type { Outcome, SkipReason } from '../../domain/outcome.ts';
import { done, letGo, saved as savedNow, settle, skipped } from './claim.ts';
import type { Connection } from './connection.ts';
import { jobText, type MemoryJob } from './memory-job.ts';
import { keyOf, type MemoryStore } from './store.ts';

const atRest = new Set(['completed', 'dead', 'cancelled']);

/** The stored form that the saved job comes back in: as it was, or dead when it could start by itself. */
function formOf({ snapshot }: SavedJob, how: PutBack): MemoryJob {
  const was = snapshot as unknown as MemoryJob;
  if (how.asWas || atRest.has(was.state)) return was;
  return {
    ...was,
    state: 'dead',
    retrying: false,
    since: how.cutoff,
    worker: undefined,
    leaseUntil: undefined,
    cancelAsked: undefined,
  };
}

/** Already put back, or never changed. When it came back dead, the moment it did so is no difference. */
const isThere = (now: MemoryJob, saved: SavedJob, wanted: MemoryJob): boolean => {
  const was = saved.snapshot as unknown as MemoryJob;
  if (jobText(now) === jobText(was)) return true;
  return jobText(now, wanted === was ? [] : ['since']) === jobText(wanted, wanted === was ? [] : ['since']);
};

type Judge = (
  store: MemoryStore,
  saved: SavedJob,
  wanted: MemoryJob,
  mark: string | undefined,
) => SkipReason | undefined;

/** Why a job cannot be recreated: it is there. */
const whyNotRestore: Judge = (store, saved, wanted) => {
  const there = store.get(saved.job)?.job;
  if (there === undefined) return undefined;
  return isThere(there, saved, wanted) ? 'unchanged' : 'conflict';
};

/** Why a change cannot be taken back: the write under `mark` is not the last one. */
const whyNotRevert: Judge = (store, saved, wanted, mark) => {
  const there = store.get(saved.job);
  if (there === undefined) return 'not-found';
  if (isThere(there.job, saved, wanted)) return 'unchanged';
  if (mark !== undefined && there.mark === mark) return undefined;
  return mark !== undefined && there.mark === undefined && store.wrote(mark, saved.job) ? 'started' : 'conflict';
};

function hold(connection: Connection, judge: Judge, jobs: readonly SavedJob[], how: PutBack, undone?: string): Claim {
  const store = connection.use();
  const mark = store.nextMark();
  const missed: Outcome[] = [];
  const held = jobs.filter((saved) => {
    const wanted = formOf(saved, how);
    const key = keyOf(saved.job);
    const why = judge(store, saved, wanted, undone) ?? (store.held.has(key) ? 'locked' : undefined);
    if (why !== undefined) missed.push(skipped(saved.job, why));
    else store.held.set(key, mark);
    return why === undefined;
  });
  const given = new Map(held.map((saved) => [keyOf(saved.job), saved]));
  const applyOne = (held: SavedJob): Outcome => {
    const saved = given.get(keyOf(held.job)) ?? held;
    const wanted = formOf(saved, how);
    const why = store.held.get(keyOf(saved.job)) === mark ? judge(store, saved, wanted, undone) : 'locked';
    if (why !== undefined) return skipped(saved.job, why);
    if ((wanted.state === 'waiting' || wanted.state === 'delayed') && store.hasTwin(wanted))
      return skipped(saved.job, 'duplicate');
    store.put(wanted, mark);
    return done(saved.job);
  };
  const release = letGo(
    connection,
    mark,
    held.map(({ job }) => job),
  );
  return {
    // what is about to be overwritten, where there is something: that is what must be saved first
    jobs: held.map((saved) => {
      const there = store.get(saved.job);
      return there === undefined ? saved : savedNow(there, store);
    }),
    skipped: missed,
    mark,
    apply: async (chosen) => {
      connection.useToWrite(chosen.map(({ job }) => job.queue));
      return chosen.map(applyOne);
    },
    release: async () => release(),
  };
}

const returns = (connection: Connection, judge: Judge): Returns => ({
  hold: async (jobs, how, mark) => hold(connection, judge, jobs, how, mark),
  settle: async (intent) => settle(connection.use(), intent),
});

export const restores = (connection: Connection): Returns => returns(connection, whyNotRestore);
export const reverts = (connection: Connection): Returns => returns(connection, whyNotRevert);
