import { z } from 'zod';
import { answer, id, report, seconds, tallyCount } from './schema-parts.ts';

const percentiles = z.looseObject({ p50: seconds, p90: seconds, p99: seconds, max: seconds });

/** The JSON of commands that wait for jobs. */
export const operationSchemas = {
  drain: answer({
    context: z.string(),
    queues: z.array(z.string()),
    drained: z.boolean(),
    stopped: z.enum(['timeout', 'cancelled']).optional().describe('Why the wait ended early.'),
    left: z.looseObject({
      waiting: tallyCount,
      delayed: tallyCount.describe('Not due yet.'),
      active: tallyCount,
      blocked: tallyCount,
    }),
    remaining: tallyCount.describe('What was still waited for.'),
    exact: z.boolean(),
    perSecond: z.number().optional().describe('How fast it shrank in the end.'),
    waitedSeconds: seconds,
    includeDelayed: z.boolean(),
    activeOnly: z.boolean(),
    paused: z.string().optional().describe('The run that stopped the schedules which feed the queue.'),
    resumed: z.boolean().optional().describe('The wait was in vain, so the schedules were started again.'),
  }),
  pause: report.extend({ resumed: report.optional().describe('How --for ended.') }),
  smoke: answer({
    context: z.string(),
    backend: z.string(),
    queue: z.string(),
    type: z.string(),
    ok: z.boolean(),
    run: z.string().optional().describe('Missing when no job was added.'),
    job: id.optional(),
    ended: z
      .enum(['completed', 'failed', 'gone', 'dead', 'cancelled', 'timeout', 'stopped'])
      .optional()
      .describe(
        '`gone`: it is not there any more, which on some backends is how a job completes. `failed`: its worker answered so.',
      ),
    seenBy: z
      .string()
      .optional()
      .describe('How its end was seen; missing where a reply or a line was waited for in vain.'),
    replyQueue: z.string().optional().describe('In which its worker was asked to answer.'),
    othersMet: tallyCount.optional().describe('Messages of others that were met there, and let go.'),
    logPattern: z.string().optional().describe('Text of the line in the log by which its end was to be seen.'),
    waitedSeconds: seconds.optional(),
    newlyDead: tallyCount.optional().describe('Other jobs of the queue that died meanwhile.'),
    cleanedUp: z.boolean().optional(),
    checks: z.array(z.looseObject({ name: z.string(), ok: z.boolean(), note: z.string().optional() })),
  }),
  loadtest: answer({
    context: z.string(),
    backend: z.string(),
    queue: z.string(),
    type: z.string(),
    ok: z.boolean(),
    run: z.string().optional(),
    asked: z.looseObject({ jobs: tallyCount, perSecond: z.number(), seconds }),
    added: tallyCount,
    addedPerSecond: z.number().optional().describe('As it came about.'),
    ended: z.enum(['drained', 'timeout', 'stopped']),
    endedPerSecond: z.number().optional().describe('From the first job to the last one ended.'),
    waitedSeconds: seconds,
    died: tallyCount.describe('Jobs of the queue that died meanwhile.'),
    followed: tallyCount.describe('Jobs that the times are from.'),
    times: z.looseObject({ wait: percentiles.optional(), run: percentiles.optional(), total: percentiles.optional() }),
    removed: tallyCount,
    left: z.string().optional().describe('Why not all that was added is gone.'),
  }),
} as const satisfies Record<string, z.ZodType>;
