import { setTimeout as sleep } from 'node:timers/promises';
import type { QueueReader } from '../domain/adapter.ts';
import type { Relief } from '../operations/ports.ts';
import { type CallTimes, reliefOn } from '../operations/relief.ts';

/** With the real clock. */
export const reliefOf = (reader: QueueReader, times: CallTimes, signal: AbortSignal): Relief =>
  reliefOn(reader, times, {
    now: () => performance.now() / 1000,
    sleep: (seconds) => sleep(seconds * 1000, undefined, { signal }).catch(() => {}),
    every: (seconds, look) => {
      const timer = setInterval(look, seconds * 1000);
      return () => clearInterval(timer);
    },
    signal,
  });
