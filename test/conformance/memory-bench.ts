import { type MemoryAdapter, type MemorySeed, memoryAdapter } from '../../src/adapters/memory/index.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import { earlier } from '../../src/domain/instant.ts';
import { jobStates } from '../../src/domain/job.ts';
import type { Bench, Holds, SeedJob } from '../../src/testkit/index.ts';

/** The memory backend can hold everything. */
const holds: Holds = {
  states: new Set(jobStates),
  attributes: new Set(['error', 'since', 'createdAt', 'priority', 'lane', 'tenant', 'key', 'attempts', 'stuck']),
  payloads: 'any text',
  nulEscape: true,
  loneSurrogates: true,
  ids: 'any integer',
};

export interface MemoryBench extends Bench {
  readonly adapter: QueueAdapter;
  /** The adapter below the wrappers. */
  readonly memory: MemoryAdapter;
}

/** `wrap` goes around every adapter of the bench, the peers as well. */
export function memoryBench(wrap: (adapter: MemoryAdapter) => QueueAdapter = (adapter) => adapter): MemoryBench {
  const memory = memoryAdapter();
  const seedOf = (queue: string, { error, stuck, ...job }: SeedJob): MemorySeed => ({
    queue,
    ...job,
    ...(error !== undefined && { error: { message: error } }),
    ...(job.state === 'delayed' && job.since === undefined && { since: earlier(memory.store.clock(), -3600) }),
    ...(job.state === 'active' && stuck && { leaseUntil: earlier(memory.store.clock(), 60) }),
  });
  return {
    memory,
    adapter: wrap(memory),
    holds,
    peer: async () => wrap(memoryAdapter({ store: memory.store })),
    seed: async (queue, jobs) => memory.seed(jobs.map((job) => seedOf(queue, job))),
    dump: async () => memory.dump(),
    async work(queue, end) {
      const worker = memory.worker();
      const job = worker.take(queue);
      if (job !== undefined) end === 'completes' ? worker.finish(job) : worker.fail(job);
      return job?.id;
    },
    breakLock: async (queue) => memory.breakLock(queue),
    drop: () => memory.close(),
  };
}
