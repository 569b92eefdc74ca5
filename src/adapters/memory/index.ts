import type { QueueAdapter } from '../../domain/adapter.ts';
import { fromDate, type Instant } from '../../domain/instant.ts';
import type { JobRef } from '../../domain/job.ts';
import { claims } from './claim.ts';
import { Connection } from './connection.ts';
import { enqueues } from './enqueue.ts';
import { breakLock, locks } from './lock.ts';
import type { MemoryJob, MemorySchedule, MemorySeed } from './memory-job.ts';
import { pauses } from './pause.ts';
import { restores, reverts } from './put-back.ts';
import { reader } from './read.ts';
import { scheduleWrites } from './schedules.ts';
import { MemoryStore } from './store.ts';
import { type MemoryWorker, memoryWorker } from './worker.ts';

export type { MemoryJob, MemorySchedule, MemorySeed } from './memory-job.ts';
export type { MemoryStore } from './store.ts';
export type { MemoryWorker } from './worker.ts';

export interface MemoryOptions {
  readonly clock?: (() => Instant) | undefined;
  readonly jobs?: readonly MemorySeed[] | undefined;
  readonly schedules?: readonly MemorySchedule[] | undefined;
  /** Another adapter's store: then both see the same backend, and `clock` is that one's. */
  readonly store?: MemoryStore | undefined;
}

/** The reference adapter, with doors for tests that no operation may use. */
export interface MemoryAdapter extends QueueAdapter {
  readonly store: MemoryStore;
  seed(jobs: readonly MemorySeed[]): string[];
  /** Writes one job as it is, as another process would, past every hold. */
  put(job: MemoryJob): void;
  /** Takes one job out, as another process would, past every hold. */
  take(ref: JobRef): MemoryJob | undefined;
  worker(name?: string): MemoryWorker;
  breakLock(queue: string): void;
  dump(): string;
}

export function memoryAdapter(options: MemoryOptions = {}): MemoryAdapter {
  const store = options.store ?? new MemoryStore(options.clock ?? (() => fromDate(new Date())));
  const connection = new Connection(store);
  const ops = claims(connection);
  const seed = (jobs: readonly MemorySeed[]) => jobs.map((job) => store.add(job).id);
  seed(options.jobs ?? []);
  for (const one of options.schedules ?? []) {
    store.queues.add(one.queue);
    store.schedules.set(`${one.queue}\n${one.id}`, one);
  }
  return {
    ...reader(connection),
    can: {
      replay: { level: 'native', ops },
      reset: { level: 'native', ops },
      remove: { level: 'native', ops },
      cancel: { level: 'native', ops },
      edit: { level: 'native', ops },
      pause: { level: 'native', ops: pauses(connection) },
      enqueue: { level: 'native', ops: enqueues(connection) },
      schedule: { level: 'native', ops: scheduleWrites(connection) },
      restore: { level: 'native', ops: restores(connection) },
      revert: { level: 'native', ops: reverts(connection) },
      lock: { level: 'native', ops: locks(connection) },
    },
    store,
    seed,
    put: (job) => store.put(job),
    take(ref) {
      const job = store.get(ref)?.job;
      store.remove(ref);
      return job;
    },
    worker: (name = 'worker-1') => memoryWorker(store, name),
    breakLock: (queue) => breakLock(store, queue),
    dump: () => store.dump(),
  };
}
