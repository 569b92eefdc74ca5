import type { JobRef } from './job.ts';

/**
 * Why a job was left alone.
 * `state-changed`, `not-found`, `unchanged`: there is nothing left to do. The others leave work for the operator.
 */
export const skipReasons = [
  'state-changed',
  'not-found',
  'unchanged',
  'duplicate',
  'conflict',
  'locked',
  'started',
  'not-applied',
  'invalid-payload',
  'replayed-twice',
] as const;
export type SkipReason = (typeof skipReasons)[number];

/**
 * What became of one job. `unknown`: the write was sent and its answer never came. The `note` of one that was done: what it
 * came to, where that is not what was meant, and is left to the operator.
 */
export type Outcome =
  | { readonly ref: JobRef; readonly result: 'done'; readonly note?: string | undefined }
  | { readonly ref: JobRef; readonly result: 'skipped'; readonly why: SkipReason; readonly note?: string | undefined }
  | { readonly ref: JobRef; readonly result: 'failed' | 'unknown'; readonly why: string };

export type Tally = Record<Outcome['result'], number>;

export const emptyTally = (): Tally => ({ done: 0, skipped: 0, failed: 0, unknown: 0 });

const settled: ReadonlySet<SkipReason> = new Set(['state-changed', 'not-found', 'unchanged']);

/** True when the job is still there to be dealt with: a run that ends so is partial. */
export function leavesWork(outcome: Outcome): boolean {
  if (outcome.result === 'done') return outcome.note !== undefined;
  return outcome.result !== 'skipped' || !settled.has(outcome.why);
}
