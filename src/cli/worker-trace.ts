import { setTimeout as sleep } from 'node:timers/promises';
import type { QueueReader } from '../domain/adapter.ts';

/** What a log tells of late is not waited for longer: that the job has gone is known without it. */
const BOUND = 5;
const LINES = 1;
/** Seconds by which the clock of a log may differ. */
export const CLOCKS_APART = 60;

/**
 * Where a worker has written of a job, by one of these texts: proof that it was handled, which its disappearance alone is
 * not. Undefined where nothing is written of it, or where the log cannot be asked.
 */
export async function workerTrace(
  reader: Pick<QueueReader, 'logs'>,
  queue: string,
  texts: readonly string[],
  sinceSeconds: number,
): Promise<string | undefined> {
  const { logs } = reader;
  if (logs === undefined) return undefined;
  const search = async (): Promise<string | undefined> => {
    for (const text of texts) {
      const { lines } = await logs.call(reader, { queue, text, sinceSeconds, limit: LINES });
      const [line] = lines;
      if (line !== undefined) return `a line in the log of ${line.source}`;
    }
    return undefined;
  };
  return await inTime(
    search().catch(() => undefined),
    BOUND,
  );
}

/** What comes in time; undefined when it comes later. Only for reads: what is late goes on by itself. */
export async function inTime<T>(work: Promise<T>, seconds: number): Promise<T | undefined> {
  const over = new AbortController();
  const late = sleep(seconds * 1000, undefined, { signal: over.signal }).catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}
