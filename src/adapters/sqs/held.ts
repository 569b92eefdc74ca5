import type { Message } from '@aws-sdk/client-sqs';
import { JobctlError } from '../../domain/errors.ts';
import type { Calls } from './client.ts';
import type { Queue } from './directory.ts';
import { BATCH, inParallel, inTens } from './in-parallel.ts';
import type { InHand } from './message.ts';
import { Met } from './met.ts';

/** How patiently a queue is asked. A test on an emulator, whose answers are exact, has less patience. */
export interface Tempo {
  /** How long SQS waits for a message before it answers with none; it then asks all of its hosts. */
  readonly waitSeconds: number;
  /** So many answers without a message, one after the other, are the end. */
  readonly emptyPolls: number;
  /** How long what we receive is hidden at least. */
  readonly visibilitySeconds: number;
  /** How long a run waits for messages that others hold. */
  readonly othersSeconds: number;
  /** So many counts of zero in a row, over so long, make an empty queue: a single one may be a minute old. */
  readonly empty: { readonly looks: number; readonly seconds: number };
  /** How often a task of SQS's own is looked at. */
  readonly moveSeconds: number;
  /** How many one look holds at once, where it is not what SQS allows with some room for others. */
  readonly mostHeld?: number | undefined;
}

export const calm: Tempo = {
  waitSeconds: 1,
  emptyPolls: 3,
  visibilitySeconds: 30,
  othersSeconds: 35,
  empty: { looks: 3, seconds: 60 },
  moveSeconds: 3,
};

/** About how many messages a second pass through one walk; only for how long they must be hidden. */
const PER_SECOND = 100;
const LONGEST_SECONDS = 3600;
const AT_ONCE = 10;
/** SQS lets about 120,000 be in flight; of a FIFO queue it was 20,000 for long. Beyond that it answers with none, as if there were none. */
const MOST_HELD = 100_000;
const MOST_HELD_FIFO = 18_000;
/** A page or a claim ends early at this size, so that memory stays bounded. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Messages that were received and are hidden from everyone else until we let them go. Each is given out once. */
export class Held {
  readonly queue: Queue;
  readonly #calls: Calls;
  readonly #tempo: Tempo;
  readonly #visibility: number;
  readonly #handles = new Map<string, { handle: string; ends: number }>();
  /** All that was ever met in this walk: a message that comes again is no news. */
  readonly #met = new Met();
  #renewAt = Number.POSITIVE_INFINITY;
  /** The receive on its way: what it brings has to be let go as well. */
  #round: Promise<InHand[]> = Promise.resolve([]);
  #letGo = false;
  #over = false;

  constructor(calls: Calls, queue: Queue, tempo: Tempo) {
    this.#calls = calls;
    this.queue = queue;
    this.#tempo = tempo;
    const needed = Math.ceil(((queue.visible + queue.inFlight) / PER_SECOND) * 2);
    this.#visibility = Math.min(LONGEST_SECONDS, Math.max(tempo.visibilitySeconds, needed));
  }

  get size(): number {
    return this.#handles.size;
  }

  /** True once the queue gave nothing new for long enough. */
  get over(): boolean {
    return this.#over;
  }

  /** It holds as many as one may: that the queue gives no more says nothing. */
  get full(): boolean {
    return this.#handles.size >= (this.#tempo.mostHeld ?? (this.queue.fifo ? MOST_HELD_FIFO : MOST_HELD));
  }

  /** Fewer were met than there were said to be. */
  get expectsMore(): boolean {
    return this.#met.size < this.queue.visible;
  }

  get visibilitySeconds(): number {
    return this.#visibility;
  }

