import type { Connection } from './connection.ts';

/** Milliseconds: an answer that is this late is late, however far away the server is. */
const LATE = 100;
/** So many times what the quickest answer took. */
const FACTOR = 5;

/** How late Redis answers. It does one thing after the other, so that this is what every worker waits as well. */
export function painOf(
  connection: Pick<Connection, 'many'>,
  now: () => number = () => performance.now(),
): () => Promise<string | undefined> {
  let quickest = Number.POSITIVE_INFINITY;
  return async () => {
    const begun = now();
    await connection.many([['PING']]);
    const took = now() - begun;
    quickest = Math.min(quickest, took);
    if (took < LATE || took < FACTOR * quickest) return undefined;
    return `Redis is slow, it answers after ${Math.round(took)} ms`;
  };
}
