import type { JobState } from '../../../domain/job.ts';

export const jobColumns = [
  'id',
  'queue',
  'type',
  'status',
  'payload',
  'error',
  'attempts',
  'maxAttempts',
  'createdAt',
  'runAt',
  'startedAt',
  'finishedAt',
  'updatedAt',
  'priority',
  'workerId',
  'dedupeKey',
  'lane',
  'tenant',
  'parentId',
  'batchId',
] as const;
export type JobColumn = (typeof jobColumns)[number];

export const letterColumns = [
  'id',
  'jobId',
  'queue',
  'type',
  'payload',
  'error',
  'attempts',
  'resolved',
  'resolvedAt',
  'notes',
  'createdAt',
  'lane',
  'tenant',
] as const;
export type LetterColumn = (typeof letterColumns)[number];

/** A value that a retry writes: `now()` is the server's time. */
export type RetryValue = string | number | boolean | null;

/** How a team's own tables are to be read, as its configuration says it (`tables:`); durations in seconds. */
export interface TablesMapping {
  readonly preset?: 'prisma' | undefined;
  readonly write?: boolean | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  /** The queue of every job, where no column tells it. */
  readonly queueName?: string | undefined;
  readonly columns?: { readonly [Name in JobColumn]?: string | undefined } | undefined;
  readonly statuses?: Readonly<Record<string, JobState>> | undefined;
  readonly priority?: 'larger-first' | 'smaller-first' | undefined;
  /** Running for longer than this, a job whose worker is gone is stuck. `default`, and exceptions by queue. */
  readonly stuckAfter?: Readonly<Record<string, number>> | undefined;
  /** Columns of the table, and what a replay writes into them besides what it writes anyway. */
  readonly onRetry?: Readonly<Record<string, RetryValue>> | undefined;
  readonly deadLetter?:
    | {
        readonly table?: string | undefined;
        readonly columns?: { readonly [Name in LetterColumn]?: string | undefined } | undefined;
      }
    | undefined;
  readonly heartbeats?:
    | {
        readonly table?: string | undefined;
        readonly worker?: string | undefined;
        readonly seenAt?: string | undefined;
        readonly staleAfter?: number | undefined;
      }
    | undefined;
  readonly pause?: { readonly table: string; readonly queue: string; readonly paused: string } | undefined;
  readonly notify?: { readonly channel: string; readonly payload?: string | undefined } | undefined;
}
