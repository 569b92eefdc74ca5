import { z } from 'zod';
import { answer, id, instant, jobType, tallyCount, verb } from './schema-parts.ts';

/** Of what is done beforehand: plans that are written down, job types. */
export const procedureSchemas = {
  'plan-show': answer({
    path: z.string(),
    madeBy: z.looseObject({ user: z.string(), host: z.string() }),
    command: z.array(z.string()).describe('The words that made it, secrets masked.'),
    plan: z.looseObject({
      verb,
      context: z.string(),
      backend: z.string(),
      where: z.string(),
      queues: z.array(z.string()),
      task: z.looseObject({ kind: z.string() }).describe('An act names its selection, with ids where they are stable.'),
      madeAt: instant,
      matched: z.looseObject({ value: tallyCount, exact: z.boolean() }),
      limit: z.int().optional(),
      severity: z.enum(['normal', 'severe']),
    }),
    pace: z.looseObject({}).describe('How it is to be carried out: rate, batch, canary …'),
    jobs: tallyCount.optional().describe('How many jobs it adds.'),
  }),
  'jobtype-docs': answer({
    types: z.array(z.string()),
    out: z.string().optional().describe('The file that was written.'),
    markdown: z.string().optional().describe('The document, where no file was named.'),
  }),
  'jobtype-check': answer({
    ok: z.boolean(),
    context: z.string(),
    queues: z.array(z.string()),
    scanned: tallyCount,
    complete: z.boolean().describe('False when --max-scan ended it.'),
    invalid: tallyCount,
    types: z.array(
      z.looseObject({
        type: z.string(),
        jobs: tallyCount,
        checked: z.boolean().describe('False: the type has no payload schema.'),
        invalid: tallyCount,
      }),
    ),
    findings: z.array(
      z.looseObject({
        queue: z.string(),
        id,
        type: z.string(),
        state: z.string(),
        faults: z.array(z.string()).describe('Path and reason, never a value.'),
      }),
    ),
    more: z.boolean().describe('True when more do not fit than are listed.'),
  }),
  'jobtype-list': answer({ types: z.array(jobType) }),
  'jobtype-show': answer(jobType.shape),
} as const;
