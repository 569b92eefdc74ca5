import type { Instant } from './instant.ts';

/** The seven states of the glossary. A backend's own word stays in `Job.native`. */
export const jobStates = ['waiting', 'delayed', 'active', 'completed', 'dead', 'cancelled', 'blocked'] as const;
export type JobState = (typeof jobStates)[number];

export interface JobRef {
  readonly queue: string;
  readonly id: string;
}

/** What is known of the last failure. All of it is missing where the backend stores no errors. */
export interface JobError {
  readonly message: string;
  readonly class?: string | undefined;
  readonly stack?: string | undefined;
}

export interface Job extends JobRef {
  readonly type: string;
  readonly state: JobState;
  /** The backend's own word for the state; also set for states this version has never heard of. */
  readonly native: string;
  /** True when the job failed before and will run again by itself. */
  readonly retrying: boolean;
  readonly attempts: number;
  readonly maxAttempts?: number | undefined;
  /** The payload exactly as the backend holds it. Usually JSON; `payloadValue` reads it. */
  readonly payload: string;
  readonly error?: JobError | undefined;
  /** When the state began: dead → died, completed → finished, active → claimed, delayed → due, waiting → could first run. */
  readonly since?: Instant | undefined;
  readonly createdAt?: Instant | undefined;
  readonly priority?: number | undefined;
  readonly lane?: string | undefined;
  readonly tenant?: string | undefined;
  /** Idempotency key: no second waiting job may carry it. */
  readonly key?: string | undefined;
  readonly worker?: string | undefined;
  /** Only on active jobs: the proof that their owner is gone. Age alone is never a proof. */
  readonly stuck?: string | undefined;
  /** Only on dead jobs that are marked as handled: the note that was left. */
  readonly resolved?: string | undefined;
}

export interface TimelineEntry {
  readonly at?: Instant | undefined;
  readonly event: string;
  readonly note?: string | undefined;
}

/** One job with all that `job show` tells. */
export interface JobDetail {
  readonly job: Job;
  readonly timeline: readonly TimelineEntry[];
  /** Relations such as "lock held by" → job 41, in the order worth reading. */
  readonly links: readonly { readonly relation: string; readonly to: string }[];
  /** Its work is under way in this job: a replay of both would run it twice. */
  readonly instead?: { readonly by: JobRef; readonly dead: boolean } | undefined;
  /** It lies where it is only kept: no write reaches it. */
  readonly archived?: true | undefined;
  /** Facts in one line each, for example what the backend does not store. */
  readonly notes: readonly string[];
}
