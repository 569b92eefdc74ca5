import type { Instant } from './instant.ts';
import type { JobState } from './job.ts';

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
  /** The queue in which copies of its dead jobs lie, as jobs of their own: both rows count them. */
  readonly copiesIn?: string | undefined;
  /** How many copies of its dead jobs lie there. */
  readonly copies?: number | undefined;
  /** Where they were asked for; what the monitoring has no point for is missing, and is not 0. */
  readonly metrics?: QueueMetrics | undefined;
}

/** What a monitoring service measured of a queue. Each point with the time it stands for, which lies minutes back. */
export interface QueueMetrics {
  readonly oldestAgeSeconds?: Point | undefined;
  /** Jobs a minute that were added, and that were taken away when done. */
  readonly sentPerMinute?: Point | undefined;
  readonly donePerMinute?: Point | undefined;
}

export interface Point {
  readonly value: number;
  readonly at: Instant;
}

export interface StatsRequest {
  /** All queues when missing. */
  readonly queues?: readonly string[] | undefined;
  readonly by?: Breakdown | undefined;
  /** Also what a monitoring service measured, where the backend has one. */
  readonly metrics?: boolean | undefined;
}
