/**
 * A moment on the backend's clock: RFC 3339 in UTC with exactly six decimals, `2026-11-24T03:41:09.123456Z`.
 * The width is fixed, so two instants compare as strings and no microsecond is lost to a `Date`.
 */
export type Instant = string;

const MICROS_PER_SECOND = 1_000_000n;
const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** Microseconds since 1970. Throws a RangeError when the text is not an instant. */
export function toMicros(instant: Instant): bigint {
  const seconds = instant.slice(0, 19);
  const millis = shape.test(instant) ? Date.parse(`${seconds}Z`) : Number.NaN;
  // Date.parse takes 30 February for 2 March.
  if (Number.isNaN(millis) || new Date(millis).toISOString().slice(0, 19) !== seconds) {
    throw new RangeError(`not an instant: ${instant}`);
  }
  return BigInt(millis) * 1000n + BigInt(instant.slice(20, 26));
}

export function fromMicros(micros: bigint): Instant {
  const seconds = micros / MICROS_PER_SECOND - (micros % MICROS_PER_SECOND < 0n ? 1n : 0n);
  const fraction = micros - seconds * MICROS_PER_SECOND;
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${String(fraction).padStart(6, '0')}Z`;
}

export const fromDate = (date: Date): Instant => fromMicros(BigInt(date.getTime()) * 1000n);

/** The instant `seconds` earlier; fractions down to a microsecond count. */
export const earlier = (instant: Instant, seconds: number): Instant =>
  fromMicros(toMicros(instant) - BigInt(Math.round(seconds * 1e6)));

/** Seconds from `from` to `to`, negative when `to` is the earlier one. */
export const secondsBetween = (from: Instant, to: Instant): number => Number(toMicros(to) - toMicros(from)) / 1e6;
