import { setTimeout as sleep } from 'node:timers/promises';

/** How a change at AWS is waited for: it takes effect seconds to minutes after it was accepted. */
export interface Patience {
  readonly pollMs: number;
  /** Then the wait is given up. */
  readonly mostMs: number;
}

export const patient: Patience = { pollMs: 500, mostMs: 180_000 };

const SLOWEST_MS = 5_000;

/** Asks again, ever more slowly, until the answer is `good`; the last answer also when the time is over. */
export async function polled<T>(
  { pollMs, mostMs }: Patience,
  ask: () => Promise<T>,
  good: (answer: T) => boolean,
): Promise<T> {
  const deadline = performance.now() + mostMs;
  for (let pause = pollMs; ; pause = Math.min(pause * 1.5, SLOWEST_MS)) {
    const answer = await ask();
    if (good(answer) || performance.now() + pause > deadline) return answer;
    await sleep(pause);
  }
}
