import type { Action, Resolution } from './action.ts';
import type { Capability } from './capability.ts';
import type { Claims, Returns } from './claim.ts';
import type { DoctorFinding } from './doctor.ts';
import type { Enqueues } from './enqueue.ts';
import type { Identity } from './identity.ts';
import type { Instant } from './instant.ts';
import type { Job, JobDetail, JobState } from './job.ts';
import type { LogAnswer, LogRequest } from './log.ts';
import type { Pauses } from './pause.ts';
import type { Scale, Scales } from './scale.ts';
import type { Schedule, Schedules } from './schedule.ts';
import type { Criterion, Selection } from './selection.ts';
import type { QueueStats, StatsRequest } from './stats.ts';
import type { Empties, Moves } from './whole-queue.ts';

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
  /** What it never tells of its jobs, so that nothing can be chosen by it; missing where it tells all. */
  readonly untold?: Untold | undefined;
  /** Where not all of its workers are known, or none: which, or why, in one sentence. */
  readonly workersNote?: string | undefined;
  /** True on a replica or any other place that refuses writes. */
  readonly readOnlyServer: boolean;
  /** What of its layout is newer than anything this program was tried with: `schema 47`. Then it is only read, unless the operator insists. */
  readonly newerSchema?: string | undefined;
  /** One line each, shown once on stderr: a newer layout than known, several dialects, and so on. */
  readonly warnings: readonly string[];
}

export interface Untold {
  readonly tenant?: { readonly instead?: string };
  readonly lane?: { readonly instead?: string };
  /** States in which no job is ever met: it has none of them, or shows them to nobody. Why, in a phrase. */
  readonly states?: Partial<Readonly<Record<JobState, { readonly why: string; readonly instead?: string }>>>;
}

export interface QueueRef {
  readonly queue: string;
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
  /** In the order in which claims go, where that is another: what a limit leaves over is then told beforehand. */
  readonly asClaimed?: true;
}

export interface Worker {
  readonly id: string;
  /** Its last sign of life. */
  readonly seenAt?: Instant | undefined;
  /** True when that is too long ago for it to be alive. */
  readonly silent: boolean;
  /** Jobs that it has now; undefined where jobs do not name their worker. */
  readonly active?: number | undefined;
  /** The queue that it takes from, where it is only one. */
  readonly queue?: string | undefined;
  /** The backend's own word, where a worker is more than alive or silent: `Enabled`, `Disabling`. */
  readonly state?: string | undefined;
  /** How many jobs or runs it may have at once, and who says so; missing where nothing limits it. */
  readonly limit?: { readonly value: number; readonly by: string } | undefined;
  /** How many run now, as far as that is measured. */
  readonly running?: number | undefined;
  /** How its last turn ended, in the backend's own words. */
  readonly note?: string | undefined;
  /** Lanes that it keeps without a job of them, so that nothing in them runs; and the statement that frees them once it is gone. */
  readonly lanes?: { readonly names: readonly string[]; readonly freedBy?: string | undefined } | undefined;
}

export interface Statement {
  readonly operation: string;
  readonly sql: string;
}

export interface Cautions {
  /** What the write cannot reach, or reaches beside. One line each. */
  readonly lines: readonly string[];
  /** Nothing tells what came after the plan was made: the run ends at the count of the plan. */
  readonly endsAtCount: boolean;
  /** Only the operator's word says that these are what they are taken for: the queue must be named once more. */
  readonly onTrust?: boolean | undefined;
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
  /**
   * What the last `browse` of these could not meet although it went on to its end, in a sentence; undefined when it met all.
   * Only where a look can miss them.
   */
  unmet?(selection: Selection): Promise<string | undefined>;
  /**
   * The queue that a replay from these may send to instead of each job's own, by its name. Throws `usage` where there is
   * none of that name, `refused` where it is of another kind. Missing where a job can only go back to its own.
   */
  destination?(of: Pick<Selection, 'queues' | 'takenForDead'>, to: string): Promise<string>;
  /**
   * How many of the dead of these queues are there twice, as the job that died and as its copy in another of the queues. The
   * other criteria are not asked: they may leave some out. Missing where nothing is copied.
   */
  copiesAmong?(selection: Selection): Promise<number>;
  /** What to know before a write on this selection. */
  cautions?(selection: Selection, verb: (Action | Resolution)['verb']): Promise<Cautions>;
  /** The workers that the backend knows of; missing where it knows none. */
  workers?(): Promise<Worker[]>;
  /** What adds jobs by itself, of the queues given or of all; missing where the backend keeps no such thing. */
  schedules?(queues?: readonly string[]): Promise<Schedule[]>;
  /** The service that `stats` with `metrics` asks; missing where nothing else measures the queues. */
  readonly measures?: string | undefined;
  /** How much of a queue is worked on at once, consumer by consumer; missing where only the workers know. */
  scales?(queue: string): Promise<Scale[]>;
  /** What is set up in a way that will hurt, of the queues given or of all; missing where nothing is judged. */
  findings?(queues?: readonly string[]): Promise<DoctorFinding[]>;
  /** What the workers of a queue have logged; missing where the backend cannot reach their log. */
  logs?(request: LogRequest): Promise<LogAnswer>;
  /** A direct sign that the backend suffers, in one phrase: `12 sessions wait for its locks`. Missing where it gives none. */
  pain?(): Promise<string | undefined>;
  /** What it would send for each operation, to be read before it is trusted; missing where that says nothing. */
  statements?(): Promise<Statement[]>;
  /** Why this role may not do that, as the write itself would say; undefined when it may. Missing where nothing tells beforehand. */
  lacksRight?(deed: (Action | Resolution)['verb'] | 'restore' | 'revert'): Promise<string | undefined>;
  /** What this role cannot see to beside that, although it may do it; undefined where there is nothing. */
  lacksBeside?(deed: (Action | Resolution)['verb'] | 'restore' | 'revert'): Promise<string | undefined>;
  /** What tells it apart whatever it is called; undefined where that cannot be asked. One round trip, for writes alone. */
  identity?(): Promise<Identity | undefined>;
  /** Lets go of everything held and locked. Every later call rejects with JOBCTL_UNREACHABLE; closing again does nothing. */
  close(): Promise<void>;
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
  /** Give all dead jobs of a queue back in one task of the backend's own. */
  readonly move?: Capability<Moves>;
  /** Delete all of a queue in one call. */
  readonly empty?: Capability<Empties>;
  /** Change what `schedules()` lists. */
  readonly schedule?: Capability<Schedules>;
  /** Change what `scales()` tells. */
  readonly scale?: Capability<Scales>;
}

export interface QueueAdapter extends QueueReader {
  readonly can: Capabilities & RareCapabilities;
}
