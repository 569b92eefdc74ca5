import type { Instant } from '../../domain/instant.ts';
import type { Job, JobError, JobState } from '../../domain/job.ts';
import type { Schedule } from '../../domain/schedule.ts';

/** A schedule with the payload of its jobs. */
export interface MemorySchedule extends Schedule {
  readonly payload?: string | undefined;
}

/** A job as this backend stores it. Never changed in place: every write puts a new value. */
export interface MemoryJob {
  readonly queue: string;
  readonly id: string;
  /** The order of arrival, kept when a job is restored. */
  readonly seq: number;
  readonly type: string;
  /** A `delayed` job that is due is stored as delayed and read as waiting. */
  readonly state: JobState;
  readonly retrying: boolean;
  readonly attempts: number;
  readonly maxAttempts?: number | undefined;
  readonly payload: string;
  readonly error?: JobError | undefined;
  readonly since?: Instant | undefined;
  readonly createdAt?: Instant | undefined;
  readonly priority?: number | undefined;
  readonly lane?: string | undefined;
  readonly tenant?: string | undefined;
  readonly key?: string | undefined;
  readonly worker?: string | undefined;
  /** Active jobs: a worker that has not renewed by then is gone. */
  readonly leaseUntil?: Instant | undefined;
  /** Active jobs: the worker ends this one as cancelled. */
  readonly cancelAsked?: boolean | undefined;
}

/** What a test or a seed file gives; the rest has defaults. */
export type MemorySeed = { readonly queue: string } & {
  readonly [Field in keyof Omit<MemoryJob, 'seq' | 'queue'>]?: MemoryJob[Field] | undefined;
};

/** The state that counts now. */
export const stateAt = (stored: MemoryJob, now: Instant): JobState =>
  stored.state === 'delayed' && stored.since !== undefined && stored.since <= now ? 'waiting' : stored.state;

export function toJob(stored: MemoryJob, now: Instant): Job {
  const { seq: _, leaseUntil, cancelAsked: __, ...kept } = stored;
  const gone = stored.state === 'active' && leaseUntil !== undefined && leaseUntil < now;
  return {
    ...kept,
    state: stateAt(stored, now),
    native: stored.retrying ? `${stored.state} (retry)` : stored.state,
    ...(gone && { stuck: `the lease of ${stored.worker ?? 'its worker'} ended at ${leaseUntil}` }),
  };
}

/** The same text for the same job, whatever the order of its fields. */
export function jobText(stored: MemoryJob, without: readonly (keyof MemoryJob)[] = []): string {
  const fields = Object.entries(stored).filter(
    ([name, value]) => value !== undefined && !without.some((drop) => drop === name),
  );
  return JSON.stringify(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}
