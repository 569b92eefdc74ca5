import { fromMicros, type Instant } from '../../domain/instant.ts';
import type { Job, JobError } from '../../domain/job.ts';
import type { Reply } from './connection.ts';
import { PackedFields } from './packed-texts.ts';
import { dueMs, type Native, stateSets } from './sets.ts';

/** The hash of a job, byte for byte. Names are written in Latin-1, so that none is lost either. */
export type Fields = ReadonlyMap<string, Buffer>;

/** What HGETALL answers, asked for in capitals: names and values in turn. */
export function fieldsOf(reply: Reply | undefined): Fields {
  const flat = (reply ?? []) as readonly Buffer[];
  const fields = new Map<string, Buffer>();
  for (let at = 0; at + 1 < flat.length; at += 2)
    fields.set((flat[at] as Buffer).toString('latin1'), flat[at + 1] as Buffer);
  return fields;
}

/** The fields that a `Job` is made of: enough for a list, without results and progress, which may be large. */
export const jobFields = [
  ...['name', 'data', 'opts', 'timestamp', 'delay', 'priority', 'processedOn', 'finishedOn', 'failedReason'],
  ...['stacktrace', 'atm', 'attemptsMade', 'pb', 'deid', 'debounceId'],
] as const;

/** What a time in a state is computed from. */
export const timeFields = ['timestamp', 'processedOn', 'delay', 'opts'] as const;

/** What HMGET answers for these names. */
export const someFields = (names: readonly string[], reply: Reply | undefined): Fields =>
  new Map(
    names.flatMap((name, index) => {
      const value = (reply as readonly (Buffer | null)[] | undefined)?.[index] ?? null;
      return value === null ? [] : [[name, value] as const];
    }),
  );

/** A job as it was come upon. */
export interface Found {
  readonly queue: string;
  readonly id: string;
  /** Where its id stands; undefined for a hash that no list and no set names. */
  readonly native: Native | undefined;
  readonly score?: number | undefined;
  readonly fields: Fields;
  /** Only of active jobs: whether their lock is there. */
  readonly locked?: boolean | undefined;
}

/** Native word of a job whose hash is there and whose id is in no list or set: no worker will ever see it. */
export const ORPHAN = 'orphaned';

const stateOf = new Map<Native, Job['state']>(stateSets.map(({ native, state }) => [native, state]));

export const textOf = (fields: Fields, name: string): string | undefined =>
  fields instanceof PackedFields ? fields.text(name) : fields.get(name)?.toString('utf8');

