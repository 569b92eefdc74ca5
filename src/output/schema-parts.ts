import { z } from 'zod';
import { jobStates } from '../domain/job.ts';
import { verbs } from '../domain/plan.ts';

/** What several of the JSON answers have in common. Like `schemas.ts`, for the checked-in schemas alone. */

export const version = z.literal(1);
export const instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  .describe('RFC 3339 in UTC with six decimals.');
export const id = z.string().describe('Always a string, also where the backend has numbers.');
export const seconds = z.number().describe('Seconds.');
export const tallyCount = z.int().min(0);
export const state = z.enum(jobStates);
export const point = z.looseObject({ value: z.number(), at: instant });

export const counts = z.looseObject(
  Object.fromEntries(jobStates.map((name) => [name, z.int().min(0)])) as Record<(typeof jobStates)[number], z.ZodInt>,
);

export const statsFields = {
  counts,
  other: z.record(z.string(), z.int()).optional().describe("The backend's own states that this version does not know."),
  exact: z.boolean().describe('False when any of the counts is an estimate.'),
  oldestWaitingSeconds: seconds.optional(),
  oldestActiveSeconds: seconds.optional(),
  rates: z
    .looseObject({ windowSeconds: seconds, completed: z.number(), died: z.number(), meanSeconds: seconds.optional() })
    .optional(),
};

export const job = z.looseObject({
  id,
  queue: z.string(),
  type: z.string(),
  state,
  native: z.string().describe("The backend's own word for the state."),
  retrying: z.boolean(),
  attempts: z.int(),
  maxAttempts: z.int().optional(),
  priority: z.number().optional(),
  lane: z.string().optional(),
  tenant: z.string().optional(),
  key: z.string().optional(),
  since: instant.optional().describe('When the state began.'),
  createdAt: instant.optional(),
  worker: z.string().optional(),
  stuck: z.string().optional().describe('The proof that the owner of an active job is gone.'),
  resolved: z.string().optional().describe('The note on a dead job that is marked as handled.'),
  error: z.looseObject({ message: z.string(), class: z.string().optional(), stack: z.string().optional() }).optional(),
  payload: z.unknown().describe('The value, secrets taken out; the text where the payload is not JSON.'),
});

export const left = z.array(z.looseObject({ id, why: z.string() }));
export const outcomes = z.looseObject({
  done: tallyCount,
  skipped: tallyCount,
  failed: tallyCount,
  unknown: tallyCount,
});
export const verb = z.enum(verbs);

export const report = z.looseObject({
  schemaVersion: version,
  run: z.string().optional().describe('Missing on a dry run and when nothing matched.'),
  verb,
  queue: z.string().optional().describe('The queue, where it is one.'),
  queues: z.array(z.string()),
  dryRun: z.boolean(),
  matched: tallyCount,
  exact: z.literal(false).optional().describe('`matched` and `more` are an estimate.'),
  limit: z.int().optional(),
  more: tallyCount.describe('How many matched beyond the limit.'),
  outcomes,
  emptied: z
    .literal(true)
    .optional()
    .describe('The backend emptied the queue in one call, which `outcomes` does not count.'),
  warnings: z
    .array(z.string())
    .optional()
    .describe(
      'Of a dry run: what the plan warns of. Of a resumed run: what nobody can know of the batch that broke off.',
    ),
  skipped: left,
  failed: left,
  made: z.array(id).optional().describe('Ids of the jobs that were added, the first hundred of them.'),
  backup: z.string().optional().describe('Path of the backup.'),
  planFile: z.string().optional().describe('Where --plan-out wrote the plan.'),
  complete: z.boolean().describe('True when every job of the plan was dealt with.'),
  stopped: z.string().optional(),
  timedOut: z.literal(true).optional().describe('A change was accepted and did not take effect in time.'),
  next: z.array(z.string()),
});

export const run = z.looseObject({
  id: z.string(),
  startedAt: instant,
  state: z
    .enum(['finished', 'unfinished', 'refused', 'damaged'])
    .describe('`refused`: nothing was begun, and `stopped` tells why.'),
  stopped: z.string().optional(),
  running: z.boolean(),
  verb: verb.optional(),
  context: z.string().optional(),
  queues: z.array(z.string()),
  matched: tallyCount.optional(),
  outcomes: outcomes.optional(),
  emptied: z.literal(true).optional().describe('As in the report of the run.'),
});

export const jobType = z.looseObject({
  type: z.string(),
  payload: z.looseObject({}).optional().describe('JSON Schema of the payload.'),
  key: z.string().optional().describe('Pattern of the idempotency key.'),
  maxAttempts: z.int().optional(),
  priority: z.int().optional(),
  lane: z.string().optional(),
  delay: z.string().optional(),
});

export const schedule = z.looseObject({
  id: z.string(),
  queue: z.string(),
  type: z.string().optional().describe('Of the jobs that it adds.'),
  when: z.string().describe('As the backend has it, for people: `every 5m`, `0 3 * * * (Europe/Berlin)`.'),
  nextAt: instant.optional().describe('Missing while it is paused.'),
  paused: z.boolean().optional().describe('Missing where the backend knows no such thing.'),
  managedBy: z.string().optional().describe('The service that made it, which alone may stop it.'),
});

export const backup = z.looseObject({
  run: z.string(),
  path: z.string(),
  at: instant,
  verb: verb.optional(),
  context: z.string().optional(),
  queues: z.array(z.string()),
  jobs: tallyCount.optional(),
  bytes: tallyCount,
});

export const answer = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.looseObject({ schemaVersion: version, ...shape });
