import { earlier } from '../../domain/instant.ts';
import type { JobError, JobRef } from '../../domain/job.ts';
import { type MemoryJob, stateAt } from './memory-job.ts';
import { keyOf, type MemoryStore } from './store.ts';

const LEASE_SECONDS = 30;
const BACKOFF_SECONDS = 60;

/** A worker of this backend, so that tests can act while a run goes on. */
export interface MemoryWorker {
  /** The best waiting job that nobody holds, now active under a lease. */
  take(queue: string): MemoryJob | undefined;
  /** False when the job is no longer this worker's. */
  finish(job: JobRef): boolean;
  /** Dead when no attempt is left, else delayed until its next one. False when it is no longer this worker's. */
  fail(job: JobRef, error?: JobError): boolean;
  /** Gone without a word: the job stays active and its lease lapses. */
  crash(job: JobRef): boolean;
}

export function memoryWorker(store: MemoryStore, name: string): MemoryWorker {
  const end = (ref: JobRef, next: (job: MemoryJob) => Partial<MemoryJob>): boolean => {
    const job = store.get(ref)?.job;
    if (job?.state !== 'active' || job.worker !== name || store.held.has(keyOf(ref))) return false;
    store.put({ ...job, ...next(job) });
    return true;
  };
  const over = (job: MemoryJob) => ({
    attempts: job.attempts + 1,
    since: store.clock(),
    worker: undefined,
    leaseUntil: undefined,
    cancelAsked: undefined,
  });
  return {
    take(queue) {
      if (store.paused.has(queue)) return undefined;
      const now = store.clock();
      const [best] = store
        .entries()
        .map(({ job }) => job)
        .filter((job) => job.queue === queue && stateAt(job, now) === 'waiting' && !store.held.has(keyOf(job)))
        .sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0));
      if (best === undefined) return undefined;
      const taken: MemoryJob = {
        ...best,
        state: 'active',
        since: now,
        worker: name,
        leaseUntil: earlier(now, -LEASE_SECONDS),
      };
      store.put(taken);
      return taken;
    },
    finish: (ref) =>
      end(ref, (job) => ({ ...over(job), state: job.cancelAsked ? 'cancelled' : 'completed', retrying: false })),
    fail: (ref, error = { message: 'it failed' }) =>
      end(ref, (job) =>
        job.attempts + 1 >= (job.maxAttempts ?? 1)
          ? { ...over(job), error, state: 'dead', retrying: false }
          : { ...over(job), error, state: 'delayed', retrying: true, since: earlier(store.clock(), -BACKOFF_SECONDS) },
      ),
    crash: (ref) => end(ref, () => ({ leaseUntil: earlier(store.clock(), 1) })),
  };
}
