import type { MemoryAdapter, MemoryJob } from '../../src/adapters/memory/index.ts';
import { asReader } from '../../src/adapters/wrap/as-reader.ts';
import type { Capabilities, Claim, Claims, Lock, QueueAdapter, QueueReader, Returns, SavedJob } from '../../src/domain/adapter.ts';
import type { Job } from '../../src/domain/job.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { criteria, matcher, type Selection } from '../../src/domain/selection.ts';

/** An adapter that breaks one promise, and the topic of the kit that must notice. */
export interface Fault {
  readonly name: string;
  readonly topic: string;
  readonly plant: (memory: MemoryAdapter) => QueueAdapter;
}

const withReader = (memory: MemoryAdapter, change: Partial<QueueReader>): QueueAdapter => ({ ...asReader(memory), ...change, can: memory.can });

const withCan = (memory: MemoryAdapter, change: Partial<Capabilities>): QueueAdapter => ({ ...asReader(memory), can: { ...memory.can, ...change } });

type Verb = 'replay' | 'reset' | 'remove' | 'cancel' | 'edit';
const verbs = ['replay', 'reset', 'remove', 'cancel', 'edit'] as const;

const claimsOf = (memory: MemoryAdapter): Claims => {
  if (memory.can.replay.level === 'none') throw new TypeError('the memory backend can');
  return memory.can.replay.ops;
};

const returnsOf = (memory: MemoryAdapter, verb: 'restore' | 'revert'): Returns => {
  const capability = memory.can[verb];
  if (capability.level === 'none') throw new TypeError('the memory backend can');
  return capability.ops;
};

const doneAll = (jobs: readonly SavedJob[]): Outcome[] => jobs.map(({ job: { queue, id } }) => ({ ref: { queue, id }, result: 'done' }));

/** Every claim is changed so. */
function claiming(change: (claim: Claim, memory: MemoryAdapter, verb: Verb) => Partial<Claim>) {
  return (memory: MemoryAdapter): QueueAdapter => {
    const ops: Claims = {
      async *claim(request) {
        for await (const claim of claimsOf(memory).claim(request)) yield { ...claim, ...change(claim, memory, request.action.verb) };
      },
      settle: (intent) => claimsOf(memory).settle(intent),
    };
    return withCan(memory, Object.fromEntries(verbs.map((verb) => [verb, { level: 'native', ops }])));
  };
}

const holding = (verb: 'restore' | 'revert', hold: (inner: Returns, memory: MemoryAdapter) => Returns['hold']) => (memory: MemoryAdapter) => {
  const inner = returnsOf(memory, verb);
  return withCan(memory, { [verb]: { level: 'native', ops: { hold: hold(inner, memory), settle: (intent) => inner.settle(intent) } } satisfies Partial<Capabilities>[typeof verb] });
};

const stored = (memory: MemoryAdapter, { job }: SavedJob): MemoryJob | undefined => memory.store.get(job)?.job;

/** Writes what was saved over whatever is there. */
const overwrite = (memory: MemoryAdapter, saved: readonly SavedJob[], release: () => Promise<void> = async () => {}): Claim => ({
  jobs: saved,
  skipped: [],
  mark: memory.store.nextMark(),
  apply: async (jobs) => {
    for (const { snapshot } of jobs) memory.put(snapshot as unknown as MemoryJob);
    return doneAll(jobs);
  },
  release,
});

const settling = (result: (saved: SavedJob) => Outcome) => (memory: MemoryAdapter) => {
  const ops: Claims = { claim: (request) => claimsOf(memory).claim(request), settle: async ({ jobs }) => jobs.map(result) };
  return withCan(memory, Object.fromEntries(verbs.map((verb) => [verb, { level: 'native', ops }])));
};

async function* changed(pages: AsyncIterable<Job[]>, change: (page: Job[]) => Job[]): AsyncIterable<Job[]> {
  for await (const page of pages) yield change(page);
}

const claimingAgain = (next: (selection: Selection) => Selection) => (memory: MemoryAdapter) => {
  const ops: Claims = {
    claim: (request) => claimsOf(memory).claim({ ...request, selection: next(request.selection) }),
    settle: (intent) => claimsOf(memory).settle(intent),
  };
  return withCan(memory, Object.fromEntries(verbs.map((verb) => [verb, { level: 'native', ops }])));
};

