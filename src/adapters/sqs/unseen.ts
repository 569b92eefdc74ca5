import type { Untold } from '../../domain/adapter.ts';

const counted = 'jobctl stats   # counts them';
const notKept = { why: 'SQS knows no such state' } as const;

/** What cannot be received, as far as it is there at all. */
export const unseen: NonNullable<Untold['states']> = {
  delayed: { why: 'SQS gives them to nobody before they are due', instead: counted },
  active: { why: 'what others have received is hidden until they delete it or its time is up', instead: counted },
  completed: { why: 'a message that was dealt with is deleted' },
  cancelled: notKept,
  blocked: notKept,
};
