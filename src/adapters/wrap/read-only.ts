import type { QueueAdapter } from '../../domain/adapter.ts';
import { asReader } from './as-reader.ts';

/** An adapter without a single write method. `why` is what the operator reads: `the context prod is readOnly`. */
export function readOnly(adapter: QueueAdapter, why: string, instead?: string): QueueAdapter {
  const refused = { level: 'none', why, refused: true, ...(instead === undefined ? {} : { instead }) } as const;
  return {
    ...asReader(adapter),
    can: {
      replay: refused,
      reset: refused,
      remove: refused,
      cancel: refused,
      edit: refused,
      ...(adapter.can.resolve === undefined ? {} : { resolve: refused }),
      restore: refused,
      revert: refused,
      lock: refused,
    },
  };
}
