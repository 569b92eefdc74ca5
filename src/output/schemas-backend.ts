import { z } from 'zod';
import { answer, instant, schedule, tallyCount } from './schema-parts.ts';

/** The JSON of commands about the backend and what works on its queues. */
export const backendSchemas = {
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
        lanes: z
          .looseObject({ names: z.array(z.string()), freedBy: z.string().optional() })
          .optional()
          .describe('What it keeps without a job of it, and the statement that frees that once the worker is gone.'),
      }),
    ),
    note: z.string().optional().describe('Which workers are known, where that is not all of them.'),
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
            batchWindowSeconds: z.int().optional().describe('So long it is waited for a batch to fill.'),
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
} as const satisfies Record<string, z.ZodType>;
