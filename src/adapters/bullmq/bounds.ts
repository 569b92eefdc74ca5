/** What one step may do, so that it keeps Redis from others for a few milliseconds only. */
export const STEP_JOBS = 150;
export const STEP_BYTES = 512 * 1024;

/** Parts that are each one step: so many at most, and no more bytes than that unless a single one has them. */
export function* steps<T>(items: Iterable<T>, bytesOf: (item: T) => number): Generator<T[]> {
  let part: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    if (part.length > 0 && (part.length >= STEP_JOBS || bytes + size > STEP_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
