import type { Enqueued, NewJob } from '../../domain/enqueue.ts';

/** A job that is there and holds an idempotency key. */
export interface Keyed {
  readonly key: string;
  readonly queue: string;
  readonly id: string;
  /** What else is to be said of it: `dead`. */
  readonly note?: string | undefined;
}

/** For each job the answer `duplicate`, where its key is held by a job that is there or by an earlier one of this very call. */
export function heldKeys(jobs: readonly NewJob[], held: readonly Keyed[], word: string): (Enqueued | undefined)[] {
  const holders = new Map(held.map((holder) => [holder.key, holder]));
  const asked = new Set<string>();
  return jobs.map(({ key }): Enqueued | undefined => {
    if (key === undefined) return undefined;
    const holder = holders.get(key);
    if (holder !== undefined) {
      const note = holder.note === undefined ? '' : ` (${holder.note})`;
      const why = `${word} ${key} is held by ${holder.id}${note}`;
      return { result: 'duplicate', ref: { queue: holder.queue, id: holder.id }, why };
    }
    if (asked.has(key)) return { result: 'duplicate', why: `${word} ${key} was given to an earlier job of these` };
    asked.add(key);
    return undefined;
  });
}
