import type { ErrorObject } from 'ajv/dist/2020.js';
import { parseDuration } from '../config/duration.ts';
import type { JobTypeEntry } from '../config/load.ts';
import type { NewJob } from '../domain/enqueue.ts';
import { JobctlError } from '../domain/errors.ts';
import { payloadPointer, payloadValue } from '../domain/payload.ts';
import type { PayloadCheck } from '../operations/payloads.ts';

export type JobTypes = Readonly<Record<string, JobTypeEntry>>;

/** Completes a job from its type, and says what is wrong with it: a line for each fault, with its path. */
export type TypeCheck = (queue: string, job: NewJob) => { readonly job: NewJob; readonly faults: readonly string[] };

const FAULTS = 5;

export const ownType = (types: JobTypes, name: string): JobTypeEntry | undefined =>
  Object.hasOwn(types, name) ? types[name] : undefined;

/**
 * The library is loaded only where a type has a schema. `ignores`: how often a job is tried is a wish of its type, for the
 * backends that keep it; elsewhere the worker decides, and the job is not refused for that.
 */
export async function typeCheck(types: JobTypes, ignores: ReadonlySet<keyof NewJob> = new Set()): Promise<TypeCheck> {
  const validators = await validatorsOf(types);
  return (queue, job) => {
    const type = ownType(types, job.type);
    if (type === undefined) return { job, faults: [] };
    const payload = payloadValue(job.payload);
    const faults = [...(validators.get(job.type)?.(payload) ?? [])];
    const key = job.key ?? keyOf(type.key, payload, { type: job.type, queue }, faults);
    const { maxAttempts, ...rest } = defaultsOf(type);
    const tries = maxAttempts === undefined || ignores.has('maxAttempts') ? {} : { maxAttempts };
    return { job: { ...rest, ...tries, ...job, ...(key === undefined ? {} : { key }) }, faults };
  };
}

/** The same for jobs that are there: the payload alone is looked at. One that lies elsewhere is not judged by its pointer. */
export async function payloadCheck(types: JobTypes): Promise<PayloadCheck> {
  const validators = await validatorsOf(types);
  return ({ type, payload }) =>
    payloadPointer(payload) === undefined ? validators.get(type)?.(payloadValue(payload)) : undefined;
}

/** What is wrong with the schemas themselves, by type. */
export async function schemaFaults(types: JobTypes): Promise<{ readonly type: string; readonly why: string }[]> {
  const faults: { type: string; why: string }[] = [];
  for (const [type, entry] of Object.entries(types))
    await validatorsOf({ [type]: entry }).catch((error: Error) => {
      const cause = error.cause instanceof Error ? error.cause : error;
      faults.push({ type, why: cause.message });
    });
  return faults;
}

type Validate = (payload: unknown) => readonly string[];

async function validatorsOf(types: JobTypes): Promise<ReadonlyMap<string, Validate>> {
  const validators = new Map<string, Validate>();
  const schemas = Object.entries(types).filter(([, type]) => type.payload !== undefined);
  if (schemas.length === 0) return validators;
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const { default: addFormats } = await import('ajv-formats');
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  addFormats.default(ajv);
  for (const [name, type] of schemas) validators.set(name, compiled(ajv, name, type));
  return validators;
}

function compiled(
  ajv: InstanceType<typeof import('ajv/dist/2020.js').Ajv2020>,
  name: string,
  { payload }: JobTypeEntry,
): Validate {
  try {
    const check = ajv.compile(payload as object);
    return (value) => (check(plain(value)) ? [] : (check.errors ?? []).slice(0, FAULTS).map(faultLine));
  } catch (cause) {
    throw new JobctlError(
      'usage',
      `The payload of the job type ${name} is not a JSON Schema: ${(cause as Error).message}.`,
      { next: ['jobctl config check'], cause },
    );
  }
}

/** The validator knows no BigInt; a rounded number has the same type. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? Number(item) : item)));

const faultLine = ({ instancePath, message, params }: ErrorObject): string => {
  const extra = 'additionalProperty' in params ? ` (${String(params['additionalProperty'])})` : '';
  return `payload${instancePath.replaceAll('/', '.')} ${message ?? 'is not allowed'}${extra}`;
};

const defaultsOf = ({ delay, priority, lane, maxAttempts }: JobTypeEntry): Partial<NewJob> => ({
  ...(delay === undefined ? {} : { delaySeconds: parseDuration(delay) }),
  ...(priority === undefined ? {} : { priority }),
  ...(lane === undefined ? {} : { lane }),
  ...(maxAttempts === undefined ? {} : { maxAttempts }),
});

/** `email:{type}:{user.id}`: from the payload first, as its fields are what makes a job its own. */
function keyOf(
  pattern: string | undefined,
  payload: unknown,
  facts: Readonly<Record<string, string>>,
  faults: string[],
): string | undefined {
  return pattern?.replace(/\{([^{}]+)\}/g, (_all, path: string) => {
    const value = path.split('.').reduce<unknown>((place, name) => member(place, name), payload) ?? facts[path];
    if (['string', 'number', 'bigint', 'boolean'].includes(typeof value) && value !== '') return String(value);
    faults.push(`payload.${path} is missing: the idempotency key ${pattern} is made of it`);
    return '';
  });
}

const member = (place: unknown, name: string): unknown =>
  typeof place === 'object' && place !== null && Object.hasOwn(place, name)
    ? (place as Record<string, unknown>)[name]
    : undefined;