const locking = (acquire: (memory: MemoryAdapter, got: () => Promise<Lock>) => Promise<Lock>) => (memory: MemoryAdapter) => {
  const { lock } = memory.can;
  if (lock.level === 'none') return memory;
  return withCan(memory, { lock: { level: 'native', ops: { acquire: (request) => acquire(memory, () => lock.ops.acquire(request)) } } });
};

const freeLock: Lock = { lost: new AbortController().signal, release: async () => {} };

export const faults: readonly Fault[] = [
  {
    name: 'gives no reason for what it lacks',
    topic: 'capabilities',
    plant: (memory) => withCan(memory, { cancel: { level: 'none', why: '' } }),
  },
  {
    name: 'claims an ability without its operations',
    topic: 'capabilities',
    plant: (memory) => withCan(memory, { restore: { level: 'native', ops: {} as Returns } }),
  },
  {
    name: 'shows a password',
    topic: 'capabilities',
    plant: (memory) => withReader(memory, { backend: { ...memory.backend, where: 'redis://app:geheim@cache:6379' } }),
  },
  {
    name: 'a read writes',
    topic: 'browse',
    plant: (memory) =>
      withReader(memory, {
        async stats(request) {
          for (const { job } of memory.store.entries()) memory.put({ ...job, attempts: job.attempts + 1 });
          return memory.stats(request);
        },
      }),
  },
  {
    name: 'browse drops the last page',
    topic: 'browse',
    plant: (memory) =>
      withReader(memory, {
        async *browse(selection, options) {
          let held: Job[] | undefined;
          for await (const page of memory.browse(selection, options)) {
            if (held) yield held;
            held = page;
          }
        },
      }),
  },
  {
    name: 'browse knows one order only',
    topic: 'browse',
    plant: (memory) => withReader(memory, { browse: (selection, { size }) => memory.browse(selection, { size, order: 'oldest' }) }),
  },
  {
    name: 'browse ignores the page size',
    topic: 'browse',
    plant: (memory) => withReader(memory, { browse: (selection, { order }) => memory.browse(selection, { size: 50, order }) }),
  },
  {
    name: 'browse takes an empty list of ids for all',
    topic: 'browse',
    plant: (memory) =>
      withReader(memory, {
        count: (selection) => memory.count(selection.ids?.length === 0 ? { ...selection, ids: undefined } : selection),
      }),
  },
  {
    name: 'find ignores the queue',
    topic: 'find',
    plant: (memory) => withReader(memory, { find: (id) => memory.find(id) }),
  },
  {
    name: 'find fails for an id of another shape',
    topic: 'find',
    plant: (memory) =>
      withReader(memory, {
        async find(id, queue) {
          BigInt(id || 'empty');
          return memory.find(id, queue);
        },
      }),
  },
  {
    name: 'find forgets the proof that an owner is gone',
    topic: 'find',
    plant: (memory) =>
      withReader(memory, {
        async find(id, queue) {
          const detail = await memory.find(id, queue);
          return detail && { ...detail, job: { ...detail.job, stuck: undefined } };
        },
      }),
  },
  {
    name: 'stats drop a state',
    topic: 'stats',
    plant: (memory) =>
      withReader(memory, {
        stats: async (request) => (await memory.stats(request)).map((row) => ({ ...row, counts: { ...row.counts, cancelled: 0 } })),
      }),
  },
  {
    name: 'stats call an empty age zero',
    topic: 'stats',
    plant: (memory) =>
      withReader(memory, {
        stats: async (request) => (await memory.stats(request)).map((row) => ({ ...row, oldestWaitingSeconds: row.oldestWaitingSeconds ?? 0 })),
      }),
  },
  {
    name: 'stats ignore the queues asked for',
    topic: 'stats',
    plant: (memory) => withReader(memory, { stats: ({ by }) => memory.stats({ by }) }),
  },
  {
    name: 'a breakdown loses a group',
    topic: 'stats',
    plant: (memory) =>
      withReader(memory, {
        stats: async (request) => (await memory.stats(request)).map((row) => (row.by ? { ...row, by: row.by.slice(1) } : row)),
      }),
  },
  {
    name: 'count is too low',
    topic: 'selection',
    plant: (memory) =>
      withReader(memory, {
        async count(selection) {
          const { value } = await memory.count(selection);
          return { value: Math.max(0, value - 1), exact: true };
        },
      }),
  },
  {
    name: 'says that it pushes what it does not',
    topic: 'selection',
    plant: (memory) => withReader(memory, { pushes: new Set(criteria) }),
  },
  {
    name: 'pushes a time with the wrong edge',
    topic: 'selection',
    plant: (memory) =>
      withReader(memory, {
        browse: (selection, options) =>
          changed(memory.browse(selection, options), (page) => page.filter(({ since = '' }) => selection.before === undefined || since < selection.before)),
      }),
  },
  {
    name: 'pushes a time cut to milliseconds',
    topic: 'selection',
    plant: (memory) =>
      withReader(memory, {
        browse: (selection, options) =>
          changed(memory.browse(selection, options), (page) =>
            page.filter(({ since = '' }) => selection.before === undefined || since.slice(0, 23) <= `${selection.before.slice(0, 22)}0`),
          ),
      }),
  },
  {
    name: 'pushes the cutoff by the due time of delayed jobs',
    topic: 'selection',
    plant: (memory) =>
      withReader(memory, {
        browse: (selection, options) => {
          const fits = (job: Job) => selection.cutoff === undefined || (job.since ?? '') <= selection.cutoff;
          return changed(memory.browse(selection, options), (page) => page.filter(fits));
        },
      }),
  },
  {
    name: 'does not hold what it claims',
    topic: 'claim',
    plant: claiming((claim, memory) => {
      memory.store.held.clear();
      return { jobs: claim.jobs };
    }),
  },
  { name: 'forgets to release', topic: 'claim', plant: claiming(() => ({ release: async () => {} })) },
  {
    name: 'applies to the whole claim, whatever it is given',
    topic: 'claim',
    plant: claiming((claim) => ({ apply: () => claim.apply(claim.jobs) })),
  },
  { name: 'takes an empty list of types for all', topic: 'claim', plant: claimingAgain((one) => ({ ...one, types: undefined })) },
  { name: 'does not tell what it could not hold', topic: 'claim', plant: claiming(() => ({ skipped: [] })) },
  {
    name: 'does not look again before the next claim',
    topic: 'claim',
    plant: (memory) => {
      const ops: Claims = {
        async *claim(request) {
          const saved: SavedJob[] = [];
          for await (const claim of claimsOf(memory).claim(request)) {
            saved.push(...claim.jobs);
            await claim.release();
          }
          for (let at = 0; at < saved.length; at += request.size) yield overwrite(memory, saved.slice(at, at + request.size));
        },
        settle: (intent) => claimsOf(memory).settle(intent),
      };
      return withCan(memory, { replay: { level: 'native', ops } });
    },
  },
  {
    name: 'replays twice',
    topic: 'replay',
    plant: claiming((claim, memory) => ({
      async apply(jobs) {
        const outcomes = await claim.apply(jobs);
        for (const { job } of jobs) memory.seed([{ queue: job.queue, type: job.type, payload: job.payload }]);
        return outcomes;
      },
    })),
  },
  { name: 'reports a skip as done', topic: 'replay', plant: claiming((claim) => ({ apply: async (jobs) => doneAll((await claim.apply(jobs), jobs)) })) },
  {
    name: 'forces a twin',
    topic: 'replay',
    plant: claiming((claim, memory) => ({
      async apply(jobs) {
        await claim.apply(jobs);
        for (const saved of jobs) {
          const job = stored(memory, saved);
          if (job?.state === 'dead') memory.put({ ...job, state: 'waiting' });
        }
        return doneAll(jobs);
      },
    })),
  },
  {
    name: 'keeps the attempts used up',
    topic: 'replay',
    plant: claiming((claim, memory) => ({
      async apply(jobs) {
        const outcomes = await claim.apply(jobs);
        for (const saved of jobs) {
          const job = stored(memory, saved);
          if (job) memory.put({ ...job, attempts: saved.job.attempts });
        }
        return outcomes;
      },
    })),
  },
  {
    name: 'resets without proof',
    topic: 'reset',
    plant: claimingAgain((one) => ({ ...one, stuck: undefined, before: '9999-01-01T00:00:00.000000Z' })),
  },
  {
    name: 'removes without a second look',
    topic: 'remove',
    plant: claiming((claim, memory, verb) => {
      if (verb !== 'remove') return {};
      memory.store.held.clear();
      return {
        async apply(jobs) {
          for (const { job } of jobs) memory.take(job);
          return doneAll(jobs);
        },
        jobs: claim.jobs,
      };
    }),
  },
  {
    name: 'removes the neighbours as well',
    topic: 'remove',
    plant: claiming((claim, memory) => ({
      async apply(jobs) {
        const outcomes = await claim.apply(jobs);
        for (const { job } of memory.store.entries()) if (job.queue === jobs[0]?.job.queue) memory.take(job);
        return outcomes;
      },
    })),
  },
  {
    name: 'cancels what has ended',
    topic: 'cancel',
    plant: claiming((_, memory) => ({
      async apply(jobs) {
        for (const saved of jobs) {
          const job = stored(memory, saved);
          if (job) memory.put({ ...job, state: 'cancelled' });
        }
        return doneAll(jobs);
      },
    })),
  },
  {
    name: 'an edit also wakes the job',
    topic: 'edit',
    plant: claiming((claim, memory, verb) => ({
      async apply(jobs) {
        const outcomes = await claim.apply(jobs);
        for (const saved of verb === 'edit' ? jobs : []) {
          const job = stored(memory, saved);
          if (job) memory.put({ ...job, state: 'waiting' });
        }
        return outcomes;
      },
    })),
  },
  { name: 'restore overwrites', topic: 'restore', plant: holding('restore', (_, memory) => async (saved) => overwrite(memory, saved)) },
  {
    name: 'restore starts jobs by itself',
    topic: 'restore',
    plant: holding('restore', (inner) => (saved, how, mark) => inner.hold(saved, { ...how, asWas: true }, mark)),
  },
  {
    name: 'a backup loses one byte of the payload',
    topic: 'restore',
    plant: claiming((claim) => ({
      jobs: claim.jobs.map((saved) => ({ ...saved, snapshot: { ...saved.snapshot, payload: String(saved.snapshot['payload']).replace('\\ud800', '\\ufffd') } })),
    })),
  },
  {
    name: 'a backup rounds the payload through JSON.parse',
    topic: 'restore',
    plant: claiming((claim) => ({
      jobs: claim.jobs.map((saved) => {
        const { payload } = saved.snapshot as unknown as MemoryJob;
        return payload.startsWith('{"id"') ? { ...saved, snapshot: { ...saved.snapshot, payload: JSON.stringify(JSON.parse(payload)) } } : saved;
      }),
    })),
  },
  { name: 'undo ignores the mark', topic: 'revert', plant: holding('revert', (_, memory) => async (saved) => overwrite(memory, saved)) },
  {
    name: 'settle always says done',
    topic: 'settle',
    plant: settling(({ job: { queue, id } }) => ({ ref: { queue, id }, result: 'done' })),
  },
  {
    name: 'settle always says that nothing happened',
    topic: 'settle',
    plant: settling(({ job: { queue, id } }) => ({ ref: { queue, id }, result: 'skipped', why: 'not-applied' })),
  },
  {
    name: 'settle judges by the state alone',
    topic: 'settle',
    plant: (memory) => {
      const fits = matcher({ queues: [...memory.store.queues], states: ['waiting'] });
      return settling((saved) => {
        const job = stored(memory, saved);
        const { queue, id } = saved.job;
        const applied = job !== undefined && (fits({ ...saved.job, state: job.state, queue: [...memory.store.queues][0] ?? queue }) || job.state === 'waiting');
        return applied ? { ref: { queue, id }, result: 'done' } : { ref: { queue, id }, result: 'skipped', why: 'not-applied' };
      })(memory);
    },
  },
  { name: 'the lock lets two in', topic: 'lock', plant: locking(async () => freeLock) },
  {
    name: 'the lock does not wait',
    topic: 'lock',
    plant: (memory) => {
      const { lock } = memory.can;
      if (lock.level === 'none') return memory;
      return withCan(memory, { lock: { level: 'native', ops: { acquire: (request) => lock.ops.acquire({ ...request, waitMs: 0 }) } } });
    },
  },
  {
    name: 'the lock does not say who holds it',
    topic: 'lock',
    plant: locking(async (_, acquire) =>
      acquire().catch((error: Error) => {
        error.message = 'locked';
        throw error;
      }),
    ),
  },
  { name: 'reads on after close', topic: 'closed', plant: (memory) => withReader(memory, { close: async () => {} }) },
];
