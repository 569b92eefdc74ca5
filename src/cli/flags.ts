import { Flags } from '@oclif/core';

/** On every command. */
export const globalFlags = {
  context: Flags.string({
    char: 'c',
    summary: 'Context of the configuration to work in.',
    helpValue: 'NAME',
    helpGroup: 'GLOBAL',
  }),
  url: Flags.string({
    summary: 'Backend, instead of a context. Keep passwords in variables.',
    helpValue: 'URL',
    helpGroup: 'GLOBAL',
  }),
  schema: Flags.string({
    summary: 'Postgres schema, where a database holds several queues.',
    helpValue: 'NAME',
    helpGroup: 'GLOBAL',
  }),
  dialect: Flags.string({
    summary: 'Queue library, where a database holds several.',
    helpValue: 'NAME',
    helpGroup: 'GLOBAL',
  }),
  region: Flags.string({
    summary: 'SQS: region, instead of that of the URL.',
    helpValue: 'REGION',
    helpGroup: 'GLOBAL',
  }),
  profile: Flags.string({ summary: 'SQS: profile of the AWS configuration.', helpValue: 'NAME', helpGroup: 'GLOBAL' }),
  'endpoint-url': Flags.string({
    summary: 'SQS: where it is, if not at AWS.',
    helpValue: 'URL',
    helpGroup: 'GLOBAL',
  }),
  receive: Flags.boolean({
    summary: 'SQS: look also where each look counts towards a dead-letter policy.',
    helpGroup: 'GLOBAL',
  }),
  config: Flags.string({
    summary: 'Configuration file, instead of those that are found.',
    helpValue: 'FILE',
    helpGroup: 'GLOBAL',
  }),
  timeout: Flags.string({
    summary: 'Bound of one call to the backend.',
    helpValue: 'DURATION',
    default: '15s',
    helpGroup: 'GLOBAL',
  }),
  'no-input': Flags.boolean({ summary: 'Never ask; refuse instead.', helpGroup: 'GLOBAL' }),
  'no-color': Flags.boolean({ summary: 'Plain text. NO_COLOR does the same.', helpGroup: 'GLOBAL' }),
  debug: Flags.boolean({ summary: 'Show stack traces.', helpGroup: 'GLOBAL' }),
};

const SELECTION = 'SELECTION';

/** Which jobs. The same flags list and act. */
export const selectionFlags = {
  id: Flags.string({
    summary: 'Only this job; repeatable, - reads ids from stdin.',
    multiple: true,
    helpValue: 'ID',
    helpGroup: SELECTION,
  }),
  type: Flags.string({
    summary: 'Only jobs of this type; repeatable.',
    multiple: true,
    helpValue: 'TYPE',
    helpGroup: SELECTION,
  }),
  error: Flags.string({
    summary: 'Last error contains this text, or matches /this/.',
    helpValue: 'TEXT',
    helpGroup: SELECTION,
  }),
  group: Flags.string({ summary: 'Failure group, as dlq groups names it.', helpValue: 'g-…', helpGroup: SELECTION }),
  'older-than': Flags.string({
    summary: 'In its state for longer than this, or since before this time.',
    helpValue: 'WHEN',
    helpGroup: SELECTION,
  }),
  'newer-than': Flags.string({
    summary: 'In its state for less than this, or since after this time.',
    helpValue: 'WHEN',
    helpGroup: SELECTION,
  }),
  tenant: Flags.string({
    summary: 'Only jobs of this tenant, where the backend keeps one.',
    helpValue: 'NAME',
    helpGroup: SELECTION,
  }),
  lane: Flags.string({ summary: 'Only jobs of this lane.', helpValue: 'NAME', helpGroup: SELECTION }),
  where: Flags.string({
    summary: 'CEL condition on the job as --json shows it.',
    helpValue: 'CEL',
    helpGroup: SELECTION,
  }),
};

const SAFETY = 'SAFETY';

