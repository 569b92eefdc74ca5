import type { JobState } from '../../domain/job.ts';
import type { QueueKeys } from './keys.ts';

/** Where BullMQ keeps the ids of the jobs in one state, under BullMQ's own word for it. */
export interface StateSet {
  readonly native: Native;
  readonly state: JobState;
  readonly kind: 'list' | 'zset';
  readonly key: (keys: QueueKeys) => string;
}

export type Native =
  | 'wait'
  | 'paused'
  | 'prioritized'
  | 'delayed'
  | 'active'
  | 'completed'
  | 'failed'
  | 'waiting-children';

const set = (native: Native, state: JobState, kind: StateSet['kind'], key: StateSet['key']): StateSet => ({
  native,
  state,
  kind,
  key,
});

/** In the order that browsing walks them. Oldest first, a list is read from its right end and a zset by score. */
export const stateSets: readonly StateSet[] = [
  set('active', 'active', 'list', (keys) => keys.active),
  set('wait', 'waiting', 'list', (keys) => keys.wait),
  set('paused', 'waiting', 'list', (keys) => keys.paused),
  set('prioritized', 'waiting', 'zset', (keys) => keys.prioritized),
  set('delayed', 'delayed', 'zset', (keys) => keys.delayed),
  set('waiting-children', 'blocked', 'zset', (keys) => keys.waitingChildren),
  set('failed', 'dead', 'zset', (keys) => keys.failed),
  set('completed', 'completed', 'zset', (keys) => keys.completed),
];

/** v4 and older put these into `wait` to wake workers up. They are no jobs. */
export const isMarker = (id: string): boolean => id.startsWith('0:');

const TIE_BITS = 4096;
const LANE = 2 ** 32;

/** The score of a delayed job is its due time and twelve bits that keep its place among those due together. */
export const dueMs = (score: number): number => Math.floor(score / TIE_BITS);
export const dueScore = (ms: number): number => ms * TIE_BITS;
export const laneOf = (score: number): number => Math.floor(score / LANE);
export const laneScore = (lane: number): number => lane * LANE;
