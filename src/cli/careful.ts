import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../config/duration.ts';
import { canaryOn } from '../operations/canary.ts';
import type { Canary } from '../operations/ports.ts';
import type { Deed } from './act.ts';
import type { Session } from './session.ts';

export interface CarefulFlags {
  readonly canary?: number | undefined;
  readonly 'canary-wait': string;
  readonly 'max-failures': number;
  readonly spread?: string | undefined;
  readonly force: boolean;
  readonly 'valid-only'?: boolean | undefined;
}

export const carefully = (flags: CarefulFlags): Pick<Deed, 'force' | 'spread' | 'validOnly'> => ({
  force: flags.force,
  ...(flags['valid-only'] ? { validOnly: true } : {}),
  ...(flags.spread === undefined ? {} : { spread: parseDuration(flags.spread) }),
});

/** What --canary asks for. Undefined without it. */
export function canaryOf(
  flags: CarefulFlags,
  { reader }: Pick<Session, 'reader'>,
  signal: AbortSignal,
  say: (text: string) => void,
): Canary | undefined {
  if (flags.canary === undefined) return undefined;
  let last = '';
  return canaryOn(
    reader,
    { count: flags.canary, wait: parseDuration(flags['canary-wait']), maxFailures: flags['max-failures'] },
    {
      now: () => performance.now() / 1000,
      sleep: (seconds) => sleep(seconds * 1000, undefined, { signal }).catch(() => {}),
      signal,
      show: (text) => {
        if (text !== last) say(text);
        last = text;
      },
    },
  );
}
