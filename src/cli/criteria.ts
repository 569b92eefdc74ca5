import { text as readAll } from 'node:stream/consumers';
import { parseWhen } from '../config/duration.ts';
import type { QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Job, JobState } from '../domain/job.ts';
import type { Selection, Tests } from '../domain/selection.ts';
import { signature } from '../health/signature.ts';
import { jobFacts } from '../output/job-view.ts';
import { refuseUntold } from './untold.ts';

/** The selection flags as oclif parsed them. */
export interface SelectionFlags {
  readonly id?: readonly string[] | undefined;
  readonly type?: readonly string[] | undefined;
  readonly error?: string | undefined;
  readonly group?: string | undefined;
  readonly 'older-than'?: string | undefined;
  readonly 'newer-than'?: string | undefined;
  readonly tenant?: string | undefined;
  readonly lane?: string | undefined;
  readonly where?: string | undefined;
}

/** Flags into data: ages become moments on the backend's clock, `-` becomes the ids that stdin gives. */
export async function readSelection(
  flags: SelectionFlags,
  queues: readonly string[],
  states: readonly JobState[],
  reader: Pick<QueueReader, 'backend' | 'now'>,
): Promise<Selection> {
  refuseUntold(reader.backend, flags);
  const timed = flags['older-than'] !== undefined || flags['newer-than'] !== undefined;
  const clock = timed ? await reader.now() : '';
  const when = (text: string | undefined): Instant | undefined =>
    text === undefined ? undefined : parseWhen(text, clock);
  const selection = {
    queues,
    states,
    ids: flags.id === undefined ? undefined : await readIds(flags.id),
    types: flags.type,
    error: flags.error,
    group: flags.group,
    before: when(flags['older-than']),
    after: when(flags['newer-than']),
    tenant: flags.tenant,
    lane: flags.lane,
    where: flags.where,
  };
  return Object.fromEntries(
    Object.entries(selection).filter(([, value]) => value !== undefined),
  ) as unknown as Selection;
}

/** True when something besides queue and state narrows it. */
export const isNarrowed = (flags: SelectionFlags): boolean =>
  (['id', 'type', 'error', 'group', 'older-than', 'newer-than', 'tenant', 'lane', 'where'] as const).some(
    (name) => flags[name] !== undefined,
  );

async function readIds(given: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const id of given) {
    if (id === '-') ids.push(...(await readAll(process.stdin)).split(/\s+/).filter((word) => word !== ''));
    else ids.push(id);
  }
  return [...new Set(ids)];
}

/** The three tests that need more than a comparison, from their source texts. The libraries are loaded only when used. */
export async function compileTests(selection: Selection): Promise<Tests> {
  return {
    error: selection.error === undefined ? undefined : await errorTest(selection.error),
    group: selection.group === undefined ? undefined : groupTest(selection.group),
    where: selection.where === undefined ? undefined : await whereTest(selection.where),
  };
}

/** `/re/` runs in linear time whatever the pattern (RE2), so a bad one cannot hang the run. */
async function errorTest(text: string): Promise<(job: Job) => boolean> {
  const pattern = /^\/(.+)\/$/s.exec(text)?.[1];
  if (pattern === undefined) {
    const wanted = text.toLowerCase();
    return ({ error }) => error?.message.toLowerCase().includes(wanted) ?? false;
  }
  const { RE2JS } = await import('re2js');
  try {
    const compiled = RE2JS.compile(pattern);
    return ({ error }) => error !== undefined && compiled.matcher(error.message).find();
  } catch (cause) {
    throw new JobctlError('usage', `--error ${text} is not a regular expression: ${(cause as Error).message}.`, {
      next: ['Without the slashes it is looked for as it stands.'],
      cause,
    });
  }
}

function groupTest(group: string): (job: Job) => boolean {
  if (!/^g-[0-9a-f]{8}$/.test(group))
    throw new JobctlError('usage', `--group ${group} is not a group.`, {
      next: ['jobctl dlq groups QUEUE   # lists them'],
    });
  return (job) => signature(job).group === group;
}

/** Fields of a job by their own names, next to `job` itself. `type` is a word of CEL: only `job.type` works. */
const fields = [
  'id',
  'queue',
  'state',
  'native',
  'retrying',
  'attempts',
  'maxAttempts',
  'priority',
  'lane',
  'tenant',
  'key',
  'since',
  'createdAt',
  'worker',
  'stuck',
  'payload',
  'error',
];

async function whereTest(source: string): Promise<(job: Job) => boolean> {
  const { Environment } = await import('@marcbachmann/cel-js');
  const environment = fields.reduce(
    (known, field) => known.registerVariable(field, 'dyn'),
    new Environment().registerVariable('job', 'dyn'),
  );
  const evaluate = (() => {
    try {
      const parsed = environment.parse(source);
      const checked = parsed.check();
      if (!checked.valid) throw checked.error;
      return parsed;
    } catch (cause) {
      throw whereFault(source, cause);
    }
  })();
  return (job) => {
    const plain = jobFacts(job);
    const known = {
      ...plain,
      attempts: BigInt(job.attempts),
      ...(job.priority === undefined ? {} : { priority: BigInt(job.priority) }),
    };
    try {
      const value: unknown = evaluate({
        ...Object.fromEntries(fields.map((field) => [field, null])),
        ...known,
        job: known,
      });
      if (typeof value === 'boolean') return value;
      throw new TypeError(`it gives ${typeof value}, not true or false`);
    } catch (cause) {
      if ((cause as { code?: string }).code === 'no_such_key') return false; // a job without that field does not match
      throw whereFault(source, cause, job.id);
    }
  };
}

/** What CEL says of the slips that its rules invite, and how it wants them written. */
const hints: readonly (readonly [RegExp, string])[] = [
  [/overload: type\b/, '"type" is a word of CEL itself: write job.type.'],
  [
    /double> \S+ int|int \S+ (dyn<)?double/,
    'The numbers of a payload are fractions to CEL, which add to fractions only: write 1.0 for 1.',
  ],
];

function whereFault(source: string, cause: unknown, id?: string): JobctlError {
  const why = (cause as Error).message.split('\n')[0] ?? '';
  const hint = hints.find(([pattern]) => pattern.test(why))?.[1];
  const next = [hint ?? 'It is CEL over the job as --json shows it: payload.amount > 100 && attempts >= 3'];
  return new JobctlError(
    'usage',
    `--where ${JSON.stringify(source)}${id === undefined ? '' : ` on job ${id}`}: ${why}.`,
    { next, cause },
  );
}
