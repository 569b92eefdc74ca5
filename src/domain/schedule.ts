import type { Instant } from './instant.ts';

/** Something that adds jobs by itself: a cron line, a job scheduler, an EventBridge rule. */
export interface Schedule {
  readonly id: string;
  readonly queue: string;
  readonly type?: string | undefined;
  /** As the backend writes it: `0 3 * * * (Europe/Berlin)`, `every 5m`. */
  readonly when: string;
  readonly nextAt?: Instant | undefined;
  /** Undefined where the backend knows no such thing. */
  readonly paused?: boolean | undefined;
  /** The service that made it, which alone may stop it. */
  readonly managedBy?: string | undefined;
}

/** A call that rejects as `refused`, `stale` or `unsupported` has changed nothing. */
export interface Schedules {
  /** False where the backend knows no pause of them: `pause` and `resume` then reject as `unsupported`. */
  readonly pausable?: false | undefined;
  pause(id: string, queue: string): Promise<Schedule>;
  resume(id: string, queue: string): Promise<Schedule>;
  /** Adds one job now, next to the regular ones; the new job's id. */
  run?(id: string, queue: string): Promise<string>;
  /** The definition as it was, lossless, for `put`. Undefined when it is not there (any more). */
  save(id: string, queue: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** False where only whoever made it may take it away: `remove` and `put` then reject. */
  readonly removable?: false | undefined;
  /** `as`: only if it is still what was saved. */
  remove(id: string, queue: string, as?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Recreates what `save` returned; refuses when one of that id is there. */
  put(saved: Readonly<Record<string, unknown>>, queue: string): Promise<void>;
}
