import type { QueueReader } from '../domain/adapter.ts';
import type { Relief } from './ports.ts';

export interface ReliefPorts {
  /** Seconds on a clock that never goes back. */
  now(): number;
  /** Ends early when the run is to stop. */
  sleep(seconds: number): Promise<unknown>;
  /** Calls again and again until the result is called. */
  every(seconds: number, look: () => void): () => void;
  readonly signal: AbortSignal;
}

/** Batches whose times are what is normal for this run. */
const EARLY = 5;
/** So many times the normal is slow … */
const FACTOR = 5;
/** … if it took at least this long, seconds: what takes no time may take ten times that. */
const FLOOR = 1;
/** A smaller batch takes more for each of its jobs by nature. */
const LEAST_PART = 0.5;
const EVERY = 2;
const SHORTEST = 0.5;
const LONGEST = 15;
/** Minutes of waiting after which the run is better taken up by a person. */
const MOST_MINUTES = 10;

interface Call {
  readonly jobs: number;
  readonly seconds: number;
}

/** The times of the backend's own calls, of one run. Bounded: the first few and the last one. */
export class CallTimes {
  readonly #early: Call[] = [];
  #last: Call | undefined;

  record(jobs: number, seconds: number): void {
    if (jobs === 0) return;
    if (this.#early.length < EARLY) this.#early.push({ jobs, seconds });
    this.#last = { jobs, seconds };
  }

  /** What is wrong with the last call; told once. */
  slow(): string | undefined {
    const last = this.#last;
    this.#last = undefined;
    if (last === undefined || this.#early.length < EARLY || last.seconds < FLOOR) return undefined;
    if (last.jobs < LEAST_PART * median(this.#early.map(({ jobs }) => jobs))) return undefined;
    const times = last.seconds / last.jobs / median(this.#early.map(({ jobs, seconds }) => seconds / jobs));
    return times < FACTOR ? undefined : `the last write took ${Math.round(times)} times as long as the first ones`;
  }
}

/**
 * Watches whether the backend suffers while a run goes on: by the times of the run's own calls, and by a direct sign where
 * the backend gives one. Then the run waits, tries one batch, and waits again if that was no better.
 */
export function reliefOn(reader: Pick<QueueReader, 'pain' | 'now'>, times: CallTimes, ports: ReliefPorts): Relief {
  let sign: string | undefined;
  let since: number | undefined;
  let nap = SHORTEST;
  // a sign that cannot be had is none
  const look = async (): Promise<string | undefined> => await reader.pain?.().catch(() => undefined);
  const answers = async (): Promise<string | undefined> => {
    const begun = ports.now();
    await reader.now();
    const seconds = ports.now() - begun;
    return seconds < FLOOR ? undefined : `it took ${seconds.toFixed(1)} s to answer at all`;
  };
  return {
    watch() {
      if (reader.pain === undefined) return () => {};
      return ports.every(EVERY, () => void look().then((found) => (sign = found)));
    },
    async passed(show) {
      let why = sign ?? times.slow();
      if (why === undefined) {
        since = undefined;
        nap = SHORTEST;
        return undefined;
      }
      since ??= ports.now();
      const begun = since;
      while (why !== undefined && !ports.signal.aborted) {
        if (ports.now() - begun >= MOST_MINUTES * 60)
          return `the backend suffers: ${why}; it was waited for ${MOST_MINUTES} minutes`;
        show(why);
        await ports.sleep(nap);
        nap = Math.min(LONGEST, nap * 2);
        why = (await look()) ?? (await answers());
      }
      sign = undefined;
      return undefined;
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
