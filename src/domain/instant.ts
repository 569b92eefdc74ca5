/**
 * A moment on the backend's clock: RFC 3339 in UTC with exactly six decimals, `2026-11-24T03:41:09.123456Z`.
 * The width is fixed, so two instants compare as strings and no microsecond is lost to a `Date`.
 */
export type Instant = string;

const MICROS_PER_SECOND = 1_000_000n;

/** Microseconds since 1970. Throws a RangeError when the text is not an instant. */
export function toMicros(instant: Instant): bigint {
  const millis = Date.parse(`${instant.slice(0, 19)}Z`);
  const fraction = instant.slice(20, 26);
  if (!/^\d{6}$/.test(fraction) || Number.isNaN(millis)) throw new RangeError(`not an instant: ${instant}`);
  return BigInt(millis) * 1000n + BigInt(fraction);
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
