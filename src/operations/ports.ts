import type { Lock } from '../domain/adapter.ts';
import type { NewJob } from '../domain/enqueue.ts';
import type { JobRef } from '../domain/job.ts';
import type { Plan, Report } from '../domain/plan.ts';
import type { RunFolder } from '../safety/run-folder.ts';

/** How far a run is. `of` is what the plan expects, an estimate where the backend only knows one. */
export interface Progress {
  readonly done: number;
  readonly of: number;
  readonly exact: boolean;
  /** Why nothing is done at this moment. */
  readonly waiting?: string | undefined;
}

/** What a write needs of the outside world. The composition root makes them; a test makes its own. */
export interface Ports {
  readonly show: {
    plan(plan: Plan, dryRun: boolean): void;
    progress(progress: Progress): void;
    /** The run is over, whatever became of it. */
    settled(): void;
  };
  /** Throws `stale` when the plan is not the one that was agreed to beforehand. */
  holds?(plan: Plan): Promise<void>;
  /** Writes the plan of a dry run down, with the jobs that are to be added; the path of the file. */
  keep?(plan: Plan, jobs?: AsyncIterable<NewJob>): Promise<string>;
  /** Resolves, or throws `refused` or `cancelled`. */
  confirm(plan: Plan): Promise<void>;
  /** Throws `locked` when another run has one of the queues. */
  lock(plan: Plan): Promise<Lock>;
  /** A new run folder with the plan in it. */
  open(plan: Plan): Promise<RunFolder>;
  /** Who did what, and how it ended. Written before the report is returned. */
  audit(plan: Plan, run: string | undefined, ended: Report | Error): Promise<void>;
}

/** How every reason of a canary begins. */
export const CANARY = 'the canary';

/** The first few jobs of a run, on whose end the others wait. */
export interface Canary {
  readonly count: number;
  /** Why the run must not go on; undefined when they ended well. */
  watch(jobs: readonly JobRef[]): Promise<string | undefined>;
}

/** Keeps a run from making things worse. Only runs that give work to workers ask it. */
export interface Relief {
  /** Begins to watch; the result ends it. */
  watch(): () => void;
  /** Resolves when the backend is well: why the run must stop, if that did not come. `show` is told why it waits. */
  passed(show: (why: string) => void): Promise<string | undefined>;
}

export interface Pace {
  readonly dryRun: boolean;
  /** Refuse when more than this many match. */
  readonly max?: number | undefined;
  /** Jobs per claim. */
  readonly batch: number;
  readonly canary?: Canary | undefined;
  readonly relief?: Relief | undefined;
  /** Aborted by the first Ctrl-C or SIGTERM: the batch in flight ends, then the run stops. */
  readonly signal: AbortSignal;
}
