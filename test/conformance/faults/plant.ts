import type { MemoryAdapter, MemoryJob } from '../../../src/adapters/memory/index.ts';
import { asReader } from '../../../src/adapters/wrap/as-reader.ts';
import type { Capabilities, Lock, QueueAdapter, QueueReader } from '../../../src/domain/adapter.ts';
import type { Claim, Claims, Returns, SavedJob } from '../../../src/domain/claim.ts';
import type { Job } from '../../../src/domain/job.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Selection } from '../../../src/domain/selection.ts';

/** An adapter that breaks one promise, and the topic of the kit that must notice. */
export interface Fault {
  readonly name: string;
  readonly topic: string;
  readonly plant: (memory: MemoryAdapter) => QueueAdapter;
}

export const withReader = (memory: MemoryAdapter, change: Partial<QueueReader>): QueueAdapter => ({
  ...asReader(memory),
  ...change,
  can: memory.can,
});

export const withCan = (memory: MemoryAdapter, change: Partial<QueueAdapter['can']>): QueueAdapter => ({
  ...asReader(memory),
  can: { ...memory.can, ...change },
});

type Verb = 'replay' | 'reset' | 'remove' | 'cancel' | 'edit';
const verbs = ['replay', 'reset', 'remove', 'cancel', 'edit'] as const;

export const claimsOf = (memory: MemoryAdapter): Claims => {
  if (memory.can.replay.level === 'none') throw new TypeError('the memory backend can');
  return memory.can.replay.ops;
};

export const returnsOf = (memory: MemoryAdapter, verb: 'restore' | 'revert'): Returns => {
  const capability = memory.can[verb];
  if (capability.level === 'none') throw new TypeError('the memory backend can');
  return capability.ops;
};

export const doneAll = (jobs: readonly SavedJob[]): Outcome[] =>
  jobs.map(({ job: { queue, id } }) => ({ ref: { queue, id }, result: 'done' }));

/** Every job found is changed so. */
export const finding = (change: (job: Job) => Job) => (memory: MemoryAdapter) =>
  withReader(memory, {
    async find(id, queue) {
      const detail = await memory.find(id, queue);
      return detail && { ...detail, job: change(detail.job) };
    },
  });

/** Every claim is changed so. */
export function claiming(change: (claim: Claim, memory: MemoryAdapter, verb: Verb) => Partial<Claim>) {
  return (memory: MemoryAdapter): QueueAdapter => {
    const ops: Claims = {
      async *claim(request) {
        for await (const claim of claimsOf(memory).claim(request))
          yield { ...claim, ...change(claim, memory, request.action.verb) };
      },
      settle: (intent) => claimsOf(memory).settle(intent),
    };
    return withCan(memory, Object.fromEntries(verbs.map((verb) => [verb, { level: 'native', ops }])));
  };
}

export const holding =
  (verb: 'restore' | 'revert', hold: (inner: Returns, memory: MemoryAdapter) => Returns['hold']) =>
  (memory: MemoryAdapter) => {
    const inner = returnsOf(memory, verb);
    return withCan(memory, {
      [verb]: {
        level: 'native',
        ops: { hold: hold(inner, memory), settle: (intent) => inner.settle(intent) },
      } satisfies Partial<Capabilities>[typeof verb],
    });
  };

export const stored = (memory: MemoryAdapter, { job }: SavedJob): MemoryJob | undefined => memory.store.get(job)?.job;

/** Writes what was saved over whatever is there. */
export const overwrite = (
  memory: MemoryAdapter,
  saved: readonly SavedJob[],
  release: () => Promise<void> = async () => {},
): Claim => ({
  jobs: saved,
  skipped: [],
  mark: memory.store.nextMark(),
  apply: async (jobs) => {
    for (const { snapshot } of jobs) memory.put(snapshot as unknown as MemoryJob);
    return doneAll(jobs);
  },
  release,
});

export const settling = (result: (saved: SavedJob) => Outcome) => (memory: MemoryAdapter) => {
  const ops: Claims = {
    claim: (request) => claimsOf(memory).claim(request),
    settle: async ({ jobs }) => jobs.map(result),
  };
  return withCan(memory, Object.fromEntries(verbs.map((verb) => [verb, { level: 'native', ops }])));
};

export async function* changed(pages: AsyncIterable<Job[]>, change: (page: Job[]) => Job[]): AsyncIterable<Job[]> {
  for await (const page of pages) yield change(page);
}

export const claimingAgain = (next: (selection: Selection) => Selection) => (memory: MemoryAdapter) => {
  const ops: Claims = {
    claim: (request) => claimsOf(memory).claim({ ...request, selection: next(request.selection) }),
    settle: (intent) => claimsOf(memory).settle(intent),
  };
  return withCan(memory, Object.fromEntries(verbs.map((verb) => [verb, { level: 'native', ops }])));
};

export const locking =
  (acquire: (memory: MemoryAdapter, got: () => Promise<Lock>) => Promise<Lock>) => (memory: MemoryAdapter) => {
    const { lock } = memory.can;
    if (lock.level === 'none') return memory;
    return withCan(memory, {
      lock: { level: 'native', ops: { acquire: (request) => acquire(memory, () => lock.ops.acquire(request)) } },
    });
  };

export const freeLock: Lock = { lost: new AbortController().signal, release: async () => {} };
