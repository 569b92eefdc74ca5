import { z } from 'zod';
import { faultOfUrl } from './backend-url.ts';
import { isDuration, parseDuration } from './duration.ts';
import { NAMES_NO_JOB, namesOneJob } from './log-pattern.ts';
import { tables } from './tables-schema.ts';
import { usesFound } from './uses-found.ts';

/** Imports zod, so load this module lazily; its types cost nothing. */

z.config({ jitless: true }); // each file is read once: to write code for that takes longer than to read it

const duration = z
  .string()
  .refine(isDuration, { error: 'is not a duration; write it with its unit: 90s, 15m, 1h30m, 24h, 7d' })
  .meta({ examples: ['15m', '7d'] });
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, { error: 'may hold letters, digits, ".", "_" and "-" only' });

const backendUrl = z
  .string()
  .superRefine((url, check) => {
    const fault = faultOfUrl(url);
    if (fault !== undefined) check.addIssue({ code: 'custom', message: fault });
  })
  .describe(
    'postgres://, redis://, rediss://, sqs://REGION[/PREFIX] or memory:. May hold ${VARIABLE}; never a literal password.',
  );

const redact = z
  .strictObject({
    fields: z
      .array(z.string().min(1))
      .optional()
      .describe('Payload fields of this name are hidden at any depth, besides the built-in list.'),
    paths: z
      .array(z.string().min(1))
      .optional()
      .describe('Paths into the payload that are hidden, such as user.address or items.*.iban.'),
    email: z.boolean().optional().describe('Also hide e-mail addresses inside texts.'),
  })
  .describe('What is hidden wherever a payload is shown.');

const pause = z
  .strictObject({
    command: z.string().min(1).describe('Stops the workers: kubectl scale deployment/email --replicas=0'),
    resume: z.string().min(1).describe('Starts them again; $found is what status printed before the pause.'),
    status: z
      .string()
      .min(1)
      .optional()
      .describe('Prints how it stands, such as the number of replicas. Without it nothing is verified.'),
    pausedWhen: z.string().optional().describe('What status prints while the queue is paused; 0 when missing.'),
  })
  .refine(({ resume, status }) => status !== undefined || !usesFound(resume), {
    path: ['resume'],
    error: 'uses $found, which is what status prints before the pause; there is no status',
  })
  .describe(
    'Commands that pause the workers of this queue where the backend cannot, or knows only some of them (SQS). /bin/sh runs them; $queue, $context and $found are set.',
  );

const smoke = z
  .strictObject({
    type: z.string().min(1).optional().describe('Type of the job; the name of the queue when missing.'),
    payload: z
      .json()
      .optional()
      .describe('Its payload; {} when missing. {mark} in a text becomes a mark of that job alone.'),
    within: duration.optional().describe('How long it may take; 60s when missing.'),
    replyQueue: z
      .string()
      .min(1)
      .optional()
      .describe('SQS: queue in which its worker answers, by name, URL or ARN: its end is then seen by the answer.'),
    logPattern: z
      .string()
      .refine(namesOneJob, { error: NAMES_NO_JOB })
      .optional()
      .describe(
        'SQS with Lambda consumers: plain text, no regular expression, of the line that they log when a job is done: done {mark}. {mark} and {id} stand for the mark and the id of that job.',
      ),
  })
  .refine(({ replyQueue, logPattern }) => replyQueue === undefined || logPattern === undefined, {
    path: ['logPattern'],
    error: 'stands beside replyQueue: its end can be seen by one of them alone',
  })
  .describe('The job that jobctl smoke adds to this queue.');

const path = z.string().min(1).optional();

const deadLetter = z
  .strictObject({
    queue: z.string().min(1).describe('Its name.'),
    payload: path.describe(
      'Where the payload of the original is in the payload there: original.data. All of it when missing.',
    ),
    type: path.describe('Where the name of the original is; the name of the copy when missing.'),
    error: path.describe('Where it says why it died: a text, or an object with a message.'),
    options: path.describe(
      'Where the options of the original are; its attempts, backoff and priority are taken from there.',
    ),
    source: path.describe('Where the queue of the original is named, when several queues keep their dead in one.'),
  })
  .describe('How copies of dead jobs lie in a queue of their own.');

