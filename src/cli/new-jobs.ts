import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { isDuration, parseDuration } from '../config/duration.ts';
import type { NewJob } from '../domain/enqueue.ts';
import { JobctlError } from '../domain/errors.ts';
import { whyNot } from '../domain/file-fault.ts';
import { payloadValue, toJson } from '../domain/payload.ts';

export interface NewJobFlags {
  readonly payload?: string | undefined;
  readonly file?: string | undefined;
  readonly delay?: string | undefined;
  readonly priority?: number | undefined;
  readonly lane?: string | undefined;
  readonly tenant?: string | undefined;
  readonly key?: string | undefined;
  readonly 'max-attempts'?: number | undefined;
}

/** A job as it was asked for, with where it stands, or why it cannot be read. */
export type Asked = { readonly at: string } & ({ readonly job: NewJob } | { readonly fault: string });

/** One job of a flag, or a job a line of a file or of stdin. With a type each line is a payload, else a whole job. */
export async function* newJobs(queue: string, type: string | undefined, flags: NewJobFlags): AsyncGenerator<Asked> {
  const common = commonOf(flags);
  if (flags.file === undefined) {
    yield { at: '--payload', ...oneJob(type ?? queue, flags.payload ?? '{}', common) };
    return;
  }
  const source: Readable = flags.file === '-' ? process.stdin : createReadStream(flags.file);
  let number = 0;
  try {
    for await (const line of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      if (line.trim() === '') continue;
      const at = `line ${number}`;
      yield type === undefined ? { at, ...wholeJob(queue, line, common) } : { at, ...oneJob(type, line, common) };
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === undefined) throw cause;
    throw new JobctlError('usage', `${flags.file} cannot be read: ${whyNot(cause)}.`, {
      next: ['Name a file with a payload, or a job, a line: --file FILE; - is stdin.'],
      cause,
    });
  }
}

function commonOf(flags: NewJobFlags): Partial<NewJob> {
  const { priority, lane, tenant, key } = flags;
  return present({
    delaySeconds: flags.delay === undefined ? undefined : parseDuration(flags.delay),
    priority,
    lane,
    tenant,
    key,
    maxAttempts: flags['max-attempts'],
  });
}

function oneJob(type: string, payload: string, common: Partial<NewJob>): { job: NewJob } | { fault: string } {
  const fault = faultOf(payload);
  return fault === undefined ? { job: { type, payload: payload.trim(), ...common } } : { fault };
}

/** What a line may say of a job; it comes before what the flags say of all. */
const fields = ['type', 'payload', 'delay', 'priority', 'lane', 'tenant', 'key', 'maxAttempts'];

function wholeJob(queue: string, line: string, common: Partial<NewJob>): { job: NewJob } | { fault: string } {
  const fault = faultOf(line);
  if (fault !== undefined) return { fault };
  const value = payloadValue(line);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { fault: 'is no job: write {"type":…,"payload":…}, or name the type after the queue' };
  const {
    type = queue,
    payload = {},
    delay,
    priority,
    lane,
    tenant,
    key,
    maxAttempts,
    ...rest
  } = value as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) return { fault: `has the unknown field ${unknown}; there are ${fields.join(', ')}` };
  for (const [name, one] of Object.entries({ type, lane, tenant, key }))
    if (one !== undefined && (typeof one !== 'string' || one === '')) return { fault: `${name} is not a text` };
  for (const [name, one] of Object.entries({ priority, maxAttempts }))
    if (one !== undefined && !Number.isSafeInteger(one)) return { fault: `${name} is not a whole number` };
  if (delay !== undefined && !(typeof delay === 'string' && isDuration(delay)))
    return { fault: 'delay is not a duration such as 90s or 15m' };
  const delaySeconds = delay === undefined ? undefined : parseDuration(delay as string);
  const own = present({ delaySeconds, priority, lane, tenant, key, maxAttempts }) as Partial<NewJob>;
  return { job: { ...common, ...own, type: type as string, payload: toJson(payload) } };
}

function faultOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (cause) {
    return `is not JSON: ${(cause as Error).message}`;
  }
}

const present = (value: object): Partial<NewJob> =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
