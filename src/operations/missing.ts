import type { QueueAdapter } from '../domain/adapter.ts';
import { noDoor } from './adding.ts';
import { noMark } from './engine.ts';
import { noSchedules } from './scheduling.ts';

/** What is said of an ability that a backend has no place for. Of those that SQS alone has, nothing is said elsewhere. */
export const missing = {
  resolve: noMark,
  pause: {
    level: 'none',
    why: 'it has no means of its own.',
    instead: 'Name the commands that stop and start the workers: queues.QUEUE.pause in jobctl.yaml.',
  },
  enqueue: noDoor,
  schedule: noSchedules,
} as const satisfies Partial<QueueAdapter['can']>;

/** All that an operator may ask for: what the backend names, then what it does not. */
export const allOf = (can: QueueAdapter['can']): QueueAdapter['can'] => ({ ...can, ...{ ...missing, ...can } });
