import type { Action, PutBack, Resolution } from './action.ts';
import type { Job, JobRef } from './job.ts';
import type { Outcome } from './outcome.ts';
import type { Selection } from './selection.ts';

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
  /** The queue that it stands in now, if that is another one. */
  readonly to?: string | undefined;
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
  /**
   * The next claim may be asked for, and saved, before this one is applied: that keeps nobody waiting, and what is written of
   * this one does not change what the walk finds next.
   */
  readonly ahead?: boolean | undefined;
  apply(jobs: readonly SavedJob[], note?: Note): Promise<Outcome[]>;
  release(): Promise<void>;
}

export interface ClaimRequest<Act = Action> {
  readonly selection: Selection;
  readonly action: Act;
  /** Jobs per claim, at most. */
  readonly size: number;
  /** A run that broke off is taken up again: what it held may be out of reach for a while yet. */
  readonly resumed?: boolean | undefined;
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
   * the next, unless that claim is `ahead`. A reset with `stuck` in its selection checks the proof itself, even where the criterion is not pushed.
   */
  claim(request: ClaimRequest<Act>): AsyncIterable<Claim>;
}

export interface Returns extends Settles {
  /** Holds the place of saved jobs so that they can be put back. `mark`: the write that must still be their last one (undo). */
  hold(saved: readonly SavedJob[], how: PutBack, mark?: string): Promise<Claim>;
  /**
   * The same for very many jobs, claim by claim. Only where a change is taken back that made other jobs of them, and each look
   * receives all of a queue: the jobs are told by the ids and queues that they have now.
   */
  walk?(saved: readonly SavedJob[], how: Pick<ClaimRequest, 'size' | 'resumed'>): AsyncIterable<Claim>;
  /** Throws for the plan what `walk` would throw before it looks into these queues. */
  allows?(queues: readonly string[]): Promise<void>;
}