/** How a write is carried out. */
export const writeFlags = {
  'dry-run': Flags.boolean({ summary: 'Show the plan and stop.', exclusive: ['yes'], helpGroup: SAFETY }),
  yes: Flags.boolean({
    char: 'y',
    summary: 'Answer yes. Not enough where the queue must be named.',
    helpGroup: SAFETY,
  }),
  confirm: Flags.string({
    summary: 'Name of the queue (of the context, for several), in place of the question.',
    helpValue: 'QUEUE',
    helpGroup: SAFETY,
  }),
  reason: Flags.string({ summary: 'Why; kept in the audit log.', helpValue: 'TEXT', helpGroup: SAFETY }),
  limit: Flags.integer({ summary: 'Act on at most this many.', min: 1, helpGroup: SAFETY }),
  max: Flags.integer({ summary: 'Refuse when more than this many match.', min: 0, helpGroup: SAFETY }),
  rate: Flags.string({ summary: 'At most this fast: 50/s, 200/m.', helpValue: 'RATE', helpGroup: SAFETY }),
  batch: Flags.integer({ summary: 'Jobs per transaction.', min: 1, max: 10_000, default: 1000, helpGroup: SAFETY }),
  'newer-schema': Flags.boolean({
    summary: 'Write also to tables that are newer than this jobctl knows. Audited.',
    helpGroup: SAFETY,
  }),
  'wait-lock': Flags.string({
    summary: 'Wait this long for another run to end.',
    helpValue: 'DURATION',
    helpGroup: SAFETY,
  }),
};

const { limit: _limit, max: _max, rate: _rate, batch: _batch, ...safety } = writeFlags;
/** The same on writes that are not about a number of jobs. */
export const runFlags = safety;

/** On writes whose plan may be carried out later. */
export const planFlags = {
  'plan-out': Flags.string({
    summary: 'Write the plan into this file and stop; apply carries it out later.',
    helpValue: 'FILE',
    exclusive: ['yes', 'confirm'],
    helpGroup: SAFETY,
  }),
};

const CARE = 'CARE';

/** On a replay: not everything at once, and not for ever. */
export const carefulFlags = {
  canary: Flags.integer({
    summary: 'So many jobs first; the others only when these ended well.',
    min: 1,
    helpGroup: CARE,
  }),
  'canary-wait': Flags.string({
    summary: 'Wait this long for the end of the canary.',
    default: '60s',
    helpValue: 'DURATION',
    helpGroup: CARE,
  }),
  'max-failures': Flags.integer({
    summary: 'Go on although so many of the canary died again.',
    default: 0,
    min: 0,
    helpGroup: CARE,
  }),
  spread: Flags.string({
    summary: 'Spread the jobs evenly over this time.',
    helpValue: 'DURATION',
    exclusive: ['rate'],
    helpGroup: CARE,
  }),
  'valid-only': Flags.boolean({
    summary: 'Only jobs whose payload fits the schema of their type (jobTypes).',
    helpGroup: CARE,
  }),
  force: Flags.boolean({ summary: 'Also jobs that were replayed twice within a day.', helpGroup: CARE }),
};

/** On commands that print jobs. */
export const showFlags = {
  'show-sensitive': Flags.boolean({ summary: 'Show what is redacted. Audited.' }),
};

/** On what is about jobs by their ids alone: where each queue counts its own, an id names one of several. */
export const queueFlag = {
  queue: Flags.string({ char: 'q', summary: 'Queue, where ids are not unique across queues.', helpValue: 'QUEUE' }),
};

/** On commands that show one job. */
export const detailFlags = {
  ...showFlags,
  ...queueFlag,
  full: Flags.boolean({ summary: 'Do not fold long payloads and stacks.' }),
};

/** On writes that may be about the whole backend. */
export const allQueuesFlag = {
  'all-queues': Flags.boolean({ summary: 'Every queue of the context.', helpGroup: SELECTION }),
};

/** How long a command that waits does so at most, as it was typed; undefined when nothing was said. */
export const waitOf = (
  { within, timeout }: { readonly within?: string | undefined; readonly timeout: string },
  { flags }: { readonly flags: Readonly<Record<string, { readonly setFromDefault?: boolean } | undefined>> },
): string | undefined => within ?? (flags['timeout']?.setFromDefault === true ? undefined : timeout);
