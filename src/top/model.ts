import type { Worker } from '../domain/adapter.ts';
import type { Instant } from '../domain/instant.ts';
import type { Report } from '../domain/plan.ts';
import type { Schedule } from '../domain/schedule.ts';
import type { QueueStats } from '../domain/stats.ts';
import type { Finding } from '../health/findings.ts';
import type { Group } from '../health/groups.ts';
import type { Order } from '../operations/order.ts';
import type { Progress } from '../operations/ports.ts';
import type { JobDetailView, JobView } from '../output/job-view.ts';
import type { PauseNote } from '../output/pauses-text.ts';
import type { PlanView } from '../output/plan-text.ts';
import type { RunShow } from '../output/run-text.ts';
import type { RunRow } from '../output/runs-text.ts';
import type { Sample } from './history.ts';

/** Seconds that the oldest waiting job may wait. */
export interface Targets {
  readonly queue?: number | undefined;
  readonly lanes: Readonly<Record<string, number>>;
}

/** What is known of a backend before anything was asked of it. */
export interface PlaceFacts {
  readonly name: string;
  readonly protected: boolean;
  readonly readOnly: boolean;
  /** By queue, as configured. */
  readonly targets: Readonly<Record<string, Targets>>;
  /** The flags that lead a command line to it. */
  readonly flags: readonly string[];
}

export interface Crew {
  readonly alive: number;
  readonly silent: number;
}

/** One look at a backend. */
export interface Look {
  readonly backend: string;
  readonly version: string;
  readonly where: string;
  /** `receive`: looking at jobs hides them and counts. */
  readonly reads: 'peek' | 'receive';
  readonly asOf: Instant;
  readonly queues: readonly QueueStats[];
  readonly pauses: readonly PauseNote[];
  /** `byQueue` only where each says which queue it takes from. */
  readonly workers?: (Crew & { readonly byQueue?: Readonly<Record<string, Crew>> | undefined }) | undefined;
}

export interface Place extends PlaceFacts {
  /** The last one that succeeded. */
  readonly look?: Look | undefined;
  /** When it came, by the screen's clock. */
  readonly lookedAt?: number | undefined;
  readonly looking: boolean;
  readonly dueAt: number;
  /** Why the last look failed; what is shown is older. */
  readonly failure?: string | undefined;
  readonly history: Readonly<Record<string, readonly Sample[]>>;
}

/** One line of the overview. */
export interface Row {
  readonly key: string;
  readonly place: string;
  readonly queue: string;
  readonly stats: QueueStats;
  readonly targetSeconds?: number | undefined;
  readonly workers?: Crew | undefined;
  readonly into?: number | undefined;
  readonly out?: number | undefined;
  readonly trend: readonly number[];
  readonly finding?: Finding | undefined;
}

export const sorts = ['worst', 'queue', 'waiting', 'delayed', 'active', 'dead', 'oldest', 'in', 'out'] as const;
export type Sort = (typeof sorts)[number];

/** A list that a cursor moves in. The cursor is held by name, so that it stays on its line when the lines change places. */
export interface Cursor {
  readonly at?: string | undefined;
  /** Where it was: taken when its line is gone. */
  readonly index: number;
  /** First line that is drawn. */
  readonly top: number;
}

export interface QueueFacts {
  readonly stats: QueueStats;
  readonly byType: QueueStats['by'];
  readonly byLane: QueueStats['by'];
  readonly workers?: readonly Worker[] | undefined;
  readonly schedules?: readonly Schedule[] | undefined;
  readonly runs: readonly RunRow[];
  /** What could not be had, and why. */
  readonly missing?: readonly string[] | undefined;
  readonly now: Instant;
}

export interface DeadGroups {
  readonly groups: readonly Group[];
  readonly scanned: number;
  readonly complete: boolean;
  readonly now: Instant;
}

/** What a list keeps of a job: never its payload. */
export type JobLine = Pick<JobView, 'id' | 'type' | 'since' | 'attempts' | 'maxAttempts'> & { readonly error: string };

interface At {
  /** Answers to a question that is no longer asked are told by this. */
  readonly ticket: number;
  readonly loading: boolean;
  readonly failure?: string | undefined;
  /** When the last answer came, by the screen's clock. */
  readonly loadedAt?: number | undefined;
  /** When it is asked for again by itself. */
  readonly dueAt?: number | undefined;
}
interface AtQueue extends At {
  readonly place: string;
  readonly queue: string;
}

