import { z } from 'zod';
import { jobStates } from '../domain/job.ts';

/**
 * The JSON that scripts lean on, one schema a command. Fields are only ever added. This module is for `schemas/*.json`
 * and the tests; no command loads it.
 */

const version = z.literal(1);
const instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  .describe('RFC 3339 in UTC with six decimals.');
const id = z.string().describe('Always a string, also where the backend has numbers.');
const seconds = z.number().describe('Seconds.');
const tallyCount = z.int().min(0);
const state = z.enum(jobStates);

const counts = z.looseObject(
  Object.fromEntries(jobStates.map((name) => [name, z.int().min(0)])) as Record<(typeof jobStates)[number], z.ZodInt>,
);

const statsFields = {
  counts,
  other: z.record(z.string(), z.int()).optional().describe("The backend's own states that this version does not know."),
  exact: z.boolean().describe('False when any of the counts is an estimate.'),
  oldestWaitingSeconds: seconds.optional(),
  oldestActiveSeconds: seconds.optional(),
  rates: z
    .looseObject({ windowSeconds: seconds, completed: z.number(), died: z.number(), meanSeconds: seconds.optional() })
    .optional(),
};

const job = z.looseObject({
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

const left = z.array(z.looseObject({ id, why: z.string() }));
const outcomes = z.looseObject({ done: tallyCount, skipped: tallyCount, failed: tallyCount, unknown: tallyCount });
const verb = z.enum(['replay', 'reset', 'remove', 'purge', 'cancel', 'edit', 'resolve', 'restore', 'undo']);

const report = z.looseObject({
  schemaVersion: version,
  run: z.string().optional().describe('Missing on a dry run and when nothing matched.'),
  verb,
  queue: z.string().optional().describe('The queue, where it is one.'),
  queues: z.array(z.string()),
  dryRun: z.boolean(),
  matched: tallyCount,
  limit: z.int().optional(),
  more: tallyCount.describe('How many matched beyond the limit.'),
  outcomes,
  skipped: left,
  failed: left,
  backup: z.string().optional().describe('Path of the backup.'),
  complete: z.boolean().describe('True when every job of the plan was dealt with.'),
  stopped: z.string().optional(),
  next: z.array(z.string()),
});

const run = z.looseObject({
  id: z.string(),
  startedAt: instant,
  state: z.enum(['finished', 'unfinished', 'damaged']),
  running: z.boolean(),
  verb: verb.optional(),
  context: z.string().optional(),
  queues: z.array(z.string()),
  matched: tallyCount.optional(),
  outcomes: outcomes.optional(),
});

const backup = z.looseObject({
  run: z.string(),
  path: z.string(),
  at: instant,
  verb: verb.optional(),
  context: z.string().optional(),
  queues: z.array(z.string()),
  jobs: tallyCount.optional(),
  bytes: tallyCount,
});

const answer = <Shape extends z.ZodRawShape>(shape: Shape) => z.looseObject({ schemaVersion: version, ...shape });

export const outputSchemas = {
  stats: answer({
    context: z.string(),
    backend: z.string(),
    asOf: instant,
    queues: z.array(
      z.looseObject({
        queue: z.string(),
        paused: z.boolean().optional(),
        ...statsFields,
        by: z.array(z.looseObject({ key: z.string(), ...statsFields })).optional(),
      }),
    ),
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
  report,
  'run-list': answer({ runs: z.array(run), more: z.boolean() }),
  'run-show': answer({
    run,
    plan: z
      .looseObject({
        verb,
        context: z.string(),
        backend: z.string(),
        where: z.string(),
        queues: z.array(z.string()),
        madeAt: instant,
      })
      .optional(),
    report: report.optional().describe('Missing while the run has none.'),
    backup: z.string().optional(),
    journal: z.string().optional(),
    next: z.array(z.string()),
  }),
  'backup-list': answer({ folder: z.string(), backups: z.array(backup), more: z.boolean() }),
  'backup-show': answer({ backup, jobs: z.array(job), more: z.boolean() }),
  'backup-verify': answer({
    path: z.string(),
    ok: z.boolean(),
    torn: z.boolean().describe('The only damage is a last write that a crash cut short.'),
    frames: tallyCount,
    jobs: tallyCount,
    bytes: tallyCount,
    damage: z.array(z.looseObject({ frame: z.int(), offset: z.int(), why: z.string() })),
  }),
  'context-list': answer({
    contexts: z.array(
      z.looseObject({
        name: z.string(),
        backend: z.string(),
        url: z.string().describe('As written: variables by name, so no secret.'),
        protected: z.boolean(),
        readOnly: z.boolean(),
        current: z.boolean(),
        origin: z.string(),
      }),
    ),
  }),
  capabilities: answer({
    backend: z.string(),
    version: z.string(),
    where: z.string(),
    capabilities: z.array(
      z.looseObject({
        verb: z.string(),
        level: z.enum(['native', 'emulated', 'none']),
        caveat: z.string().optional(),
        why: z.string().optional(),
        instead: z.string().optional(),
        refused: z.boolean().optional(),
      }),
    ),
  }),
  'config-check': answer({
    ok: z.boolean(),
    files: z.array(z.string()),
    issues: z.array(
      z.looseObject({ file: z.string(), line: z.int(), column: z.int(), path: z.string(), message: z.string() }),
    ),
    statements: z
      .array(z.looseObject({ operation: z.string(), sql: z.string() }))
      .optional()
      .describe('With --explain.'),
  }),
  'worker-list': answer({
    workers: z.array(
      z.looseObject({
        id: z.string(),
        seenAt: instant.optional(),
        silent: z.boolean().describe('Its last sign of life is too long ago.'),
        active: z.int().optional().describe('Jobs that it has now.'),
      }),
    ),
  }),
  'schema-check': answer({
    context: z.string(),
    backend: z.string(),
    version: z.string(),
    where: z.string(),
    ok: z.boolean(),
    findings: z.array(
      z.looseObject({
        level: z.enum(['ok', 'hint', 'warning', 'problem']),
        text: z.string(),
        next: z.string().optional(),
      }),
    ),
  }),
  'schema-apply': answer({
    context: z.string(),
    backend: z.string().describe('What was applied; on a dry run `postgres` alone.'),
    version: z.string().optional().describe('Missing on a dry run.'),
    where: z.string(),
    source: z.string().describe('The file, or the command that printed the script.'),
    statements: tallyCount,
    dryRun: z.boolean(),
  }),
  error: answer({
    error: z.looseObject({
      code: z
        .string()
        .regex(/^[A-Z][A-Z0-9_]*$/)
        .describe('Stable: JOBCTL_LOCKED.'),
      message: z.string(),
      exitCode: z.int(),
      next: z.array(z.string()),
    }),
  }),
} as const satisfies Record<string, z.ZodType>;

export type OutputName = keyof typeof outputSchemas;

/** JSON Schema, draft 2020-12, as it is checked in. */
export function jsonSchemaOf(name: OutputName): string {
  const schema = z.toJSONSchema(outputSchemas[name], {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.type === 'object' && jsonSchema.properties !== undefined) jsonSchema.additionalProperties = true;
      // zod adds the bounds of a safe integer, which say nothing to a reader.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  const { $schema, ...rest } = schema;
  return `${JSON.stringify({ $schema, title: `jobctl ${name} --json`, ...rest }, undefined, 2)}\n`;
}