const queue = z.strictObject({
  deadLetter: z
    .union([z.string().min(1), deadLetter])
    .optional()
    .describe(
      'BullMQ: the queue in which the application keeps the dead jobs of this one; its name, or more about it.',
    ),
  target: duration
    .optional()
    .describe('How long the oldest waiting job of this queue may wait; the longest of its lanes when missing.'),
  lanes: z
    .record(
      z.string(),
      z.strictObject({
        target: duration
          .optional()
          .describe('How long the oldest waiting job of this lane may wait; as the queue when missing.'),
      }),
    )
    .optional()
    .describe('The lanes of this queue.'),
  pause: pause.optional(),
  smoke: smoke.optional(),
});

const jobType = z.strictObject({
  payload: z
    .record(z.string(), z.json())
    .optional()
    .describe('JSON Schema (draft 2020-12) of the payload, checked before a job is added.'),
  key: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Pattern of the idempotency key: email:{type}:{recipientId}. Filled from the payload; {type} and {queue} else from the job.',
    ),
  maxAttempts: z
    .int()
    .min(1)
    .optional()
    .describe('How often a job of this type is tried, where the backend keeps that.'),
  priority: z.int().optional(),
  lane: z.string().min(1).optional(),
  delay: duration.optional().describe('Not before this long after it was added.'),
});

const jobTypes = z
  .record(z.string(), jobType)
  .describe('What jobs of a type look like. Those of a context come before those of the file.');

const notify = z
  .strictObject({
    webhook: z
      .string()
      .regex(/^\$\{[A-Za-z_]\w*\}$/, {
        error: 'must be an environment variable such as ${SLACK_WEBHOOK}: whoever knows the address can write there',
      })
      .describe('Where messages go, as {"text": …} in the way of Slack. An environment variable: ${SLACK_WEBHOOK}.'),
    on: z
      .array(z.enum(['start', 'end', 'failure', 'pause', 'resume']))
      .optional()
      .describe('What is told; all of it when missing.'),
  })
  .describe(
    'Tells a channel of runs: who, what, where, how many. Never a payload. That of a context replaces that of the file.',
  );

const context = z.strictObject({
  url: backendUrl,
  schema: z
    .string()
    .min(1)
    .optional()
    .describe('Postgres: the schema that holds the tables, when there is more than one.'),
  dialect: z.string().min(1).optional().describe('Postgres: the queue library, when a database holds several.'),
  profile: z.string().min(1).optional().describe('SQS: the profile of the AWS configuration.'),
  endpoint: z.string().min(1).optional().describe('SQS: where it is, if not at AWS: http://127.0.0.1:4566.'),
  prefix: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Redis: what the keys of all queues begin with; bull when missing. In a cluster with braces, such as {bull}.',
    ),
  protected: z.boolean().optional().describe('Every write asks for the name of the queue; --yes is not enough.'),
  readOnly: z.boolean().optional().describe('Nothing can be written through this context.'),
  reset: z
    .strictObject({
      staleAfter: duration
        .optional()
        .describe('Procrastinate: a worker whose heartbeat is older than this counts as gone; 30s when missing.'),
    })
    .optional(),
  tables: tables.optional(),
  redact: redact.optional(),
  queues: z.record(z.string(), queue).optional(),
  jobTypes: jobTypes.optional(),
  notify: notify.optional(),
});

const DAY = 86_400;

const backups = z.strictObject({
  folder: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Where runs are kept, with their backups and the audit, in place of the state directory; seen from this file.',
    ),
  retention: duration
    .refine((text) => !isDuration(text) || parseDuration(text) >= DAY, {
      error: 'must be a day or more: so far back goes the ledger of replays',
    })
    .optional()
    .describe('How long finished runs are kept, with their backups: 30d. For ever when missing.'),
});

export const configSchema = z.strictObject({
  version: z.literal(1, { error: 'must be 1' }),
  default: name.optional().describe('The context that is used when none is named.'),
  contexts: z.record(name, context).optional().describe('Named backends and their manners.'),
  redact: redact.optional(),
  jobTypes: jobTypes.optional(),
  notify: notify.optional(),
  backups: backups.optional(),
});

/** A configuration file as it is written. */
export type ConfigFile = z.infer<typeof configSchema>;
export type ContextEntry = z.infer<typeof context>;
export type RedactEntry = z.infer<typeof redact>;
export type QueueEntry = z.infer<typeof queue>;
export type JobTypeEntry = z.infer<typeof jobType>;
export type NotifyEntry = z.infer<typeof notify>;

/** What `config schema` prints, for editors. */
export const configJsonSchema = (): Record<string, unknown> => ({
  title: 'jobctl.yaml',
  ...z.toJSONSchema(configSchema, { io: 'input' }),
});
