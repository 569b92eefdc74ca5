import type { Lock, LockRequest, Locks } from '../../domain/adapter.ts';
import { JobctlError } from '../../domain/errors.ts';
import type { Connection } from './connection.ts';
import type { LockHolder, MemoryStore } from './store.ts';

const POLL_MS = 10;

/** All queues of a request at once or none, so two runs can never wait for each other. */
export const locks = (connection: Connection): Locks => ({
  async acquire(request) {
    const deadline = performance.now() + request.waitMs;
    for (;;) {
      const store = connection.use();
      const taken = request.queues.find((queue) => store.locks.has(queue));
      if (taken === undefined) return take(connection, request);
      const left = deadline - performance.now();
      if (left <= 0) throw heldBy(taken, store.locks.get(taken) as LockHolder);
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, POLL_MS)));
    }
  },
});

function take(connection: Connection, { queues, holder }: LockRequest): Lock {
  const { store } = connection;
  const mine: LockHolder = { holder, since: store.clock(), lost: new AbortController() };
  for (const queue of queues) {
    store.locks.set(queue, mine);
    connection.lostLocks.delete(queue);
  }
  mine.lost.signal.addEventListener('abort', () => {
    for (const queue of queues) connection.lostLocks.add(queue);
  });
  const giveBack = connection.owe(() => {
    for (const queue of queues) if (store.locks.get(queue) === mine) store.locks.delete(queue);
  });
  return { lost: mine.lost.signal, release: async () => giveBack() };
}

/** Takes the lock away from whoever has it, as a restart of a real backend would. */
export function breakLock(store: MemoryStore, queue: string): void {
  const holder = store.locks.get(queue);
  for (const [name, other] of store.locks) if (other === holder) store.locks.delete(name);
  holder?.lost.abort();
}

const heldBy = (queue: string, { holder, since }: LockHolder) =>
  new JobctlError('locked', `${queue} is locked by ${holder} since ${since}.`, {
    next: ['Wait for that run to end, or wait here with --wait-lock 30s.'],
  });
