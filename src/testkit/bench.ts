import type { QueueAdapter } from '../domain/adapter.ts';
import type { Instant } from '../domain/instant.ts';
import type { JobState } from '../domain/job.ts';

/** A job to be put into the backend. What the backend cannot hold (see `Holds`) is never asked for. */
export interface SeedJob {
  readonly state: JobState;
  readonly type?: string | undefined;
  readonly payload?: string | undefined;
  readonly attempts?: number | undefined;
  readonly error?: string | undefined;
  readonly since?: Instant | undefined;
  readonly createdAt?: Instant | undefined;
  readonly priority?: number | undefined;
  readonly lane?: string | undefined;
  readonly tenant?: string | undefined;
  readonly key?: string | undefined;
  /** An active job whose owner is provably gone. Without it, an active job has a live owner. */
  readonly stuck?: boolean | undefined;
  /** Asked for only where `holds.ids` is `any integer`. */
  readonly id?: string | undefined;
}

export type Attribute = 'error' | 'since' | 'createdAt' | 'priority' | 'lane' | 'tenant' | 'key' | 'attempts' | 'stuck';

/** Facts of the backend: what can be stored in it at all. They are no options: nothing that it can store may be left out. */
export interface Holds {
  /** States that a job can be in by itself; not `blocked` where that takes a second job. */
  readonly states: ReadonlySet<JobState>;
  readonly attributes: ReadonlySet<Attribute>;
  /** Said where a job has no type of its own: its queue is its type, and `SeedJob.type` is of no matter. */
  readonly types?: 'the queue';
  /** What a payload may be: any text, any JSON text, or only the text of a JSON object. */
  readonly payloads: 'any text' | 'json' | 'json object';
  /** Whether a JSON payload may contain the escape of NUL, and of half a surrogate pair (Postgres' `jsonb` refuses both). */
  readonly nulEscape: boolean;
  readonly loneSurrogates: boolean;
  /** `any integer`: a seed may choose an id beyond 2^53. `new ones`: a job that is moved or put back gets another id. */
  readonly ids: 'any integer' | 'its own' | 'new ones';
  /** Names that a queue can have, where not every text can be one. */
  readonly queueNames?: readonly string[];
}

/** One backend, empty, made ready for one check. */
export interface Bench {
  readonly adapter: QueueAdapter;
  readonly holds: Holds;
  /** A second, independent adapter on the same backend, as another process would have it. */
  peer(): Promise<QueueAdapter>;
  /** Puts jobs in, in this order, and tells their ids. */
  seed(queue: string, jobs: readonly SeedJob[]): Promise<string[]>;
  /** The full state of the jobs in the backend: equal texts, equal states. Without sequences, clocks and our own locks. */
  dump(): Promise<string>;
  /** A worker of the backend's own kind takes one waiting job and ends it. The id, or undefined when there was none to take. */
  work(queue: string, end: 'completes' | 'fails'): Promise<string | undefined>;
  /** Makes the backend take away the lock on a queue, as a restart or a cut connection would. */
  breakLock?(queue: string): Promise<void>;
  /** Away with everything, also after the adapters were closed. */
  drop(): Promise<void>;
}