  /** Up to `most` messages that were not met before; fewer when there are no more. */
  async fill(most: number): Promise<InHand[]> {
    const found: InHand[] = [];
    let empty = 0;
    let bytes = 0;
    while (found.length < most && bytes < MOST_BYTES && empty < this.#patience && !this.full) {
      // a FIFO group gives no more until these were dealt with
      if (this.queue.fifo && empty > 0 && found.length > 0) break;
      const fresh = await this.#next(most - found.length);
      empty = fresh.length === 0 ? empty + 1 : 0;
      for (const one of fresh) bytes += Buffer.byteLength(one.message.Body ?? '');
      found.push(...fresh);
    }
    if (this.full) this.#over = true;
    if (empty >= this.#patience && (found.length === 0 || !this.queue.fifo)) this.#over = true;
    return found;
  }

  /** Not over yet: something may have come back meanwhile. */
  lookAgain(): void {
    this.#over = false;
  }

  /** The handle by which a message can be deleted, as long as it is ours. Renewed where it runs out soon. */
  async sure(ids: readonly string[], seconds: number): Promise<Map<string, string>> {
    const soon = Date.now() + seconds * 1000;
    const short = ids.filter((id) => (this.#handles.get(id)?.ends ?? soon) < soon);
    await this.#extend(short);
    const sure = new Map<string, string>();
    for (const id of ids) {
      const held = this.#handles.get(id);
      if (held !== undefined) sure.set(id, held.handle);
    }
    return sure;
  }

  /** These are no longer ours to let go: deleted, or to stay hidden until their time is up. */
  forget(ids: Iterable<string>): void {
    for (const id of ids) this.#handles.delete(id);
  }

  /** Lets everything go at once. What cannot be let go comes back by itself. */
  async release(): Promise<void> {
    this.#letGo = true;
    await this.#round.catch(() => undefined);
    const handles = [...this.#handles.values()].map(({ handle }) => handle);
    this.#handles.clear();
    await inParallel(inTens(handles), AT_ONCE, (ten) =>
      this.#calls.setVisibility(this.queue.url, ten, 0).catch(() => undefined),
    );
  }

  /** When as many were met as there were said to be, one answer of all hosts without another is enough. */
  get #patience(): number {
    return this.#met.size >= this.queue.visible ? 1 : this.#tempo.emptyPolls;
  }

  #next(most: number): Promise<InHand[]> {
    if (this.#letGo) throw new JobctlError('unreachable', `The connection to ${this.#calls.where} is closed.`);
    this.#round = this.#receive(most);
    return this.#round;
  }

  async #receive(most: number): Promise<InHand[]> {
    if (Date.now() > this.#renewAt) await this.#extend([...this.#handles.keys()]);
    // a FIFO queue gives the next of a group only when the one before was dealt with: asking at once gains nothing
    const asks = this.queue.fifo ? [Math.min(BATCH, most)] : splitInTens(Math.min(most, AT_ONCE * BATCH));
    const ends = Date.now() + this.#visibility * 1000;
    const { waitSeconds } = this.#tempo;
    const answers = await Promise.allSettled(
      asks.map((max) => this.#calls.receive(this.queue.url, { max, visibilitySeconds: this.#visibility, waitSeconds })),
    );
    this.#renewAt = Math.min(this.#renewAt, Date.now() + this.#visibility * 600);
    // what came beside a call that failed is ours as well, to be let go
    const messages = answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    const fresh = messages.flatMap((message) => this.#take(message, ends));
    for (const one of answers) if (one.status === 'rejected') throw one.reason;
    return fresh;
  }

  #take(message: Message, ends: number): InHand[] {
    const { MessageId: id, ReceiptHandle: handle } = message;
    if (id === undefined || handle === undefined) return [];
    this.#handles.set(id, { handle, ends });
    if (!this.#met.add(id)) return [];
    return [{ message, id, handle, handleEnds: ends }];
  }

  async #extend(ids: readonly string[]): Promise<void> {
    const held = ids.flatMap((id) => {
      const one = this.#handles.get(id);
      return one === undefined ? [] : [{ id, handle: one.handle }];
    });
    const ends = Date.now() + this.#visibility * 1000;
    this.#renewAt = Date.now() + this.#visibility * 600;
    await inParallel(inTens(held), AT_ONCE, async (ten) => {
      const { failed } = await this.#calls.setVisibility(
        this.queue.url,
        ten.map(({ handle }) => handle),
        this.#visibility,
      );
      const lost = new Set(failed.map(({ Id }) => Id));
      for (const [index, { id, handle }] of ten.entries()) {
        if (lost.has(String(index))) this.#handles.delete(id);
        else this.#handles.set(id, { handle, ends });
      }
    });
  }
}

const splitInTens = (count: number): number[] =>
  Array.from({ length: Math.ceil(count / BATCH) }, (_, index) => Math.min(BATCH, count - index * BATCH));
