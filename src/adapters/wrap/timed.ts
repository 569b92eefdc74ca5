import type { QueueAdapter } from '../../domain/adapter.ts';
import type { Claims } from '../../domain/claim.ts';
import type { Enqueues } from '../../domain/enqueue.ts';
import { asReader } from './as-reader.ts';
import { over } from './over.ts';

export interface Timing {
  /** Jobs of one call that gave work to workers, and the seconds that the backend took for it. */
  record(jobs: number, seconds: number): void;
  /** Seconds on a clock that never goes back. */
  now(): number;
}

/** Tells how long the backend itself takes, without what others do in between: a pace goes around this, not inside. */
export function timed(adapter: QueueAdapter, { record, now }: Timing): QueueAdapter {
  const timedCall = async <T>(jobs: number, before: number, call: () => Promise<T>): Promise<T> => {
    const begun = now();
    try {
      return await call();
    } finally {
      record(jobs, before + now() - begun);
    }
  };
  const claims = (ops: Claims): Claims => ({
    async *claim(request) {
      const walk = ops.claim(request)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const begun = now();
          const { done, value: claim } = await walk.next();
          if (done === true) return;
          const claiming = claim.ahead ? 0 : now() - begun; // it came while we were at the one before
          yield {
            jobs: claim.jobs,
            skipped: claim.skipped,
            mark: claim.mark,
            ahead: claim.ahead,
            apply: (jobs, note) => timedCall(jobs.length, claiming, () => claim.apply(jobs, note)),
            release: () => claim.release(),
          };
        }
      } finally {
        await walk.return?.();
      }
    },
    settle: (intent) => ops.settle(intent),
  });
  const adds = (ops: Enqueues): Enqueues => ({
    ...ops,
    enqueue: (queue, jobs) => timedCall(jobs.length, 0, () => ops.enqueue(queue, jobs)),
  });
  const { can } = adapter;
  return {
    ...asReader(adapter),
    can: {
      ...can,
      replay: over(can.replay, claims),
      ...(can.enqueue === undefined ? {} : { enqueue: over(can.enqueue, adds) }),
    },
  };
}
