import type { JobState } from '../../../domain/job.ts';
import type { JobColumn, LetterColumn } from './mapping.ts';

/** Names worth looking for, the likeliest first. What a configuration names itself is never looked for. */
export interface Preset {
  readonly table: string;
  readonly columns: Readonly<Record<JobColumn, readonly string[]>>;
  /** Labels in any case. */
  readonly statuses: Readonly<Record<string, JobState>>;
  readonly deadLetter: { readonly table: string; readonly columns: Readonly<Record<LetterColumn, readonly string[]>> };
  readonly heartbeats: {
    readonly table: string;
    readonly worker: readonly string[];
    readonly seenAt: readonly string[];
  };
}

/** `createdAt` as Prisma's client has it, and `created_at` as `@map` often makes it. */
const both = (...names: readonly string[]): string[] =>
  names.flatMap((name) => {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return snake === name ? [name] : [name, snake];
  });

export const presets: Readonly<Record<'prisma', Preset>> = {
  prisma: {
    table: 'Job',
    columns: {
      id: ['id'],
      queue: both('queue', 'queueName'),
      type: both('type', 'jobType', 'name'),
      status: both('status'),
      payload: both('payload', 'data'),
      error: both('lastError', 'error', 'errorMessage'),
      attempts: both('attempts', 'attempt', 'retryCount'),
      maxAttempts: both('maxAttempts', 'maxRetries'),
      createdAt: both('createdAt'),
      runAt: both('runAt', 'scheduledFor', 'scheduledAt', 'availableAt', 'nextRunAt'),
      startedAt: both('startedAt', 'lockedAt'),
      finishedAt: both('finishedAt', 'completedAt'),
      updatedAt: both('updatedAt'),
      priority: both('priority'),
      workerId: both('workerId', 'lockedBy'),
      dedupeKey: both('dedupeKey', 'idempotencyKey'),
      lane: both('lane', 'groupId'),
      tenant: both('tenantId', 'tenant', 'organizationId'),
      parentId: both('parentId', 'parentJobId'),
      batchId: both('batchId'),
    },
    statuses: {
      pending: 'waiting',
      queued: 'waiting',
      scheduled: 'delayed',
      retrying: 'delayed',
      processing: 'active',
      running: 'active',
      completed: 'completed',
      succeeded: 'completed',
      failed: 'dead',
      dead: 'dead',
      cancelled: 'cancelled',
      canceled: 'cancelled',
    },
    deadLetter: {
      table: 'DeadLetterJob',
      columns: {
        id: ['id'],
        jobId: both('jobId', 'originalJobId'),
        queue: both('queue', 'queueName'),
        type: both('type', 'jobType', 'name'),
        payload: both('payload', 'data'),
        error: both('error', 'errorMessage', 'lastError', 'reason'),
        attempts: both('attempts', 'retryCount'),
        resolved: both('resolved', 'isResolved'),
        resolvedAt: both('resolvedAt'),
        notes: both('notes', 'note', 'resolution', 'resolutionNotes'),
        createdAt: both('createdAt', 'failedAt'),
        lane: both('lane', 'groupId'),
        tenant: both('tenantId', 'tenant', 'organizationId'),
      },
    },
    heartbeats: {
      table: 'WorkerHeartbeat',
      worker: both('workerId', 'id', 'name'),
      seenAt: both('lastSeenAt', 'lastSeen', 'lastHeartbeat', 'heartbeatAt', 'timestamp', 'updatedAt'),
    },
  },
};
