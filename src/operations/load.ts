import type { QueueReader } from '../domain/adapter.ts';
import { type Instant, secondsBetween } from '../domain/instant.ts';
import type { JobDetail, JobRef } from '../domain/job.ts';

/** Seconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Times of the jobs that were followed to their end. */
export interface LoadTimes {
  /** From due to begun, where the backend keeps when a job began. */
  readonly wait?: Percentiles | undefined;
  /** From begun to ended. */
  readonly run?: Percentiles | undefined;
  readonly total?: Percentiles | undefined;
}

/**
 * Followed at a time, looks a round, and times kept. Few enough that looking is no load of its own, and enough for a p99: a
 * sorted sample is exact up to that size, where a histogram would need a library and round every value.
 */
const OPEN = 200;
const LOOKS = 50;
const KEPT = 10_000;

/** Follows some of the jobs of a load test to their ends. Its memory does not grow with the test. */
export class Followers {
  readonly #open = new Map<string, { readonly ref: JobRef; readonly at: number }>();
  readonly #times = { wait: new Sample(), run: new Sample(), total: new Sample() };
  readonly #now: () => number;
  followed = 0;
  died = 0;

  /** Seconds on a clock that never goes back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get open(): number {
    return this.#open.size;
  }

  /** A job that was just added. It is left out when enough are followed already. */
  add(ref: JobRef): void {
    if (this.#open.size >= OPEN) return;
    this.followed += 1;
    this.#open.set(ref.id, { ref, at: this.#now() });
  }

  /** Looks at those that were not looked at for longest. */
  async look(reader: QueueReader): Promise<void> {
    for (const [id, one] of [...this.#open].slice(0, LOOKS)) {
      const found = await reader.find(one.ref.id, one.ref.queue);
      this.#open.delete(id);
      const state = found?.job.state;
      if (state === 'dead') this.died += 1;
      if (found === undefined || state === 'completed') this.#end(found, this.#now() - one.at);
      else if (state !== 'dead' && state !== 'cancelled') this.#open.set(id, one); // at the end of the line
    }
  }

  get times(): LoadTimes {
    const { wait, run, total } = this.#times;
    return { wait: wait.percentiles, run: run.percentiles, total: total.percentiles };
  }

  /** What the backend keeps no times of is timed from here, as often as it was looked at. */
  #end(found: JobDetail | undefined, seen: number): void {
    const { wait, run, total } = this.#times;
    const { createdAt, since } = found?.job ?? {};
    const started = found?.timeline.findLast(({ event }) => event === 'started')?.at;
    const between = (sample: Sample, from: Instant | undefined, to: Instant | undefined): boolean => {
      if (from === undefined || to === undefined) return false;
      sample.add(Math.max(0, secondsBetween(from, to)));
      return true;
    };
    const due = found?.timeline.find(({ event }) => event === 'due')?.at ?? createdAt ?? found?.timeline[0]?.at;
    between(wait, due, started);
    between(run, started, since);
    if (!between(total, due, since)) total.add(seen);
  }
}

/** The first values, in order; later ones take the place of one at random, so that each has the same chance to be kept. */
class Sample {
  readonly #values: number[] = [];
  #seen = 0;

  add(value: number): void {
    this.#seen += 1;
    if (this.#values.length < KEPT) this.#values.push(value);
    else {
      const place = Math.floor(Math.random() * this.#seen);
      if (place < KEPT) this.#values[place] = value;
    }
  }

  get percentiles(): Percentiles | undefined {
    if (this.#values.length === 0) return undefined;
    const sorted = this.#values.toSorted((a, b) => a - b);
    const at = (part: number): number => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] as number;
    return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
  }
}
