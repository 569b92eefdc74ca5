import type { Claim, ClaimRequest, Claims, OpenIntent, SavedJob } from '../../domain/claim.ts';
import type { JobRef } from '../../domain/job.ts';
import type { Outcome, SkipReason } from '../../domain/outcome.ts';
import { matcher, type Selection } from '../../domain/selection.ts';
import { change } from './actions.ts';
import type { Connection } from './connection.ts';
import { toJob } from './memory-job.ts';
import { pushedPart } from './pushes.ts';
import { type Entry, keyOf, type MemoryStore } from './store.ts';

export const skipped = ({ queue, id }: JobRef, why: SkipReason, note?: string): Outcome => ({
  ref: { queue, id },
  result: 'skipped',
  why,
  ...(note !== undefined && { note }),
});

export const done = ({ queue, id }: JobRef): Outcome => ({ ref: { queue, id }, result: 'done' });

export const saved = (entry: Entry, store: MemoryStore): SavedJob => ({
  job: toJob(entry.job, store.clock()),
  snapshot: { ...entry.job },
});

/** Claims over the whole selection; each page is re-read when it is asked for, so a job that moved on is not in it. */
export const claims = (connection: Connection): Claims => ({
  async *claim(request) {
    const { selection, size } = request;
    const fits = matcher(pushedPart(selection));
    const walk = connection
      .use()
      .entries()
      .filter(({ job }) => selection.queues.includes(job.queue));
    let missed = unknownIds(selection, walk);
    for (let at = 0; at < walk.length || missed.length > 0; ) {
      const store = connection.use();
      const taken: Entry[] = [];
      const mark = store.nextMark();
      for (; at < walk.length && taken.length < size; at += 1) {
        const entry = store.get(walk[at]?.job as JobRef);
        if (entry === undefined) continue;
        const named = selection.ids?.includes(entry.job.id);
        if (!fits(toJob(entry.job, store.clock()))) {
          if (named && !fits({ ...toJob(entry.job, store.clock()), state: selection.states[0] ?? 'dead' })) continue;
          if (named) missed.push(skipped(entry.job, 'state-changed'));
        } else if (!store.held.has(keyOf(entry.job))) {
          store.held.set(keyOf(entry.job), mark);
          taken.push(entry);
        } else if (named) missed.push(skipped(entry.job, 'locked'));
      }
      if (taken.length > 0 || missed.length > 0) yield claimOf(connection, request, mark, taken, missed);
      missed = [];
    }
  },
  settle: async (intent) => settle(connection.use(), intent),
});

/** Exact: the store knows which claim wrote which job. */
export const settle = (store: MemoryStore, { mark, jobs }: OpenIntent): Outcome[] =>
  jobs.map(({ job }) => (store.wrote(mark, job) ? done(job) : skipped(job, 'not-applied')));

/** Lets go of the jobs held under this mark, once. */
export const letGo = (connection: Connection, mark: string, refs: readonly JobRef[]) =>
  connection.owe(() => {
    for (const key of refs.map(keyOf)) {
      if (connection.store.held.get(key) === mark) connection.store.held.delete(key);
    }
  });

function claimOf(
  connection: Connection,
  request: ClaimRequest,
  mark: string,
  taken: Entry[],
  missed: Outcome[],
): Claim {
  const release = letGo(
    connection,
    mark,
    taken.map(({ job }) => job),
  );
  const versions = new Map(taken.map(({ job, version }) => [keyOf(job), version]));
  const applyOne = (store: MemoryStore, { job }: SavedJob): Outcome => {
    const entry = store.get(job);
    if (entry === undefined) return skipped(job, 'not-found');
    if (entry.version !== versions.get(keyOf(job)) || store.held.get(keyOf(job)) !== mark)
      return skipped(job, 'state-changed');
    const made = change(entry.job, request.action, request.selection, store.clock());
    if ('skip' in made) return skipped(job, made.skip, made.note);
    if (made.next === 'removed') store.remove(job, mark);
    else if (made.next.state === 'waiting' && store.hasTwin(made.next)) return skipped(job, 'duplicate');
    else store.put(made.next, mark);
    return done(job);
  };
  return {
    jobs: taken.map((entry) => saved(entry, connection.store)),
    skipped: missed,
    mark,
    apply: async (jobs) => {
      const store = connection.useToWrite(jobs.map(({ job }) => job.queue));
      return jobs.map((job) => applyOne(store, job));
    },
    release: async () => release(),
  };
}

function unknownIds({ ids, queues: [queue] }: Selection, walk: readonly Entry[]): Outcome[] {
  if (ids === undefined || queue === undefined) return [];
  const known = new Set(walk.map(({ job }) => job.id));
  return ids.filter((id) => !known.has(id)).map((id) => skipped({ queue, id }, 'not-found'));
}
