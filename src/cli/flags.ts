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
  tenant: Flags.string({ summary: 'Only jobs of this tenant.', helpValue: 'NAME', helpGroup: SELECTION }),
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
  'wait-lock': Flags.string({
    summary: 'Wait this long for another run to end.',
    helpValue: 'DURATION',
    helpGroup: SAFETY,
  }),
};

/** On commands that print jobs. */
export const showFlags = {
  'show-sensitive': Flags.boolean({ summary: 'Show what is redacted. Audited.' }),
};

/** On commands that show one job. */
export const detailFlags = {
  ...showFlags,
  queue: Flags.string({ char: 'q', summary: 'Queue, where ids are not unique across queues.', helpValue: 'QUEUE' }),
  full: Flags.boolean({ summary: 'Do not fold long payloads and stacks.' }),
};

/** On writes that may be about the whole backend. */
export const allQueuesFlag = {
  'all-queues': Flags.boolean({ summary: 'Every queue of the context.', helpGroup: SELECTION }),
};
