import { z } from 'zod';
import {
  answer,
  backup,
  id,
  instant,
  job,
  point,
  report,
  run,
  schedule,
  seconds,
  statsFields,
  tallyCount,
  verb,
} from './schema-parts.ts';
import { procedureSchemas } from './schemas-procedures.ts';

/**
 * The JSON that scripts lean on, one schema a command. Fields are only ever added. This module is for `schemas/*.json`
 * and the tests; no command loads it.
 */

const percentiles = z.looseObject({ p50: seconds, p90: seconds, p99: seconds, max: seconds });

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
        deadLetter: z.string().optional().describe('The queue where its dead jobs lie; its row counts the same ones.'),
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
      .enum(['completed', 'gone', 'dead', 'cancelled', 'timeout', 'stopped'])
      .optional()
      .describe('`gone`: it is not there any more, which on some backends is how a job completes.'),
    seenBy: z.string().optional().describe('How its end was seen.'),
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
  ...procedureSchemas,
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
              outPerSecond: z.number().optional().describe('What ended, well or dead, a second.'),
              finding: z.looseObject({ level: z.enum(['bad', 'warn']), text: z.string() }).optional(),
            }),
          )
          .describe('The worst first.'),
      }),
    ),
  }),
  'worker-list': answer({
    workers: z.array(
      z.looseObject({
        id: z.string(),
        seenAt: instant.optional(),
        silent: z.boolean().describe('Its last sign of life is too long ago.'),
        active: z.int().optional().describe('Jobs that it has now.'),
        queue: z.string().optional().describe('Where it takes from only one.'),
        state: z.string().optional().describe("The backend's own word, where a line stands for many workers."),
        limit: z.looseObject({ value: z.int(), by: z.string() }).optional().describe('How many it may run at once.'),
        running: z.number().optional().describe('How many run, as measured of late. Missing: not known.'),
        note: z.string().optional().describe('How its last turn ended.'),
      }),
    ),
  }),
  'schedule-list': answer({ schedules: z.array(schedule) }),
  'scale-show': answer({
    queue: z.string(),
    consumers: z.array(
      z.looseObject({
        id: z.string(),
        queue: z.string(),
        consumer: z.string(),
        state: z.string(),
        values: z
          .looseObject({
            maxConcurrency: z.int().optional(),
            batchSize: z.int().optional(),
            reservedConcurrency: z.int().optional(),
          })
          .describe('What is missing limits nothing.'),
        notes: z.array(z.string()),
      }),
    ),
  }),
  logs: answer({
    queue: z.string(),
    lines: z.array(z.looseObject({ at: instant, source: z.string(), text: z.string() })),
    more: z.boolean().describe('Older lines were left out, or the search was cut short.'),
    sources: z.array(z.string()),
    notes: z.array(z.string()),
  }),
  doctor: answer({
    context: z.string(),
    backend: z.string(),
    where: z.string(),
    checked: z.array(z.string()).describe('What was looked at.'),
    findings: z.array(
      z.looseObject({
        id: z.string().describe('Stable: `visibility-too-short`.'),
        severity: z.enum(['problem', 'warning']),
        queue: z.string().optional(),
        what: z.string(),
        why: z.string().optional(),
        next: z.array(z.string()),
      }),
    ),
    ok: z.boolean(),
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
    statements: tallyCount.describe("Of the script; of a library's own program the migrations."),
    outside: tallyCount.optional().describe('Of these, how many come after the transaction.'),
    library: z
      .looseObject({
        dialect: z.string(),
        schema: z.string(),
        from: z
          .int()
          .optional()
          .describe('Version of the tables, as the library counts it; missing where there are none.'),
        to: z.int().optional(),
      })
      .optional()
      .describe('Where the library itself is asked for its migrations.'),
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
