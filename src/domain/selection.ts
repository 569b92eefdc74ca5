import type { Instant } from './instant.ts';
import type { Job, JobState } from './job.ts';

/**
 * Which jobs. Plain data: it is stored in a plan and means the same tomorrow, so times are instants, not ages.
 * A missing field does not narrow; an empty list matches nothing.
 */
export interface Selection {
  readonly queues: readonly string[];
  readonly states: readonly JobState[];
  readonly ids?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly lane?: string | undefined;
  readonly tenant?: string | undefined;
  /** Only jobs whose owner is provably gone. */
  readonly stuck?: boolean | undefined;
  /** Only dead jobs that are marked as handled. Without it none of these is meant. */
  readonly resolved?: true | undefined;
  /**
   * What lies in a queue that neither has a dead-letter queue nor is known to be one counts as dead: who asks says so.
   * Only where the dead lie in a queue of their own; of any other job it says nothing.
   */
  readonly takenForDead?: true | undefined;
  /** The state began at or before this moment. A job whose time is unknown never matches. */
  readonly before?: Instant | undefined;
  /** The state began at or after this moment. A job whose time is unknown never matches. */
  readonly after?: Instant | undefined;
  /** The plan's "now": what entered its state later is not part of the run. A job whose time is unknown is. */
  readonly cutoff?: Instant | undefined;
  /** Source texts of the three tests that need more than a comparison; see `Tests`. */
  readonly error?: string | undefined;
  readonly group?: string | undefined;
  readonly where?: string | undefined;
}

/** The compiled forms of `error`, `group` and `where`, made once per run from the texts in the selection. */
export interface Tests {
  readonly error?: ((job: Job) => boolean) | undefined;
  readonly group?: ((job: Job) => boolean) | undefined;
  readonly where?: ((job: Job) => boolean) | undefined;
}

/** What narrows a selection. An adapter says which of these it decides itself (`QueueReader.pushes`). */
export const criteria = [
  'queues',
  'states',
  'ids',
  'types',
  'lane',
  'tenant',
  'stuck',
  'resolved',
  'before',
  'after',
  'cutoff',
  'error',
  'group',
  'where',
] as const satisfies readonly (keyof Selection)[];
export type Criterion = (typeof criteria)[number];

/** The criteria of this selection that the backend leaves to us. */
export const residue = (selection: Selection, pushes: ReadonlySet<Criterion>): Criterion[] =>
  criteria.filter((criterion) => selection[criterion] !== undefined && !pushes.has(criterion));

/**
 * The meaning of a selection, made ready once and asked for each job. Every adapter may decide parts of it closer to the
 * data; none may decide them differently.
 * Throws a TypeError when a test that the selection names was not compiled: never a silent "yes".
 */
export function matcher(selection: Selection, tests: Tests = {}): (job: Job) => boolean {
  const queues = new Set(selection.queues);
  const states = new Set(selection.states);
  const ids = selection.ids && new Set(selection.ids);
  const types = selection.types && new Set(selection.types);
  const { lane, tenant, stuck, resolved, before, after, cutoff } = selection;
  const compiled = (['error', 'group', 'where'] as const)
    .filter((name) => selection[name] !== undefined)
    .map((name) => tests[name] ?? missing(name));
  return (job) =>
    queues.has(job.queue) &&
    states.has(job.state) &&
    (ids === undefined || ids.has(job.id)) &&
    (types === undefined || types.has(job.type)) &&
    (lane === undefined || job.lane === lane) &&
    (tenant === undefined || job.tenant === tenant) &&
    (stuck !== true || job.stuck !== undefined) &&
    (resolved === true) === (job.resolved !== undefined) &&
    (before === undefined || (job.since !== undefined && job.since <= before)) &&
    (after === undefined || (job.since !== undefined && job.since >= after)) &&
    (cutoff === undefined || arrived(job) <= cutoff) &&
    compiled.every((test) => test(job));
}

/** When the job came into its state. A delayed job's `since` is its due time, which lies ahead by nature: its creation counts. */
const arrived = (job: Job): Instant => (job.state === 'delayed' ? job.createdAt : job.since) ?? '';

export const matches = (selection: Selection, job: Job, tests?: Tests): boolean => matcher(selection, tests)(job);

function missing(name: string): never {
  throw new TypeError(`the selection's ${name} was not compiled`);
}
