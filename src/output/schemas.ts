import { z } from 'zod';
import { answer, backup, instant, job, report, run, tallyCount, verb } from './schema-parts.ts';
import { backendSchemas } from './schemas-backend.ts';
import { inspectionSchemas } from './schemas-inspection.ts';
import { operationSchemas } from './schemas-operation.ts';
import { procedureSchemas } from './schemas-procedures.ts';

/**
 * The JSON that scripts lean on, one schema a command. Fields are only ever added. This module is for `schemas/*.json`
 * and the tests; no command loads it.
 */

export const outputSchemas = {
  ...inspectionSchemas,
  ...operationSchemas,
  ...backendSchemas,
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
    handled: tallyCount.optional().describe('Jobs dealt with so far, of a run that has no report.'),
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