export function numberOf(fields: Fields, name: string): number | undefined {
  const text = textOf(fields, name);
  const value = text === undefined || text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

const DAY_MS = 86_400_000;
let day = Number.NaN;
let dayText = '';
const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** The jobs of one page are mostly of one day, and a date is most of what it costs to write a time. */
function isoOf(ms: number): Instant {
  const start = Math.floor(ms / DAY_MS) * DAY_MS;
  if (start !== day) [day, dayText] = [start, new Date(start).toISOString().slice(0, 11)];
  const rest = ms - start;
  const [hours, minutes] = [Math.floor(rest / 3_600_000), Math.floor(rest / 60_000) % 60];
  const [seconds, millis] = [Math.floor(rest / 1000) % 60, rest % 1000];
  return `${dayText}${two(hours)}:${two(minutes)}:${two(seconds)}.${millis < 100 ? '0' : ''}${two(millis)}000Z` as Instant;
}

/** Milliseconds, with fractions where a producer wrote some. Undefined for what no calendar holds. */
export function instantOf(ms: number | undefined): Instant | undefined {
  if (ms === undefined || Math.abs(ms) > 8.64e15) return undefined;
  // the usual case, and there are several in each job: whole milliseconds of this age
  if (Number.isInteger(ms) && ms >= 0 && ms < 2e14) return isoOf(ms);
  return fromMicros(BigInt(Math.round(ms * 1000)));
}

const jsonOf = (fields: Fields, name: string): unknown => {
  try {
    return JSON.parse(textOf(fields, name) ?? 'null');
  } catch {
    return undefined;
  }
};

/** The options as they are stored: the names inside are BullMQ's short ones. */
export function optionsOf(fields: Fields): Readonly<Record<string, unknown>> {
  if (!(fields instanceof PackedFields)) return readOptions(fields);
  fields.options ??= readOptions(fields);
  return fields.options;
}

function readOptions(fields: Fields): Readonly<Record<string, unknown>> {
  const value = jsonOf(fields, 'opts');
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

const wholeOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;

/** One for each attempt that failed, oldest first. */
export function stacksOf(fields: Fields): string[] {
  const value = jsonOf(fields, 'stacktrace');
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

export const attemptsOf = (fields: Fields): number => numberOf(fields, 'atm') ?? numberOf(fields, 'attemptsMade') ?? 0;

/** 1 where nothing else is said, as BullMQ has it; `"attempts":0` means the same. */
export const maxAttemptsOf = (fields: Fields): number => wholeOf(optionsOf(fields)['attempts']) ?? 1;

export const priorityOf = (fields: Fields): number =>
  numberOf(fields, 'priority') ?? wholeOf(optionsOf(fields)['priority']) ?? 0;

function errorOf(fields: Fields): JobError | undefined {
  const message = textOf(fields, 'failedReason');
  const stack = stacksOf(fields).at(-1);
  if (message === undefined && stack === undefined) return undefined;
  const first = stack?.split('\n', 1)[0] ?? '';
  const [, kind] = /^(?:Uncaught )?([A-Z]\w*(?:Error|Exception)?)(?:: |$)/.exec(first) ?? [];
  return {
    message: message ?? first,
    ...(kind !== undefined && { class: kind }),
    ...(stack !== undefined && stack !== '' && { stack }),
  };
}

/** When the state began, in milliseconds. Redis keeps no time of its own for a job that waits again. */
export function sinceOf({ native, score, fields }: Found): number | undefined {
  const created = numberOf(fields, 'timestamp');
  switch (native) {
    case 'completed':
    case 'failed':
      return numberOf(fields, 'finishedOn') ?? score;
    case 'active':
      return numberOf(fields, 'processedOn');
    case 'delayed':
      return score === undefined ? undefined : dueMs(score);
    case 'waiting-children':
      return numberOf(fields, 'processedOn') ?? created;
    default:
      return numberOf(fields, 'processedOn') ?? (created === undefined ? undefined : created + promised(fields));
  }
}

/** How long it had been told to wait: over by now, else it would be delayed still. */
function promised(fields: Fields): number {
  const left = numberOf(fields, 'delay') ?? 0;
  return left > 0 ? 0 : (wholeOf(optionsOf(fields)['delay']) ?? 0);
}

/** What a job is called whose hash is gone while its id still stands in a list or set. */
export const isGhost = ({ fields }: Found): boolean => fields.size === 0;

export function jobOf(found: Found): Job {
  const { queue, id, native, fields, locked } = found;
  const attempts = attemptsOf(fields);
  const state = native === undefined ? 'blocked' : (stateOf.get(native) ?? 'blocked');
  const error = errorOf(fields);
  const failed = error !== undefined || stacksOf(fields).length > 0;
  const worker = textOf(fields, 'pb');
  const key = textOf(fields, 'deid') ?? textOf(fields, 'debounceId');
  const since = instantOf(sinceOf(found));
  const createdAt = instantOf(numberOf(fields, 'timestamp'));
  const priority = priorityOf(fields);
  return {
    queue,
    id,
    type: textOf(fields, 'name') ?? '',
    state,
    native: native ?? ORPHAN,
    retrying: (state === 'waiting' || state === 'delayed') && attempts > 0 && failed,
    attempts,
    maxAttempts: maxAttemptsOf(fields),
    payload: textOf(fields, 'data') ?? '',
    ...(error !== undefined && { error }),
    ...(since !== undefined && { since }),
    ...(createdAt !== undefined && { createdAt }),
    priority,
    lane: String(priority),
    ...(key !== undefined && { key }),
    ...(worker !== undefined && state === 'active' && { worker }),
    ...(state === 'active' && locked === false && { stuck: 'its lock has expired: no worker keeps it alive' }),
  };
}
