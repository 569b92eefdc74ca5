import { JobctlError } from '../../domain/errors.ts';
import type { MemoryStore } from './store.ts';

/** One adapter's hold on the store: what it must give back when it closes. */
export class Connection {
  readonly store: MemoryStore;
  /** Queues whose lock was taken away from us. */
  readonly lostLocks = new Set<string>();
  readonly #givesBack = new Set<() => void>();
  #closed = false;

  constructor(store: MemoryStore) {
    this.store = store;
  }

  /** The store, or `unreachable` after `close`. */
  use(): MemoryStore {
    if (this.#closed) throw new JobctlError('unreachable', 'The connection to the memory backend is closed.');
    return this.store;
  }

  /** The store for writing to these queues; refused where a lock of ours was taken away. */
  useToWrite(queues: Iterable<string>): MemoryStore {
    for (const queue of queues) {
      if (this.lostLocks.has(queue)) throw new JobctlError('locked', `The lock on ${queue} was lost to another run.`);
    }
    return this.use();
  }

  /** Registers what `close` must undo; the result does it at once, and only once. */
  owe(giveBack: () => void): () => void {
    const once = () => {
      if (this.#givesBack.delete(once)) giveBack();
    };
    this.#givesBack.add(once);
    return once;
  }

  close(): void {
    this.#closed = true;
    for (const giveBack of [...this.#givesBack]) giveBack();
  }
}
