import { z } from 'zod';
import { answer, id, instant, job, point, seconds, statsFields, tallyCount } from './schema-parts.ts';

/** The JSON of commands that look at jobs. */
export const inspectionSchemas = {
  stats: answer({
    context: z.string(),
    backend: z.string(),
    region: z.string().optional().describe('Asked for in place of that of the context.'),
    asOf: instant,
    queues: z.array(
      z.looseObject({
        queue: z.string(),
        paused: z.boolean().optional(),
        ...statsFields,
        by: z.array(z.looseObject({ key: z.string(), ...statsFields })).optional(),
        deadLetter: z.string().optional().describe('The queue where its dead jobs lie; its row counts the same ones.'),
        copiesIn: z
          .string()
          .optional()
          .describe('The queue where copies of its dead jobs lie; a job that died is counted in both rows.'),
        copies: tallyCount
          .optional()
          .describe('How many copies of its dead jobs lie there: what a sum of both rows has counted twice.'),
        metrics: z
          .looseObject({
            oldestAgeSeconds: point.optional(),
            sentPerMinute: point.optional(),
            donePerMinute: point.optional(),
          })
          .optional()
          .describe('With --metrics: what a monitoring service measured. What is missing is not known, and not 0.'),
      }),
    ),
    measuredBy: z.string().optional().describe('The monitoring service, with --metrics.'),
    pauses: z
      .array(
        z.looseObject({
          queue: z.string(),
          since: instant,
          until: instant.optional(),
          by: z.string(),
          reason: z.string().optional(),
          overdue: z.boolean().describe('It was to be resumed before now, and is still paused.'),
        }),
      )
      .optional()
      .describe('Queues that were paused from this machine.'),
  }),
  'job-list': answer({
    queue: z.string().optional(),
    jobs: z.array(job),
    more: z.boolean().describe('True when more match than are listed.'),
  }),
  'job-show': answer({
    job,
    timeline: z.array(z.looseObject({ at: instant.optional(), event: z.string(), note: z.string().optional() })),
    links: z.array(z.looseObject({ relation: z.string(), to: z.string() })),
    notes: z.array(z.string()),
  }),
  'dlq-list': answer({
    queue: z.string().optional().describe('Missing when all queues are listed.'),
    jobs: z.array(job),
    more: z.boolean(),
  }),
  'dlq-groups': answer({
    queue: z.string().optional().describe('Missing when all queues are grouped.'),
    by: z.enum(['error', 'type', 'tenant', 'lane']).optional(),
    scanned: tallyCount,
    complete: z.boolean(),
    outOf: z
      .looseObject({ value: tallyCount, exact: z.boolean() })
      .optional()
      .describe('When not complete: how many there are in all, where that can be counted.'),
    copies: z
      .looseObject({ value: tallyCount, exact: z.boolean() })
      .optional()
      .describe('How many of the jobs are copies of others that were looked at: counted twice. Not exact: at most.'),
    others: tallyCount.optional().describe('Jobs of further groups that are not listed.'),
    groups: z.array(
      z.looseObject({
        group: z.string(),
        signature: z.string(),
        count: tallyCount,
        types: z.array(z.string()),
        firstSeen: instant.optional(),
        lastSeen: instant.optional(),
        sampleIds: z.array(id),
      }),
    ),
  }),
  top: answer({
    contexts: z.array(
      z.looseObject({
        context: z.string(),
        protected: z.boolean(),
        readOnly: z.boolean(),
        failure: z.string().optional().describe('It could not be reached; there are no queues then.'),
        backend: z.string().optional(),
        version: z.string().optional(),
        where: z.string().optional(),
        asOf: instant.optional(),
        workers: z.looseObject({ alive: tallyCount, silent: tallyCount }).optional(),
        pauses: z.array(z.looseObject({ queue: z.string(), since: instant, overdue: z.boolean() })).optional(),
        queues: z
          .array(
            z.looseObject({
              queue: z.string(),
              paused: z.boolean().optional(),
              ...statsFields,
              targetSeconds: seconds.optional().describe('How long a job may wait.'),
              workers: z
                .looseObject({ alive: tallyCount, silent: tallyCount })
                .optional()
                .describe('Where each worker says which queue it takes from.'),
              outPerSecond: z.number().optional().describe('What ended, well or dead, a second.'),
              finding: z.looseObject({ level: z.enum(['bad', 'warn']), text: z.string() }).optional(),
            }),
          )
          .describe('The worst first.'),
      }),
    ),
  }),
} as const satisfies Record<string, z.ZodType>;
