import type { Action, PutBack, Resolution } from './action.ts';
import type { Capability } from './capability.ts';
import type { Enqueues } from './enqueue.ts';
import type { Instant } from './instant.ts';
import type { Job, JobDetail, JobRef, JobState } from './job.ts';
import type { Outcome } from './outcome.ts';
import type { Pauses } from './pause.ts';
import type { Schedule, Schedules } from './schedule.ts';
import type { Criterion, Selection } from './selection.ts';

export interface BackendInfo {
  /** `memory`, `postgres/procrastinate`, `sqs`, `bullmq` … */
  readonly name: string;
  /** The version of the queue library's layout as far as it can be told: `3.4+`. */
  readonly version: string;
  /** Where it is, in one phrase, secrets masked: `postgres://app@db:5432/jobs (schema public)`. */
  readonly where: string;
  /** What it keeps of a failure; with `none`, `errorsNote` tells where to look instead. */
  readonly errors: 'history' | 'last' | 'none';
  readonly errorsNote?: string | undefined;
  /** `age` where nothing tells a live worker from a dead one: reset then wants to be told that they are gone. */
  readonly stuckBy?: 'age' | undefined;
  /** Which priority runs first. */
  readonly priority: 'larger-first' | 'smaller-first' | 'none';
  /**
   * When an empty queue is known to be empty: after this many looks in a row, over at least this many seconds. Missing where
   * one look at exact counts is enough.
   */
  readonly emptyAfter?: { readonly looks: number; readonly seconds: number } | undefined;
  /** True on a replica or any other place that refuses writes. */
  readonly readOnlyServer: boolean;
  /** What of its layout is newer than anything this program was tried with: `schema 47`. Then it is only read, unless the operator insists. */
  readonly newerSchema?: string | undefined;
  /** One line each, shown once on stderr: a newer layout than known, several dialects, and so on. */
  readonly warnings: readonly string[];
}

export interface QueueRef {
  readonly queue: string;
}

export type StateCounts = Readonly<Record<JobState, number>>;

export interface StatsRow {
  readonly counts: StateCounts;
  /** Native states that this version does not know, with their counts. Never dropped. */
  readonly other: Readonly<Record<string, number>>;
  /** False when any of the counts is an estimate. */
  readonly exact: boolean;
  /** Seconds, by the backend's clock; undefined when no such job exists or its time is not stored. */
  readonly oldestWaitingSeconds?: number | undefined;
  readonly oldestActiveSeconds?: number | undefined;
  /** What ended in the last `windowSeconds`; undefined where the backend cannot tell. */
  readonly rates?: Rates | undefined;
}

export interface Rates {
  readonly windowSeconds: number;
  readonly completed: number;
  readonly died: number;
  /** Mean run time of what completed in the window, seconds. */
  readonly meanSeconds?: number | undefined;
}

export type Breakdown = 'type' | 'lane' | 'tenant';

export interface QueueStats extends StatsRow {
  readonly queue: string;
  /** Undefined where the backend has no such thing as a pause. */
  readonly paused?: boolean | undefined;
  readonly by?: readonly (StatsRow & { readonly key: string })[] | undefined;
  /** Where its dead jobs lie, when that is a queue with a row of its own: both rows count the same jobs. */
  readonly deadLetter?: string | undefined;
}

export interface StatsRequest {
  /** All queues when missing. */
  readonly queues?: readonly string[] | undefined;
  readonly by?: Breakdown | undefined;
}

export interface Count {
  readonly value: number;
  readonly exact: boolean;
}

export interface BrowseOptions {
  /** Jobs per page. */
  readonly size: number;
  /** Newest or oldest first, in the order the backend can page by (its id, its time in the state). */
  readonly order: 'newest' | 'oldest';
}

export interface Worker {
  readonly id: string;
  /** Its last sign of life. */
  readonly seenAt?: Instant | undefined;
  /** True when that is too long ago for it to be alive. */
  readonly silent: boolean;
  /** Jobs that it has now; undefined where jobs do not name their worker. */
  readonly active?: number | undefined;
}

export interface Statement {
  readonly operation: string;
  readonly sql: string;
}

/** All that inspection may see. Nothing here changes the backend, except where `reads` is `receive`. */
export interface QueueReader {
  readonly backend: BackendInfo;
  /** `receive`: looking hides a job for a while and counts as a delivery (SQS). */
  readonly reads: 'peek' | 'receive';
  /** The criteria that `browse`, `count` and the claims decide exactly; the caller decides the rest with `matches`. */
  readonly pushes: ReadonlySet<Criterion>;
  /** The backend's clock. */
  now(): Promise<Instant>;
  queues(): Promise<QueueRef[]>;
  /** The queue of this name, by whatever it may be called by; undefined when there is none. Only where listing may be forbidden. */
  queueNamed?(asked: string): Promise<QueueRef | undefined>;
  stats(request: StatsRequest): Promise<QueueStats[]>;
  /** Jobs that fit the pushed criteria: an upper bound when the selection has others. */
  count(selection: Selection): Promise<Count>;
  /** Pages of jobs that fit the pushed criteria. May yield more than match, never fewer. */
  browse(selection: Selection, options: BrowseOptions): AsyncIterable<Job[]>;
  /** Undefined when no queue given (or the one given) holds that id. */
  find(id: string, queue?: string): Promise<JobDetail | undefined>;
  /** How many jobs that may fit others hold now, so that no claim could meet them. Only where a look can miss them. */
  heldByOthers?(selection: Selection): Promise<number>;
  /** The workers that the backend knows of; missing where it knows none. */
  workers?(): Promise<Worker[]>;
  /** What adds jobs by itself, of the queues given or of all; missing where the backend keeps no such thing. */
  schedules?(queues?: readonly string[]): Promise<Schedule[]>;
  /** What it would send for each operation, to be read before it is trusted; missing where that says nothing. */
  statements?(): Promise<Statement[]>;
  /** Lets go of everything held and locked. Every later call rejects with JOBCTL_UNREACHABLE; closing again does nothing. */
  close(): Promise<void>;
}

