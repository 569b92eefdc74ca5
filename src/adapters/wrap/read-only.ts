import type { QueueAdapter, RareCapabilities } from '../../domain/adapter.ts';
import type { Capability } from '../../domain/capability.ts';
import { asReader } from './as-reader.ts';

type Refused = Extract<Capability<never>, { level: 'none' }>;

/** An adapter without a single write method. `why` is what the operator reads: `the context prod is readOnly`. */
export function readOnly(adapter: QueueAdapter, why: string, instead?: string): QueueAdapter {
  const refused: Refused = { level: 'none', why, refused: true, ...(instead === undefined ? {} : { instead }) };
  return {
    ...asReader(adapter),
    can: {
      replay: refused,
      reset: refused,
      remove: refused,
      cancel: refused,
      edit: refused,
      ...rare(adapter.can, refused),
      restore: refused,
      revert: refused,
      lock: refused,
    },
  };
}

/** What the backend has of these, refused as well; what it lacks stays missing. */
const rare = (
  { resolve, pause, enqueue, schedule, scale, move, empty }: RareCapabilities,
  refused: Refused,
): RareCapabilities => ({
  ...(resolve === undefined ? {} : { resolve: refused }),
  ...(pause === undefined ? {} : { pause: refused }),
  ...(enqueue === undefined ? {} : { enqueue: refused }),
  ...(schedule === undefined ? {} : { schedule: refused }),
  ...(move === undefined ? {} : { move: refused }),
  ...(empty === undefined ? {} : { empty: refused }),
  ...(scale === undefined ? {} : { scale: refused }),
});
