import { z } from 'zod';
import { jobStates } from '../domain/job.ts';
import { verbs } from '../domain/plan.ts';

/** Imports zod, so load this module lazily. Strict: what this version does not know it must not pass over. */

const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
const text = z.string().min(1);
const count = z.int().min(0);
const facts = z.record(z.string(), z.unknown());

const selection = z.strictObject({
  queues: z.array(text).min(1),
  states: z.array(z.enum(jobStates)).min(1),
  ids: z.array(text).min(1).optional(),
  types: z.array(z.string()).optional(),
  lane: z.string().optional(),
  tenant: z.string().optional(),
  stuck: z.boolean().optional(),
  resolved: z.literal(true).optional(),
  takenForDead: z.literal(true).optional(),
  before: instant.optional(),
  after: instant.optional(),
  cutoff: instant.optional(),
  error: z.string().optional(),
  group: z.string().optional(),
  where: z.string().optional(),
});

const action = z.discriminatedUnion('verb', [
  z.strictObject({ verb: z.literal('replay'), keepAttempts: z.boolean(), to: text.optional() }),
  z.strictObject({ verb: z.literal('reset') }),
  z.strictObject({ verb: z.literal('remove') }),
  z.strictObject({ verb: z.literal('cancel') }),
  z.strictObject({ verb: z.literal('edit'), payload: z.string() }),
  z.strictObject({ verb: z.literal('resolve'), note: z.string() }),
]);

const schedule = z.strictObject({
  id: text,
  queue: text,
  type: z.string().optional(),
  when: z.string(),
  nextAt: instant.optional(),
  paused: z.boolean().optional(),
  managedBy: z.string().optional(),
});

const task = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('act'),
    selection,
    action,
    validOnly: z.literal(true).optional(),
    spared: z
      .array(z.strictObject({ id: text, runs: z.array(text) }))
      .optional()
      .describe('Replayed twice within a day: skipped.'),
  }),
  z.strictObject({
    kind: z.literal('put-back'),
    via: z.enum(['restore', 'revert', 'remove', 'withdraw', 'recall']),
    how: z.strictObject({ asWas: z.boolean(), cutoff: instant }),
    from: z.strictObject({
      backup: z.string(),
      run: text.optional(),
      ids: z.array(text).optional(),
      salvage: z.boolean().optional(),
    }),
  }),
  z.strictObject({
    kind: z.literal('switch'),
    to: z.enum(['paused', 'running']),
    switches: z.array(
      z.strictObject({
        queue: text,
        before: z.strictObject({
          paused: z.boolean(),
          found: facts,
          means: z.array(z.string()),
          warnings: z.array(z.string()).optional(),
        }),
        found: facts.optional(),
      }),
    ),
    until: instant.optional(),
    schedules: z.literal(true).optional(),
  }),
  z.strictObject({ kind: z.literal('enqueue'), queue: text, types: z.array(z.string()) }),
  z.strictObject({
    kind: z.literal('schedule'),
    deed: z.enum(['pause', 'resume', 'run', 'remove', 'put']),
    schedule,
    saved: facts.optional(),
  }),
  z.strictObject({ kind: z.literal('scale'), steps: z.array(z.lazy(() => scaleStep)).length(1) }),
]);

const limit = z.int().min(0).nullable().optional();
const change = z.strictObject({
  maxConcurrency: limit,
  batchSize: z.int().min(1).optional(),
  batchWindowSeconds: limit,
  reservedConcurrency: limit,
});
const scaleStep = z.strictObject({
  scale: z.strictObject({
    id: text,
    queue: text,
    consumer: z.string(),
    state: z.string(),
    values: change,
    notes: z.array(z.string()),
  }),
  change,
  as: change,
});

const newJob = z.strictObject({
  type: text,
  payload: z.string(),
  delaySeconds: z.number().optional(),
  priority: z.int().optional(),
  lane: z.string().optional(),
  tenant: z.string().optional(),
  key: z.string().optional(),
  maxAttempts: z.int().optional(),
});

const pace = z.strictObject({
  rate: text.optional(),
  batch: z.int().min(1).max(10_000).optional(),
  canary: z.int().min(1).optional(),
  canaryWait: text.optional(),
  maxFailures: count.optional(),
  spread: text.optional(),
  force: z.boolean().optional(),
});

export const planFileSchema = z.strictObject({
  schemaVersion: z.literal(1),
  madeBy: z.strictObject({ user: z.string(), host: z.string() }),
  command: z.array(z.string()).describe('The words that made it, secrets masked.'),
  plan: z.strictObject({
    schemaVersion: z.literal(1),
    verb: z.enum(verbs),
    context: text,
    backend: text,
    where: text,
    queues: z.array(text),
    task,
    madeAt: instant.describe('On the clock of the backend.'),
    matched: z.strictObject({ value: count, exact: z.boolean() }),
    limit: z.int().min(1).optional(),
    upTo: count.optional(),
    severity: z.enum(['normal', 'severe']),
    sample: z.array(z.never()).max(0),
    strays: z.array(z.strictObject({ id: z.string(), why: z.string() })),
    warnings: z.array(z.string()),
    reason: z.string().optional(),
  }),
  pace: pace.describe('How it is to be carried out.'),
  jobs: z.array(newJob).optional().describe('What is to be added.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('Of all the rest: a plan that was changed by hand is refused.'),
});
