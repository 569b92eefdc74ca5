import { expect } from 'vitest';
import type { Action } from '../../domain/action.ts';
import type { JobState } from '../../domain/job.ts';
import { act, inState } from '../act.ts';
import { type Check, opsOf } from '../topic.ts';

/** Jobs in these states are no matter for this action, even when they are selected: each is skipped. */
export const leavesAlone =
  (action: Action, ...among: readonly JobState[]): Check =>
  async (bench) => {
    const states = among.filter((state) => bench.holds.states.has(state));
    await bench.seed(
      'letters',
      states.map((state) => ({ state })),
    );
    const before = await bench.dump();
    const { outcomes } = await act(opsOf(bench, action.verb), inState('letters', ...states), action);
    expect(outcomes.filter(({ result }) => result !== 'skipped')).toEqual([]);
    expect(await bench.dump()).toBe(before);
  };
