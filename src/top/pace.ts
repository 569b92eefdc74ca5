/** A look may take at most this part of the time: a slow backend is asked less often. */
const LOAD = 1 / 20;
/** After a look that failed. */
const RETRY_MS = 2000;

/** When to look again, by the screen's clock. */
export const nextLook = (endedAt: number, tookMs: number, everyMs: number): number =>
  endedAt + Math.max(everyMs, tookMs / LOAD);

export const nextTry = (failedAt: number, everyMs: number): number => failedAt + Math.max(everyMs, RETRY_MS);
