import { z } from 'zod';
import { jobStates } from '../domain/job.ts';
import { isDuration } from './duration.ts';

/** How a team's own job tables are to be read. Imports zod, so only the schema of the file may load it. */

const column = z.string().min(1);
const duration = z
  .string()
  .refine(isDuration, { error: 'is not a duration; write it with its unit: 90s, 15m, 1h30m, 24h, 7d' });

const group = <Names extends string>(names: readonly Names[]) =>
  z.strictObject(
    Object.fromEntries(names.map((name) => [name, column.optional()])) as Record<Names, z.ZodOptional<z.ZodString>>,
  );

const jobColumns = group([
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
]).describe('Which column of the table holds what. Only id and status are needed.');

const letterColumns = group([
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
]);

export const tables = z
  .strictObject({
    preset: z
      .literal('prisma', { error: 'must be prisma' })
      .optional()
      .describe('Looks for Job, DeadLetterJob and WorkerHeartbeat, and for their columns under the usual names.'),
    write: z.boolean().optional().describe('Writes are refused until this is true.'),
    schema: z.string().min(1).optional().describe('The schema of the tables; public when missing.'),
    table: z.string().min(1).optional().describe('The table of the jobs, spelt as the database spells it.'),
    queueName: z.string().min(1).optional().describe('The queue of all jobs, where no column names one.'),
    columns: jobColumns.optional(),
    statuses: z
      .record(z.string(), z.enum(jobStates))
      .optional()
      .describe('What each status means. Of several that mean the same, the first is the one that is written.'),
    priority: z
      .enum(['larger-first', 'smaller-first'])
      .optional()
      .describe('Which priority runs first; larger-first when missing.'),
    stuckAfter: z
      .record(z.string(), duration)
      .optional()
      .describe('How long a job may run before a silent worker makes it stuck: default, and exceptions by queue.'),
    onRetry: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .optional()
      .describe('Columns of the table that a replay sets besides; now() is the time of the server.'),
    deadLetter: z
      .strictObject({ table: z.string().min(1).optional(), columns: letterColumns.optional() })
      .optional()
      .describe('The table of the dead letters. Its unresolved rows are the dead jobs.'),
    heartbeats: z
      .strictObject({
        table: z.string().min(1).optional(),
        worker: column
          .optional()
          .describe(
            'Column that names the worker. Named together with columns.workerId, or of the same name, a worker that is not in it is gone too.',
          ),
        seenAt: column.optional().describe('Column with its last sign of life.'),
        staleAfter: duration.optional().describe('How old that may be; 2m when missing.'),
      })
      .optional()
      .describe('The table of the heartbeats: the proof that a worker is gone.'),
    pause: z
      .strictObject({ table: z.string().min(1), queue: column, paused: column })
      .optional()
      .describe('Where a queue is marked as paused.'),
    notify: z
      .strictObject({ channel: z.string().min(1), payload: z.string().optional() })
      .optional()
      .describe('What is notified after jobs became ready; {queue} is filled in.'),
  })
  .describe("Postgres: a team's own job tables, in place of a library's.");

export type TablesEntry = z.infer<typeof tables>;
