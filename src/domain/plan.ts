import type { Action, PutBack, Resolution } from './action.ts';
import type { Count } from './adapter.ts';
import type { Identity } from './identity.ts';
import type { Instant } from './instant.ts';
import type { Job } from './job.ts';
import type { Tally } from './outcome.ts';
import type { PauseState } from './pause.ts';
import type { Scale, ScaleChange } from './scale.ts';
import type { Schedule } from './schedule.ts';
import type { Selection } from './selection.ts';

/**
 * The verbs that write. `purge` removes all in a state, `evacuate` all that would run; `undo` puts back what a run changed;
 * `smoke` adds one job to see it run, `loadtest` many.
 */
export const verbs = [
  'replay',
  'reset',
  'remove',
  'purge',
  'cancel',
  'edit',
  'resolve',
  'restore',
  'undo',
  'pause',
  'resume',
  'evacuate',
  'enqueue',
  'smoke',
  'loadtest',
  'schedule-pause',
  'schedule-resume',
  'schedule-run',
  'schedule-remove',
  'scale',
] as const;
export type Verb = (typeof verbs)[number];

/** What such a run adds is of use to nobody later: cut short, it is taken away, and not gone on with. */
export const isTrial = (verb: Verb | undefined): boolean => verb === 'smoke' || verb === 'loadtest';

/** What is to be done, as data: enough to show it, to do it, and to go on with it after a crash. */
export type Task =
  | {
      readonly kind: 'act';
      readonly selection: Selection;
      readonly action: Action | Resolution;
      readonly validOnly?: true | undefined;
      /** Of a replay: jobs that these runs have replayed often enough. They are skipped. */
      readonly spared?: readonly { readonly id: string; readonly runs: readonly string[] }[] | undefined;
      readonly empties?: { readonly saves: boolean } | undefined;
    }
  /**
   * `restore` recreates what is gone, `revert` takes back a change, `remove` takes away what a restore had recreated,
   * `withdraw` takes away what was added, as long as no worker has begun it; `recall` sends back what is another job since
   * it was replayed, as long as it waits.
   */
  | {
      readonly kind: 'put-back';
      readonly via: 'restore' | 'revert' | 'remove' | 'withdraw' | 'recall';
      readonly how: PutBack;
      readonly from: PutBackSource;
    }
  /** Workers stop taking jobs, or take them again. Each queue is one thing to do. */
  | {
      readonly kind: 'switch';
      readonly to: 'paused' | 'running';
      readonly switches: readonly QueueSwitch[];
      /** Of a pause: also what adds jobs by itself. */
      readonly schedules?: true | undefined;
      /** Of a pause: when it is to be over. */
      readonly until?: Instant | undefined;
    }
  /** Jobs that are not there yet. They lie in a file beside the plan, numbered from 1 in the order to be added. */
  | { readonly kind: 'enqueue'; readonly queue: string; readonly types: readonly string[] }
  /** The backend moves all dead jobs of a queue by itself. `cancel` ends such a move; what was moved stays moved. */
  | {
      readonly kind: 'move';
      readonly deed: 'start' | 'cancel';
      readonly queue: string;
      /** The queue that is emptied. */
      readonly from: string;
      readonly to?: string | undefined;
      readonly perSecond?: number | undefined;
      /** No move that began before this is ours. */
      readonly since: Instant;
    }
  /** One schedule. `run` adds a job of it now, `put` brings back a removed one. */
  | {
      readonly kind: 'schedule';
      readonly deed: 'pause' | 'resume' | 'run' | 'remove' | 'put';
      /** How it was when the plan was made; of one that is brought back, how it was when it was removed. */
      readonly schedule: Schedule;
      /** What is brought back, lossless. */
      readonly saved?: Readonly<Record<string, unknown>> | undefined;
    }
  /** How much the consumers of a queue work on at once. Each consumer is one thing to do. */
  | { readonly kind: 'scale'; readonly steps: readonly ScaleStep[] };

