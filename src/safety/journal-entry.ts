import type { Instant } from '../domain/instant.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Verb } from '../domain/plan.ts';
import type { FrameRef } from './backup-frame.ts';

/** A job that was not simply done. What is not listed here was. */
export interface RestEntry {
  readonly queue: string;
  readonly id: string;
  readonly result: Exclude<Outcome['result'], 'done'>;
  readonly why: string;
  readonly note?: string | undefined;
}

export interface NoteEntry {
  readonly note: string;
  readonly jobs: number;
}

export interface StartEntry {
  readonly at: 'start';
  readonly time: Instant;
  readonly run: string;
  readonly verb: Verb;
}

/** Written before the backend is touched: without an outcome behind it, the jobs' fate is open. */
export interface IntentEntry {
  readonly at: 'intent';
  readonly batch: number;
  readonly mark: string;
  /** Of jobs that are not there yet: their numbers in the input. Of a pause: the queue. */
  readonly ids: readonly string[];
  /** The queue of each id, only where the run has more than one queue. */
  readonly queues?: readonly string[] | undefined;
  readonly frame?: FrameRef | undefined;
  /** Where jobs are put back: the batch of the source that these came from. Where they are added: the number of the first. */
  readonly source?: number | undefined;
  /** Another part of that batch of the source follows: it was put back in parts. */
  readonly more?: true | undefined;
  /** A schedule as it was before it was changed, lossless: what an undo puts back. */
  readonly saved?: Readonly<Record<string, unknown>> | undefined;
}

/** Between an intent and its outcome: these jobs stand in their new place under these ids, and may still be in the old one. */
export interface CopiedEntry {
  readonly at: 'copied';
  readonly batch: number;
  readonly copies: readonly {
    readonly queue: string;
    readonly id: string;
    readonly as: string;
    /** The queue that it stands in now, if that is another one. */
    readonly to?: string | undefined;
  }[];
}

export interface OutcomeEntry {
  readonly at: 'outcome';
  readonly batch: number;
  readonly done: number;
  readonly rest: readonly RestEntry[];
  /** What some of those done came to, where that is not what was meant. */
  readonly notes?: readonly NoteEntry[] | undefined;
  /** The ids of jobs that were added, in the order of the input. */
  readonly made?: readonly string[] | undefined;
  /** Found out later, by asking the backend. It speaks for the whole batch and replaces an earlier outcome of it. */
  readonly settled?: true | undefined;
}

/** Jobs that never came into a batch, such as those that another worker holds. */
export interface SkippedEntry {
  readonly at: 'skipped';
  readonly rest: readonly RestEntry[];
  readonly source?: number | undefined;
  readonly more?: true | undefined;
}

export interface EndEntry {
  readonly at: 'end';
  readonly time: Instant;
  /** True when every job of the plan was dealt with: there is nothing to resume. */
  readonly complete: boolean;
  readonly stopped?: string | undefined;
}

export type JournalEntry = StartEntry | IntentEntry | CopiedEntry | OutcomeEntry | SkippedEntry | EndEntry;

/** The part of some outcomes that a journal lists one by one. */
export function restOf(outcomes: readonly Outcome[]): RestEntry[] {
  const rest: RestEntry[] = [];
  for (const outcome of outcomes) {
    if (outcome.result === 'done') continue;
    const { queue, id } = outcome.ref;
    const note = outcome.result === 'skipped' ? outcome.note : undefined;
    rest.push({ queue, id, result: outcome.result, why: outcome.why, ...(note === undefined ? {} : { note }) });
  }
  return rest;
}

/** Undefined where what was done came to what was meant. */
export function notesOf(outcomes: readonly Outcome[]): NoteEntry[] | undefined {
  const notes = outcomes.flatMap((one) => (one.result === 'done' && one.note !== undefined ? [one.note] : []));
  if (notes.length === 0) return undefined;
  return [...Map.groupBy(notes, (note) => note)].map(([note, same]) => ({ note, jobs: same.length }));
}

const kinds: ReadonlySet<unknown> = new Set<JournalEntry['at']>([
  'start',
  'intent',
  'copied',
  'outcome',
  'skipped',
  'end',
]);

/** Undefined when the text is not an entry. */
export function parseEntry(text: string): JournalEntry | undefined {
  try {
    const entry = JSON.parse(text) as JournalEntry | null;
    return typeof entry === 'object' && entry !== null && kinds.has(entry.at) ? entry : undefined;
  } catch {
    return undefined;
  }
}
