import prettyMs from 'pretty-ms';
import { type Instant, secondsBetween } from '../domain/instant.ts';

/** `45s`, `1h30m`, `3d4h`: the two largest units, cut off, in the form that the time flags take. */
export function duration(seconds: number): string {
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds > 0 && seconds < 1) return '<1s';
  return prettyMs(Math.floor(seconds) * 1000, { hideYear: true, unitCount: 2, secondsDecimalDigits: 0 })
    .replace('0ms', '0s')
    .replaceAll(' ', '');
}

/** An age that may be missing or an estimate: `12m`, `~12m`, `-`. */
export const age = (seconds: number | undefined, exact = true): string =>
  seconds === undefined ? '-' : `${exact ? '' : '~'}${duration(seconds)}`;

/** `2h10m ago`, `in 5m`; `-` when the moment is not known. */
export function relative(instant: Instant | undefined, now: Instant): string {
  if (instant === undefined) return '-';
  const seconds = secondsBetween(instant, now);
  return seconds < 0 ? `in ${duration(-seconds)}` : `${duration(seconds)} ago`;
}

/** `2026-11-24T03:41:09Z`: to the second, and still a time that the flags take. */
export const clock = (instant: Instant): string => `${instant.slice(0, 19)}Z`;

/** `2026-11-24T03:41:09Z, 2h10m ago`. */
export const moment = (instant: Instant, now: Instant): string => `${clock(instant)}, ${relative(instant, now)}`;