export interface QueueScreen extends AtQueue {
  readonly kind: 'queue';
  readonly facts?: QueueFacts | undefined;
  readonly scroll: number;
}

export interface DeadScreen extends AtQueue {
  readonly kind: 'dead';
  readonly found?: DeadGroups | undefined;
  /** Look at all of them, however many. */
  readonly all: boolean;
  /** On a backend where looking is a receive: the operator has agreed. */
  readonly agreed: boolean;
  readonly cursor: Cursor;
  readonly filter: string;
}

export interface JobsScreen extends AtQueue {
  readonly kind: 'jobs';
  readonly group?: string | undefined;
  readonly signature?: string | undefined;
  /** As `--error` takes it; '' does not narrow. */
  readonly filter: string;
  readonly jobs: readonly JobLine[];
  readonly more: boolean;
  /** The newest look; undefined before the first page came. */
  readonly now?: Instant | undefined;
  readonly cursor: Cursor;
  readonly marks: ReadonlySet<string>;
  readonly preview?: JobDetailView | undefined;
  /** The job whose preview was asked for; undefined when none is on its way. */
  readonly previewing?: string | undefined;
}

export interface JobScreen extends AtQueue {
  readonly kind: 'job';
  readonly id: string;
  readonly detail?: JobDetailView | undefined;
  readonly now?: Instant | undefined;
  readonly scroll: number;
}

export interface RunsScreen extends At {
  readonly kind: 'runs';
  readonly place: string;
  readonly runs?: readonly RunRow[] | undefined;
  readonly now?: Instant | undefined;
  readonly cursor: Cursor;
}

export interface RunScreen extends At {
  readonly kind: 'run';
  readonly place: string;
  readonly id: string;
  readonly shown?: RunShow | undefined;
  readonly scroll: number;
}

export type Screen =
  | { readonly kind: 'overview'; readonly ticket: 0 }
  | QueueScreen
  | DeadScreen
  | JobsScreen
  | JobScreen
  | RunsScreen
  | RunScreen;

export interface Choice {
  readonly key: string;
  readonly label: string;
  readonly order: Order;
}

/** The road of an action: which jobs → plan → question → progress → outcome. */
export type Panel =
  | { readonly stage: 'scope'; readonly place: string; readonly title: string; readonly choices: readonly Choice[] }
  | (Acting & { readonly stage: 'planning' })
  | (Acting & {
      readonly stage: 'asking';
      readonly question: string;
      /** The name that the question asks for has to be typed; else yes is enough. */
      readonly severe: boolean;
      readonly typed: string;
    })
  | (Acting & {
      readonly stage: 'running';
      readonly progress?: Progress | undefined;
      readonly begunAt: number;
      readonly stopping: boolean;
    })
  | (Acting & { readonly stage: 'ended'; readonly ending: Ending });

export interface Acting {
  readonly place: string;
  readonly order: Order;
  /** Nothing will be changed, because writing is locked. */
  readonly dryRun: boolean;
  readonly plan?: PlanView | undefined;
  readonly scroll: number;
}

export type Ending =
  | { readonly report: Report }
  | { readonly said: string }
  | { readonly failure: string; readonly next: readonly string[] };

export interface Input {
  readonly kind: 'filter' | 'palette' | 'file';
  readonly text: string;
  /** For `file`: what is to be exported. */
  readonly order?: Extract<Order, { verb: 'export' }> | undefined;
}

export interface State {
  readonly columns: number;
  readonly rows: number;
  /** The screen's clock, milliseconds. */
  readonly now: number;
  readonly everyMs: number;
  readonly places: readonly Place[];
  readonly list: readonly Row[];
  readonly sort: Sort;
  readonly reversed: boolean;
  readonly filter: string;
  readonly cursor: Cursor;
  /** The last one is shown; Esc goes back. */
  readonly screens: readonly Screen[];
  readonly tickets: number;
  readonly unlocked: boolean;
  readonly help: boolean;
  /** First line of the help that is drawn. */
  readonly helpTop: number;
  readonly input?: Input | undefined;
  readonly panel?: Panel | undefined;
  /** Said in the last line until the next key. */
  readonly notice?: string | undefined;
}
