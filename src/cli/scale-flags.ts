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

export function wantedScale(change: ScaleChange): ScaleChange {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  if (given.length > 0) return Object.fromEntries(given);
  throw new JobctlError('usage', 'Nothing to set.', {
    next: ['Give one of --max-concurrency, --batch-size, --reserved-concurrency.', 'jobctl scale show QUEUE'],
  });
}
