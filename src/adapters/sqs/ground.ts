import { JobctlError } from '../../domain/errors.ts';
import type { Calls } from './client.ts';
import type { Directory, Queue } from './directory.ts';
import { Held, type Tempo } from './held.ts';
import type { InHand, Shown } from './message.ts';
import { allowLook, type Place } from './places.ts';

export interface GroundOptions {
  readonly calls: Calls;
  readonly directory: Directory;
  readonly tempo: Tempo;
  /** Look also into queues whose own redrive policy counts each look. */
  readonly mayReceive: boolean;
  /** Who else takes messages from a queue, in a sentence each. */
  rivals(queue: Queue): Promise<string[]>;
}

/** What one adapter shares among its parts: the calls, and all that it must let go of. */
export class Ground {
  readonly calls: Calls;
  readonly directory: Directory;
  readonly tempo: Tempo;
  readonly mayReceive: boolean;
  readonly rivals: GroundOptions['rivals'];
  /** What `settle` found to be tried once: the mark under which a FIFO queue may know it already, by message id. */
  readonly triedAs = new Map<string, string>();
  /** What `settle` was told to stand in its new place already. Met once more, it is deleted, never sent. */
  readonly copies = new Map<string, string>();
  readonly #held = new Set<Held>();
  /** What the last walk to the end of a queue did not meet, by its ARN, in a sentence. */
  readonly unmet = new Map<string, string>();
  readonly #owed = new Set<() => Promise<void>>();
  /** Queues whose lock is ours, and how to find out whether it still is. */
  readonly locks = new Map<string, () => Promise<boolean>>();

  constructor({ calls, directory, tempo, mayReceive, rivals }: GroundOptions) {
    this.calls = calls;
    this.directory = directory;
    this.tempo = tempo;
    this.mayReceive = mayReceive;
    this.rivals = rivals;
  }

  /** Receives from a queue, for as long as `work` goes on; then everything is let go. */
  async *holding<T>(queue: Queue, work: (held: Held) => AsyncGenerator<T>): AsyncGenerator<T> {
    const held = new Held(this.calls, queue, this.tempo);
    this.unmet.delete(queue.arn);
    this.#held.add(held);
    try {
      yield* work(held);
    } finally {
      this.#held.delete(held);
      await held.release();
    }
  }

  /** All messages of a place, page by page. */
  look(place: Place, size: number): AsyncGenerator<{ one: InHand; shown: Shown }[]> {
    allowLook(place, this.mayReceive);
    const reckon = (held: Held): Promise<void> => this.reckon(held);
    return this.holding(place.from, async function* (held) {
      while (!held.over) {
        const page = (await held.fill(size)).flatMap((one) => {
          const shown = place.shownAs(one);
          return shown === undefined ? [] : [{ one, shown }];
        });
        if (page.length > 0) yield page;
      }
      await reckon(held);
    });
  }

  /** While we still hold what was met: what is visible now would never be given to us. */
  async reckon({ queue, full }: Held): Promise<void> {
    if (!full && !queue.fifo) return;
    const count = (await this.directory.named(queue.name))?.visible ?? 0;
    if (count === 0) return;
    const why = full
      ? 'SQS gives out no more while so many are held at once'
      : 'they stand behind others of their group, and SQS gives no more of a group while these are held';
    this.unmet.set(queue.arn, `About ${count} messages of ${queue.name} were not met: ${why}.`);
  }

  /** How many messages of a queue others hold now, about. */
  async othersHold(queue: Queue, ours = 0): Promise<number> {
    const now = await this.directory.named(queue.name);
    return Math.max(0, (now?.inFlight ?? 0) - ours);
  }

  /** Throws `locked` when a lock of ours was taken by another. */
  async fence(queues: Iterable<string>): Promise<void> {
    for (const queue of new Set(queues)) {
      const isOurs = this.locks.get(queue);
      if (isOurs === undefined || (await isOurs())) continue;
      throw new JobctlError('locked', `The lock on ${queue} was lost to another run.`, {
        next: ['Nothing is written without the lock. Run it again, or resume the run.'],
      });
    }
  }

  /** Registers what `close` must undo; the result does it at once, and only once. */
  owe(giveBack: () => Promise<void>): () => Promise<void> {
    const once = async (): Promise<void> => {
      if (this.#owed.delete(once)) await giveBack();
    };
    this.#owed.add(once);
    return once;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#held].map((held) => held.release()));
    await Promise.allSettled([...this.#owed].map((giveBack) => giveBack()));
    this.calls.close();
  }
}
