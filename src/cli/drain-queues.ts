import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../config/duration.ts';
import type { QueueReader } from '../domain/adapter.ts';
import { type Drained, type DrainRequest, drain } from '../operations/drain.ts';
import { drainStepText } from '../output/drain-text.ts';
import { stopSignal } from './stop-signal.ts';

export interface DrainOrder extends Omit<DrainRequest, 'within' | 'every'> {
  readonly within: string;
  readonly every: string;
}

/** Where nobody watches, a line this often is enough. */
const LOG_SECONDS = 10;

/** Waits with the real clock; Ctrl-C ends the wait. What is going on is said on stderr. */
export async function drainQueues(
  reader: QueueReader,
  order: DrainOrder,
  say: (text: string) => void,
): Promise<Drained> {
  const stop = stopSignal(() => {}, true);
  const screen = process.stderr.isTTY === true;
  let last = Number.NEGATIVE_INFINITY;
  try {
    return await drain(
      reader,
      { ...order, within: parseDuration(order.within), every: parseDuration(order.every) },
      {
        now: () => performance.now() / 1000,
        sleep: (seconds) => sleep(seconds * 1000, undefined, { signal: stop.signal }).catch(() => {}),
        signal: stop.signal,
        missed: ({ message }) => say(`${screen ? '\n' : ''}${message}; looking again`),
        show: (step) => {
          if (!screen && step.waitedSeconds - last < LOG_SECONDS) return;
          last = step.waitedSeconds;
          if (screen) process.stderr.write(`\r\x1b[K${drainStepText(step)}`);
          else say(drainStepText(step));
        },
      },
    );
  } finally {
    if (screen) process.stderr.write('\r\x1b[K');
    stop.dispose();
  }
}
