import { parseDuration } from '../config/duration.ts';
import { JobctlError } from '../domain/errors.ts';
import type { ScaleChange } from '../domain/scale.ts';

/** `none` takes the limit away. */
export function limitOf(flag: string, text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined;
  if (text === 'none') return null;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new JobctlError('usage', `--${flag} is a number or none, not "${text}".`, {
    next: [`--${flag} 20`, `--${flag} none   # no limit`],
  });
}

/** Whole seconds; `none`, or 0s, takes it away. */
export function windowOf(text: string | undefined): number | null | undefined {
  if (text === undefined || text === 'none') return text && null;
  const seconds = parseDuration(text);
  if (Number.isInteger(seconds)) return seconds || null;
  throw new JobctlError('usage', `--batch-window is in whole seconds, not ${text}.`, { next: ['--batch-window 5s'] });
}

export function wantedScale(change: ScaleChange): ScaleChange {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  if (given.length > 0) return Object.fromEntries(given);
  throw new JobctlError('usage', 'Nothing to set.', {
    next: [
      'Give one of --max-concurrency, --batch-size, --batch-window, --reserved-concurrency.',
      'jobctl scale show QUEUE',
    ],
  });
}
