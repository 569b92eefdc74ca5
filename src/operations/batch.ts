import type { QueueAdapter } from '../domain/adapter.ts';
import type { Claim, OpenIntent, SavedJob } from '../domain/claim.ts';
import type { NewJob } from '../domain/enqueue.ts';
import type { Job, JobRef } from '../domain/job.ts';
import type { Outcome, SkipReason } from '../domain/outcome.ts';
import type { PauseState, Pauses } from '../domain/pause.ts';
import type { Plan, QueueSwitch, Task } from '../domain/plan.ts';
import type { Tests } from '../domain/selection.ts';
import type { Made } from './made-before.ts';
import type { PayloadCheck } from './payloads.ts';
import type { SentBefore } from './sent-before.ts';

/** What is written at once: a claim, or a step where there is nothing to claim. */
export type Batch =
  | {
      readonly claim: Claim;
      /** The batch of the source that it came from, where jobs are put back. */
      readonly source?: number | undefined;
      /** Another part of that batch of the source follows. */
      readonly more?: true | undefined;
    }
  | { readonly step: Step; readonly source: number };

/** A write on what is no job, or not yet: a queue that is paused, jobs that are added, a schedule. */
export interface Step {
  readonly mark: string;
  /** What it is about, by the names that the journal keeps. */
  readonly refs: readonly JobRef[];
  /** What is about to be changed, kept in the journal for an undo. */
  readonly saved?: Readonly<Record<string, unknown>> | undefined;
  /** About one thing by itself: that it failed says nothing of the others, and leaves nothing to take up again. */
  readonly single?: true;
  /** One outcome for each. When it rejects, the answer was lost: the outcome is unknown. */
  apply(watch: Watch): Promise<Taken>;
}

/** What a step that takes its time sees of the run around it. */
export interface Watch {
  /** Aborted when it should come to an end. */
  readonly signal: AbortSignal;
  /** Ends early then. */
  sleep(seconds: number): Promise<unknown>;
  progress(done: number, of: number): void;
  /** Nothing is done at this moment, because of that. */
  waits(forWhat: string): void;
}

export interface Taken {
  readonly outcomes: readonly Outcome[];
  /** The ids of jobs that were added. */
  readonly made?: readonly string[] | undefined;
  /** How many jobs were done, where one step stands for many. */
  readonly amount?: number | undefined;
  /** Why the run is to stop here, with the step to be taken up again. */
  readonly stopped?: string | undefined;
}

/** A job among those of one run. */
export const nameOf = ({ queue, id }: JobRef): string => `${queue}\n${id}`;

/** Saved jobs of one batch; `mark` is the write that an undo takes back. */
export interface SourceBatch {
  readonly source: number;
  readonly jobs: readonly SavedJob[];
  readonly mark?: string | undefined;
}

/** What an open intent of the journal was about. */
export interface Open extends Omit<OpenIntent, 'action'> {
  readonly refs: readonly JobRef[];
}

/** Why a job that fits is left as it is. */
export interface Refused {
  readonly why: SkipReason;
  readonly note: string;
}

/** How a plan is carried out: the same four questions for every verb and backend. */
export interface Engine {
  /** Jobs are saved before they are changed. Only a restore changes nothing that exists. */
  readonly saves: boolean;
  /** `behind`: of the first batch of the source, the jobs that are dealt with already, by `nameOf`. */
  batches(size: number, from: number, behind?: ReadonlySet<string>): AsyncIterable<Batch>;
  /** Still what the plan meant? Asked of each claimed job. */
  keeps(job: Job): boolean;
  /** Meant by the plan, and to be left alone all the same: why. */
  refuses?: ((job: Job) => Refused | undefined) | undefined;
  settle(intent: Open): Promise<Outcome[]>;
  /** Jobs of the plan that are still as they were: others held them while we passed. Undefined where nobody can say. */
  left(): Promise<number | undefined>;
  /** False where this backend cannot take it back afterwards: then no undo is promised. */
  readonly undoable?: boolean | undefined;
  /** The undo looks for jobs where a look changes them, which wants to be allowed. */
  readonly undoReceives?: boolean | undefined;
  /** A claim can miss what others hold, and no exact count tells of it: then `left` is asked at the end in any case. */
  readonly misses?: boolean | undefined;
  /** The count of the plan holds what others hold as well: once it is reached, nothing was missed. */
  readonly counted?: boolean | undefined;
}

export interface EngineParts {
  /** The run broke off before, and is taken up again. */
  readonly resumed?: boolean | undefined;
  readonly adapter: QueueAdapter;
  readonly tests: Tests;
  /** Where the plan is about jobs with a valid payload only. */
  readonly payloads?: PayloadCheck | undefined;
  /** Reads the source of a put-back from this batch on. */
  source(task: Extract<Task, { kind: 'put-back' }>, from: number): AsyncIterable<SourceBatch>;
  readonly switches?: Switches | undefined;
  /** What earlier restores made of a backup. Asked where a job that is put back gets another id. */
  readonly sentBefore?: ((backup: string) => Promise<SentBefore>) | undefined;
  /** What was added from here within so many seconds. Asked where the backend does not tell that a job is there already. */
  readonly madeBefore?: ((seconds: number) => Promise<Map<string, Made>>) | undefined;
  /** The jobs to be added, from this number on. */
  readonly input?: ((from: number, size: number) => AsyncIterable<readonly NewJob[]>) | undefined;
}

/** The means to pause a queue, the backend's own or a hook, and the memory of what was paused. */
export interface Switches {
  /** Throws `unsupported` or `refused` where there are none. */
  of(queue: string): Pauses;
  /** What is known of a pause that was made from here. */
  remembered(queue: string): Promise<{ readonly found: PauseState['found'] } | undefined>;
  /** Kept before the queue is paused, so that a crash cannot lose what it takes to resume it. */
  remember(plan: Plan, one: QueueSwitch): Promise<void>;
  forget(queue: string): Promise<void>;
}
