import type { Rates } from '../../domain/stats.ts';
import type { Command, Reply } from './connection.ts';
import { fieldsOf, numberOf } from './job.ts';
import type { QueueKeys } from './keys.ts';

const WINDOW_MINUTES = 5;
const MINUTE_MS = 60_000;

export const RATE_COMMANDS = 6;

export const rateCommands = (keys: QueueKeys, nowMs: number): Command[] => {
  const from = `(${nowMs - WINDOW_MINUTES * MINUTE_MS}`;
  return [
    ['ZCOUNT', keys.completed, from, '+inf'],
    ['ZCOUNT', keys.failed, from, '+inf'],
    ...(['completed', 'failed'] as const).flatMap((of): Command[] => [
      ['HGETALL', keys.metrics(of).meta],
      ['LRANGE', keys.metrics(of).data, 0, WINDOW_MINUTES],
    ]),
  ];
};

/**
 * What ended in the last five minutes: of the jobs that are kept, or by the workers' own records where they keep some and
 * tell of more. Undefined where jobs are dropped as they complete and nothing records them.
 */
export function ratesOf(
  replies: readonly Reply[],
  kept: { readonly completed: number },
  nowMs: number,
): Rates | undefined {
  const [completed, failed, ...recorded] = replies;
  const done = recordedIn(recorded[0], recorded[1], nowMs);
  const died = recordedIn(recorded[2], recorded[3], nowMs);
  if (done === undefined && kept.completed === 0) return undefined;
  return {
    windowSeconds: (WINDOW_MINUTES * MINUTE_MS) / 1000,
    completed: Math.max(Number(completed), done ?? 0),
    died: Math.max(Number(failed), died ?? 0),
  };
}

/** Workers write down a number a minute, when the next job ends; what came since then is the difference of two totals. */
function recordedIn(meta: Reply | undefined, data: Reply | undefined, nowMs: number): number | undefined {
  const fields = fieldsOf(meta);
  const count = numberOf(fields, 'count');
  if (count === undefined) return undefined;
  const latest = Math.floor((numberOf(fields, 'prevTS') ?? nowMs) / MINUTE_MS);
  const oldest = Math.floor(nowMs / MINUTE_MS) - WINDOW_MINUTES + 1;
  const points = [
    count - (numberOf(fields, 'prevCount') ?? 0),
    ...((data ?? []) as readonly Buffer[]).map((point) => Number(String(point))),
  ];
  return points.reduce((sum, point, back) => (latest - back >= oldest ? sum + point : sum), 0);
}
