import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../config/duration.ts';
import { stopSignal } from './stop-signal.ts';

/** The look itself may take at most this part of the time: a slow backend is asked less often. */
const LOAD = 1 / 20;

/** Of `--every`. Throws `usage` where it is no duration. */
export const everyOf = (every: string): number => parseDuration(every);

/** Looks again and again until Ctrl-C. On a screen each look replaces the one before; in a pipe they follow each other. */
export async function watch(
  look: () => Promise<string>,
  everySeconds: number,
  print: (text: string) => void,
): Promise<void> {
  const stop = stopSignal(() => {});
  const screen = process.stdout.isTTY === true;
  try {
    while (!stop.signal.aborted) {
      const begun = performance.now();
      const text = await look();
      const took = performance.now() - begun;
      print(screen ? `\x1b[H\x1b[2J${text}` : text);
      await sleep(Math.max(everySeconds * 1000, took / LOAD), undefined, { signal: stop.signal }).catch(() => {});
    }
  } finally {
    stop.dispose();
  }
}