export interface ScaleStep {
  /** How it was when the plan was made. */
  readonly scale: Scale;
  readonly change: ScaleChange;
  /** The values that are replaced; null where there was no limit. */
  readonly as: ScaleChange;
}

export interface QueueSwitch {
  readonly queue: string;
  /** How it was when the plan was made. */
  readonly before: PauseState;
  /** What the pause found, for the resume that ends it. Missing where nobody here knows. */
  readonly found?: PauseState['found'] | undefined;
}

export interface PutBackSource {
  /** Path of the backup file. */
  readonly backup: string;
  /** The run whose writes are taken back, when it is an undo. */
  readonly run?: string | undefined;
  /** Only these ids of the backup, when given. */
  readonly ids?: readonly string[] | undefined;
  /** Take what can be read of a damaged backup. */
  readonly salvage?: boolean | undefined;
}

export interface Plan {
  readonly schemaVersion: 1;
  readonly verb: Verb;
  readonly context: string;
  readonly backend: string;
  readonly where: string;
  /** In the folder of a run: what the place is, should its name change. */
  readonly identity?: Identity | undefined;
  readonly queues: readonly string[];
  readonly task: Task;
  /** The backend's clock when the plan was made. */
  readonly madeAt: Instant;
  readonly matched: Count;
  /** Act on at most this many of the matched. */
  readonly limit?: number | undefined;
  /** The run ends when it has dealt with this many, because nothing tells what arrived after the plan. */
  readonly upTo?: number | undefined;
  readonly severity: 'normal' | 'severe';
  /** A few of the jobs, for the eye. */
  readonly sample: readonly Job[];
  /** Jobs that were named and do not match, and why. They will be left alone. */
  readonly strays: readonly { readonly id: string; readonly why: string }[];
  /** One line each: what the operator should know before saying yes. */
  readonly warnings: readonly string[];
  /** Kept in the audit: why this is done. */
  readonly reason?: string | undefined;
  /** The checksum of the plan file that it was made from again. */
  readonly applies?: string | undefined;
}

/** The result of a run, and what `--json` prints of it. */
export interface Report {
  readonly schemaVersion: 1;
  /** Missing on a dry run and when nothing matched: then there is no run to name. */
  readonly run?: string | undefined;
  readonly verb: Verb;
  /** The queue, where it is one. */
  readonly queue?: string | undefined;
  readonly queues: readonly string[];
  readonly dryRun: boolean;
  readonly matched: number;
  /** `matched` and `more` are an estimate. */
  readonly exact?: false | undefined;
  /** Acted on at most this many; `more` then tells how many matched beyond it. */
  readonly limit?: number | undefined;
  readonly more: number;
  readonly outcomes: Tally;
  /** What was left of the queue went in one call of the backend's own, and nobody counted it: `outcomes` does not. */
  readonly emptied?: true | undefined;
  /**
   * Of a dry run: what its plan warns of. Of a run: what became of jobs that were done in another way than the verb says, and
   * what nobody can know of a batch that broke off.
   */
  readonly warnings?: readonly string[] | undefined;
  /** The first of each, in the order met; the journal has all. */
  readonly skipped: readonly { readonly id: string; readonly why: string }[];
  readonly failed: readonly { readonly id: string; readonly why: string }[];
  /** Ids of the first jobs that were added. */
  readonly made?: readonly string[] | undefined;
  readonly backup?: string | undefined;
  /** Where the plan was written to. Then nothing was done. */
  readonly planFile?: string | undefined;
  /** True when nothing is left for the operator to deal with. A run that is not complete never exits with 0. */
  readonly complete: boolean;
  /** Why the run stopped early. */
  readonly stopped?: string | undefined;
  /** It stopped because a change that was accepted did not take effect in time: exit code 9. */
  readonly timedOut?: true | undefined;
  /** What to do next, best first. */
  readonly next: readonly string[];
}
