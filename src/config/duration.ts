import parse from 'parse-duration';
import { JobctlError } from '../domain/errors.ts';
import { earlier, fromMicros, type Instant } from '../domain/instant.ts';

/** Largest unit first, each at most once. `parse-duration` alone would take `5mm`, `90` and `P1D` for something. */
const pattern =
  /^(?=\d)(?:\d+(?:\.\d+)?w)?(?:\d+(?:\.\d+)?d)?(?:\d+(?:\.\d+)?h)?(?:\d+(?:\.\d+)?m)?(?:\d+(?:\.\d+)?s)?(?:\d+ms)?$/;
const examples = 'Write it with its unit: 90s, 15m, 1h30m, 24h, 7d, 2w.';
const longest = 100 * 366 * 86_400;

/** True when `parseDuration` takes it. */
export const isDuration = (text: string): boolean => pattern.test(text) && (parse(text) ?? Infinity) / 1000 <= longest;

/** Seconds. */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (isDuration(trimmed)) return (parse(trimmed) as number) / 1000;
  const bare = /^\d+$/.test(trimmed) ? ' It has no unit.' : '';
  throw new JobctlError('usage', `${quoted(text)} is not a duration.${bare}`, { next: [examples] });
}

const absolute = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** A duration means that long before `now`; an absolute time is RFC 3339 with its zone. */
export function parseWhen(text: string, now: Instant): Instant {
  const trimmed = text.trim();
  if (isDuration(trimmed)) return earlier(now, parseDuration(trimmed));
  const instant = parseAbsolute(trimmed);
  if (instant !== undefined) return instant;
  const zoneless = /^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$/.test(trimmed);
  throw new JobctlError(
    'usage',
    `${quoted(text)} is neither a duration nor a time.${zoneless ? ' A time needs its zone.' : ''}`,
    {
      next: [examples, 'Or a time with its zone: 2026-11-24T03:41:09Z, 2026-11-24T04:41:09+01:00.'],
    },
  );
}

function parseAbsolute(text: string): Instant | undefined {
  const [, date, time, fraction = '', sign, hours = '00', minutes = '00'] = absolute.exec(text) ?? [];
  if (date === undefined || time === undefined) return undefined;
  const millis = Date.parse(`${date}T${time}Z`);
  // A day that does not exist (February 30) would silently become another one.
  if (Number.isNaN(millis) || !new Date(millis).toISOString().startsWith(`${date}T${time}`)) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000);
  return fromMicros(BigInt(millis - offset) * 1000n + BigInt(fraction.padEnd(6, '0').slice(0, 6)));
}

const perUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** `50/s`, `200/m`, `1000/h` → jobs per second. */
export function parseRate(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\/(s|m|h)$/.exec(text.trim()) ?? [];
  const rate = Number(amount) / (perUnit[unit] ?? 1);
  if (rate > 0 && Number.isFinite(rate)) return rate;
  throw new JobctlError('usage', `${quoted(text)} is not a rate.`, {
    next: ['Write jobs per second, minute or hour: 50/s, 200/m, 1000/h.'],
  });
}

const quoted = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
