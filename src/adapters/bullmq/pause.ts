import { setTimeout as sleep } from 'node:timers/promises';
import { JobctlError } from '../../domain/errors.ts';
import type { PauseState, Pauses } from '../../domain/pause.ts';
import { type Desk, writable } from './desk.ts';
import { newMark } from './marks.ts';
import { scripts } from './script.ts';
import { step } from './step.ts';

/** Between two steps of a long move, so that others get their turn. */
const BREATH_MS = 2;

export const pauses = (desk: Desk): Pauses => ({
  look: (queue) => look(desk, queue),
  pause: (queue) => turn(desk, queue, 'pause'),
  resume: (queue, found) => (found?.['paused'] === true ? look(desk, queue) : turn(desk, queue, 'resume')),
});

async function look(desk: Desk, queue: string): Promise<PauseState> {
  const { paused, pausedJobs, name } = await desk.layoutOf(queue);
  return {
    paused,
    found: { paused },
    means: [
      `the flag in ${desk.prefix}:${queue}:meta, which all workers of the queue heed (BullMQ ${name.slice(1)})`,
      ...(pausedJobs > 0 ? [`${pausedJobs} jobs set aside in ${desk.prefix}:${queue}:paused`] : []),
    ],
  };
}

async function turn(desk: Desk, queue: string, what: 'pause' | 'resume'): Promise<PauseState> {
  const place = await writable(desk, queue);
  for (;;) {
    const how = { script: scripts.pause, mark: newMark(what), option: what };
    const [left] = await step(desk, place, how, [], []);
    if (left === '0') break;
    await sleep(BREATH_MS);
  }
  const state = await look(desk, queue);
  if (state.paused === (what === 'pause')) return state;
  throw new JobctlError(
    'partial',
    `The queue ${queue} was ${what}d and is not any more: someone else did the opposite.`,
    {
      next: [`jobctl stats ${queue}`],
    },
  );
}
