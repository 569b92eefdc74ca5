import type { Action, PutBack, Resolution } from '../../domain/action.ts';
import type { BackendInfo, BrowseOptions, Count, QueueRef, Statement, Worker } from '../../domain/adapter.ts';
import type { SavedJob } from '../../domain/claim.ts';
import type { Enqueued, Enqueues, NewJob } from '../../domain/enqueue.ts';
import type { Job, JobDetail } from '../../domain/job.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { PauseState } from '../../domain/pause.ts';
import type { Schedule, Schedules } from '../../domain/schedule.ts';
import type { SchemaFinding } from '../../domain/schema.ts';
import type { Criterion, Selection } from '../../domain/selection.ts';
import type { QueueStats, StatsRequest } from '../../domain/stats.ts';
import type { Db } from './connection.ts';

/** A page in the dialect's own order. `cursor` is the place after its last row, undefined at the end. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly cursor: string | undefined;
}

/** `parked`: as it was saved, but failed, so that it does not start by itself. */
export type Standing = 'same' | 'parked' | 'different' | 'missing';

/** A saved job next to what the backend holds in its place now. */
export interface Held {
  readonly jobs: readonly SavedJob[];
  readonly skipped: readonly Outcome[];
}

export interface InspectOptions {
  /** Also whether this role may carry out the writes. */
  readonly writes: boolean;
  /** Statements that are to follow: what they make is not missing. */
  readonly coming?: string;
}

/** What `schema check` finds out about one library's tables. */
export interface Inspection {
  readonly version: string;
  readonly findings: readonly SchemaFinding[];
}

/** What a dialect that can pause does; inside a transaction. `found` is the word of the dialect for what was there. */
export interface DialectPause {
  look(db: Db, queue: string): Promise<PauseState>;
  /** `found`: of a resume that puts back what was there. */
  set(db: Db, queue: string, paused: boolean, found?: PauseState['found']): Promise<void>;
}

/** How a dialect adds jobs; inside a transaction, in the order given. */
export interface DialectEnqueue extends Pick<Enqueues, 'ignores' | 'refuses' | 'batch'> {
  add(db: Db, queue: string, jobs: readonly NewJob[]): Promise<Enqueued[]>;
}

/** How a dialect changes what adds jobs by itself; each inside a transaction. */
export type DialectSchedules = Pick<Schedules, 'pausable'> & {
  readonly [Deed in Exclude<keyof Schedules, 'removable' | 'pausable'>]: (
    db: Db,
    ...given: Parameters<NonNullable<Schedules[Deed]>>
  ) => ReturnType<NonNullable<Schedules[Deed]>>;
};

export type AddVerb = 'pause' | 'enqueue' | 'schedule';

export type WriteVerb = Action['verb'] | 'restore' | 'revert';

/**
 * One queue library's tables. A dialect only knows SQL: transactions, locks, retries and settling are the same for all
 * and live beside it. Everything in the second half runs inside a transaction on the writing session.
 */
export interface Dialect {
  readonly info: Omit<BackendInfo, 'readOnlyServer'>;
  readonly schema: string;
  readonly pushes: ReadonlySet<Criterion>;
  /** Verbs that this layout cannot do, with the reason and what to do instead. */
  readonly lacks: Partial<Record<WriteVerb | AddVerb, { readonly why: string; readonly instead?: string }>>;
  /** What is not quite the library's own way of doing a verb. */
  readonly caveats: Partial<Record<WriteVerb | AddVerb, string>>;
  /** There is no cancelled state: a job that is cancelled is taken away, and comes back when that is undone. */
  readonly cancelRemoves?: true;
  /** Missing where it has no means to pause, to add, or to change schedules. */
  readonly pause?: DialectPause | undefined;
  readonly enqueue?: DialectEnqueue | undefined;
  readonly schedule?: DialectSchedules | undefined;

  queues(db: Db): Promise<QueueRef[]>;
  stats(db: Db, request: StatsRequest): Promise<QueueStats[]>;
  count(db: Db, selection: Selection): Promise<Count>;
  page(db: Db, selection: Selection, options: BrowseOptions, cursor: string | undefined): Promise<Page<Job>>;
  find(db: Db, id: string, queue: string | undefined): Promise<JobDetail | undefined>;
  /** How many of these dead lie there twice, as far as their queues tell; missing where nothing is copied. */
  copiesAmong?(db: Db, selection: Selection): Promise<number>;
  /** What a write on this selection will leave, or come to, for its plan. One line each. */
  cautions?(db: Db, selection: Selection, verb: (Action | Resolution)['verb']): Promise<string[]>;

  workers?(db: Db): Promise<Worker[]>;
  schedules?(db: Db, queues: readonly string[] | undefined): Promise<Schedule[]>;
  statements?(): Promise<Statement[]>;

  /** Throws when this role lacks a privilege that the verb needs, be it on something that belongs to one queue. */
  permit(db: Db, verb: WriteVerb | 'enqueue', queue?: string): Promise<void>;
  /** What this role cannot see to beside a deed that it may do, and what to grant. Missing where a deed takes no such thing. */
  besides?(db: Db, deed: WriteVerb): Promise<string | undefined>;
  /** Picks and locks the next jobs, passing over those that others hold. */
  pick(db: Db, selection: Selection, size: number, cursor: string | undefined): Promise<Page<SavedJob>>;
  /** Why these named jobs were not among those picked; nothing about those that the selection does not mean. */
  explain(db: Db, selection: Selection, ids: readonly string[]): Promise<Outcome[]>;
  /** Writes, checking the state once more. One outcome a job. */
  apply(db: Db, action: Action, jobs: readonly SavedJob[]): Promise<Outcome[]>;
  /** Marks dead jobs as handled; missing where there is no such mark. */
  resolve?(db: Db, note: string, jobs: readonly SavedJob[]): Promise<Outcome[]>;
  /** Jobs that are there and whose last writer was `mark`, locked. */
  holdForRevert(db: Db, saved: readonly SavedJob[], mark: string | undefined): Promise<Held>;
  revert(db: Db, saved: readonly SavedJob[]): Promise<Outcome[]>;
  /** Jobs that are not there any more. */
  holdForRestore(db: Db, saved: readonly SavedJob[], how: PutBack): Promise<Held>;
  restore(db: Db, saved: readonly SavedJob[], how: PutBack): Promise<Outcome[]>;
  /** For each job what is there now, compared with its snapshot. */
  compare(db: Db, saved: readonly SavedJob[]): Promise<Map<string, Standing>>;
}
