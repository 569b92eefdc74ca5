import type { JobRef } from './job.ts';
import type { ReplyQueue } from './reply.ts';

export interface NewJob {
  readonly type: string;
  /** JSON text, handed over as it is. */
  readonly payload: string;
  /** Not before this many seconds from now, by the backend's clock. */
  readonly delaySeconds?: number | undefined;
  readonly priority?: number | undefined;
  readonly lane?: string | undefined;
  readonly tenant?: string | undefined;
  /** Idempotency key: while a job with it is waiting (the backend's own rule, see its caveat), no second one is added. */
  readonly key?: string | undefined;
  readonly maxAttempts?: number | undefined;
  /** Its worker is asked to answer there, with this mark; beside the payload, which stays as it is. */
  readonly replyTo?: { readonly address: string; readonly mark: string } | undefined;
}

/** In the order asked. `duplicate`: a job with that key is already there; its id, where the backend tells it. */
export type Enqueued =
  | { readonly result: 'done'; readonly ref: JobRef }
  | { readonly result: 'duplicate'; readonly ref?: JobRef | undefined; readonly why: string }
  | { readonly result: 'failed' | 'unknown'; readonly why: string };

export interface Enqueues {
  /**
   * The fields of `NewJob` that this backend cannot honour: a job that sets one is refused before anything is sent.
   * With `type` in it a queue holds one type, its own name, and a job of any other type is refused.
   */
  readonly ignores: ReadonlySet<keyof NewJob>;
  /** Why it cannot take this very job, such as a payload that is no object; asked before anything is sent. */
  readonly refuses?: (job: NewJob, queue: string) => string | undefined;
  /** Throws when this role may not add to this queue; asked before the plan is shown. */
  permit?(queue: string): Promise<void>;
  /** Jobs a call, at most. */
  readonly batch: number;
  /**
   * For so many seconds a second job of one key is answered as if it were added, with the id of the first. Missing where that is
   * told as `duplicate`.
   */
  readonly keySeconds?: number | undefined;
  /** All in one call to the backend where it can; never retried invisibly: a lost answer is `unknown` for every job of the call. */
  enqueue(queue: string, jobs: readonly NewJob[]): Promise<Enqueued[]>;
  /**
   * The queue in which the workers of `queue` are asked to answer, to be looked into for so many seconds. Throws `usage` where
   * there is none of that name. Missing where the backend has no such thing.
   */
  replies?(asked: string, queue: string, seconds: number): Promise<ReplyQueue>;
}
