import type { SavedJob } from '../../domain/claim.ts';
import { JobctlError } from '../../domain/errors.ts';
import type { Job, JobError } from '../../domain/job.ts';
import type { Selection } from '../../domain/selection.ts';
import { pushedPart } from './pushes.ts';

/** How an application keeps dead jobs in a queue of their own; paths lead into the payload there: `original.data`. */
export interface DeadLetter {
  readonly queue: string;
  /** Where the payload of the original is; the whole payload when missing. */
  readonly payload?: string | undefined;
  /** Where its name is; the name of the copy when missing. */
  readonly type?: string | undefined;
  /** Where it says why it died: a text, or something with a `message`. */
  readonly error?: string | undefined;
  /** Where the options are that it was added with: attempts, backoff and priority are taken from there. */
  readonly options?: string | undefined;
  /** Where its queue is named, when several queues keep their dead in one. */
  readonly source?: string | undefined;
}

/** The dead jobs of `home`, which lie in `queue`: a dead-letter queue is its own home as well. */
export interface Shelf {
  readonly home: string;
  readonly queue: string;
  /** Undefined for the dead-letter queue itself. */
  readonly letter: DeadLetter | undefined;
}

const bad = (what: string): JobctlError =>
  new JobctlError('usage', `deadLetter in the configuration: ${what}.`, {
    next: ['source: PATH says where a copy names the queue that it is of.', 'jobctl config check'],
  });

/** By the queue that is asked for. */
export function shelvesOf(letters: Readonly<Record<string, DeadLetter>>): Map<string, Shelf> {
  const shelves = new Map<string, Shelf>();
  for (const [home, letter] of Object.entries(letters)) {
    const others = Object.entries(letters).filter(([name, other]) => name !== home && other.queue === letter.queue);
    if (Object.hasOwn(letters, letter.queue))
      throw bad(`${letter.queue} keeps the dead of ${home}, and so it can have no dead-letter queue itself`);
    if (others.length > 0 && letter.source === undefined)
      throw bad(
        `${[home, ...others.map(([name]) => name)].join(' and ')} keep their dead in ${letter.queue}, and nothing tells which are whose`,
      );
  }
  for (const { queue } of Object.values(letters)) shelves.set(queue, { home: queue, queue, letter: undefined });
  for (const [home, letter] of Object.entries(letters)) shelves.set(home, { home, queue: letter.queue, letter });
  return shelves;
}

/** Both queues count from 1: so the other queue's name goes in front. */
const frontOf = ({ letter, queue }: Shelf): string => (letter === undefined ? '' : `${queue}:`);

export const shownId = (shelf: Shelf, id: string): string => `${frontOf(shelf)}${id}`;

/** Undefined for what cannot be an id of this shelf. */
export const innerId = (shelf: Shelf, id: string): string | undefined =>
  id.startsWith(frontOf(shelf)) ? id.slice(frontOf(shelf).length) : undefined;

/** What the selection means in the queue itself, and what in the shelf; undefined where there is nothing. */
export function split(
  shelf: Shelf,
  selection: Selection,
): { plain: Selection | undefined; inside: Selection | undefined } {
  const outside = selection.states.filter(
    (state) => state !== 'dead' && (shelf.letter !== undefined || state !== 'waiting'),
  );
  const ids = selection.ids?.flatMap((id) => innerId(shelf, id) ?? []);
  return {
    plain: outside.length === 0 ? undefined : { ...selection, queues: [shelf.home], states: outside },
    inside: selection.states.includes('dead')
      ? { ...pushedPart({ ...selection, ids }), queues: [shelf.queue], states: ['waiting', 'dead'] }
      : undefined,
  };
}

/** The copy as the dead job that it stands for; undefined for one of another queue. */
export function shown(shelf: Shelf, job: Job): Job | undefined {
  const { letter, home, queue } = shelf;
  const dead = { ...job, state: 'dead', retrying: false } as const;
  if (letter === undefined) return dead;
  const { error: copied, key: _, ...rest } = dead;
  const content = parsed(job.payload);
  if (letter.source !== undefined && valueAt(content, letter.source) !== home) return undefined;
  const type = letter.type === undefined ? undefined : valueAt(content, letter.type);
  const error = letter.error === undefined ? copied : (errorOf(valueAt(content, letter.error)) ?? copied);
  return {
    ...rest,
    queue: home,
    id: shownId(shelf, job.id),
    native: `${job.native} in ${queue}`,
    type: typeof type === 'string' ? type : job.type,
    payload: originalOf(letter, job.payload) ?? job.payload,
    ...(error !== undefined && { error }),
  };
}

export const shownSaved = (shelf: Shelf, saved: SavedJob): SavedJob | undefined => {
  const job = shown(shelf, saved.job);
  return job && { job, snapshot: { ...saved.snapshot, deadLetter: saved.job.queue, copy: saved.job.id } };
};

/** The counterpart: the copy itself, for a job that was shown in its place. */
export function innerSaved({ job, snapshot }: SavedJob): SavedJob | undefined {
  const { deadLetter, copy, ...rest } = snapshot;
  if (typeof deadLetter !== 'string' || typeof copy !== 'string') return undefined;
  return { job: { ...job, queue: deadLetter, id: copy }, snapshot: rest };
}

/** The original payload as JSON; undefined where there is none at that path. */
export function originalOf({ payload }: DeadLetter, text: string): string | undefined {
  if (payload === undefined) return text;
  const value = valueAt(parsed(text), payload);
  return value === undefined ? undefined : JSON.stringify(value);
}

/** The copy's own payload with another one of the original in it; undefined where there is none at that path. */
export function withOriginal({ payload: path }: DeadLetter, text: string, payload: string): string | undefined {
  if (path === undefined) return payload;
  const content = parsed(text);
  const names = path.split('.');
  const last = names.pop() ?? '';
  const holder = names.length === 0 ? content : valueAt(content, names.join('.'));
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, last)) return undefined;
  (holder as Record<string, unknown>)[last] = parsed(payload);
  return JSON.stringify(content);
}

/** What of the options of the original a new job is given. */
const kept = ['attempts', 'backoff', 'priority', 'lifo', 'removeOnComplete', 'removeOnFail', 'stackTraceLimit'];

export function optionsOf({ options }: DeadLetter, text: string): Record<string, unknown> {
  const value = options === undefined ? undefined : valueAt(parsed(text), options);
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([name]) => kept.includes(name)));
}

interface RawJson {
  rawJSON(text: string): unknown;
}

/** A number that JavaScript would round stays what was written. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text, ((_key: string, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
        ? (JSON as unknown as RawJson).rawJSON(context.source)
        : value) as (key: string, value: unknown) => unknown);
  } catch {
    return undefined;
  }
}

function valueAt(value: unknown, path: string): unknown {
  let at = value;
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

function errorOf(value: unknown): JobError | undefined {
  if (typeof value === 'string') return { message: value };
  const message = typeof value === 'object' && value !== null ? valueAt(value, 'message') : undefined;
  if (typeof message !== 'string') return undefined;
  const stack = valueAt(value, 'stack');
  return { message, ...(typeof stack === 'string' && { stack }) };
}