/** The lossless native form of a job: JSON that only the adapter that wrote it reads. */
export type Snapshot = Readonly<Record<string, unknown>>;

export interface SavedJob {
  readonly job: Job;
  readonly snapshot: Snapshot;
}

/** Half of a write in two steps: the job stands in its new place, under this id, and its old place is still to be cleared. */
export interface Copy {
  readonly ref: JobRef;
  readonly as: string;
}

/** Remembers copies. Resolves when they are on the disk; until then the old place is not cleared. */
export type Note = (copies: readonly Copy[]) => Promise<void>;

/**
 * Jobs held for us: nobody else can change them until `release`.
 * `apply` writes, then returns one outcome for each job given. When it rejects, the answer was lost: the outcome is unknown.
 * A backend that can only copy and then delete tells `note` in between, so that nothing is copied twice after a crash.
 * Releasing lets go of what was not applied, and is safe to repeat. Where `reads` is `receive`, that is at the latest when
 * the walk over the claims ends: what was passed over must not be met again.
 */
export interface Claim {
  readonly jobs: readonly SavedJob[];
  /** Jobs asked for by name that could not be held, and why. */
  readonly skipped: readonly Outcome[];
  /** What the journal must remember so that `settle` and `undo` can tell our write from another's. */
  readonly mark: string;
  apply(jobs: readonly SavedJob[], note?: Note): Promise<Outcome[]>;
  release(): Promise<void>;
}

export interface ClaimRequest<Act = Action> {
  readonly selection: Selection;
  readonly action: Act;
  /** Jobs per claim, at most. */
  readonly size: number;
}

/** A write that was journalled as intended and never as answered. */
export interface OpenIntent {
  readonly action: (Action | Resolution)['verb'] | 'restore' | 'revert';
  readonly mark: string;
  readonly jobs: readonly SavedJob[];
  /** What `note` was told before the run broke off. */
  readonly copies?: readonly Copy[] | undefined;
}

export interface Settles {
  /**
   * What became of the jobs: `done`, `skipped` with `not-applied` (it never happened), or still `unknown`.
   * Finishes what is half done: a job that was copied is taken out of its old place.
   */
  settle(intent: OpenIntent): Promise<Outcome[]>;
}

export interface Claims<Act = Action> extends Settles {
  /**
   * Claims until no job of the selection is left; each job at most once. The caller releases every claim before it asks for
   * the next. A reset with `stuck` in its selection checks the proof itself, even where the criterion is not pushed.
   */
  claim(request: ClaimRequest<Act>): AsyncIterable<Claim>;
}

export interface Returns extends Settles {
  /** Holds the place of saved jobs so that they can be put back. `mark`: the write that must still be their last one (undo). */
  hold(saved: readonly SavedJob[], how: PutBack, mark?: string): Promise<Claim>;
}

export interface LockRequest {
  readonly queues: readonly string[];
  /** Shown to whoever is kept out: `run 2026… by ada@web-1`. */
  readonly holder: string;
  /** How long to wait for another run, milliseconds; 0 does not wait. */
  readonly waitMs: number;
}

export interface Lock {
  /** Aborted when the backend took the lock away; every write after that is refused by the adapter. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** Throws `locked`, with who holds it since when, while another run holds any of the queues. */
export interface Locks {
  acquire(request: LockRequest): Promise<Lock>;
}

export interface Capabilities {
  readonly replay: Capability<Claims>;
  readonly reset: Capability<Claims>;
  readonly remove: Capability<Claims>;
  readonly cancel: Capability<Claims>;
  readonly edit: Capability<Claims>;
  /** Recreate jobs that are gone. */
  readonly restore: Capability<Returns>;
  /** Take back a change to jobs that are still there. */
  readonly revert: Capability<Returns>;
  readonly lock: Capability<Locks>;
}

/** What only some backends have a place for. */
export interface RareCapabilities {
  /** Marks dead jobs as handled. Missing where the backend keeps no such mark. */
  readonly resolve?: Capability<Claims<Resolution>>;
  /** Stop the workers from taking jobs. Missing where the backend has no means of its own. */
  readonly pause?: Capability<Pauses>;
  readonly enqueue?: Capability<Enqueues>;
  /** Change what `schedules()` lists. */
  readonly schedule?: Capability<Schedules>;
}

export interface QueueAdapter extends QueueReader {
  readonly can: Capabilities & RareCapabilities;
}
