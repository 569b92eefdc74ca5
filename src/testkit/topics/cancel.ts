import { expect } from 'vitest';
import type { Action } from '../../domain/action.ts';
import { act, all, inState, jobsOf, told } from '../act.ts';
import { needs, opsOf, type Topic } from '../topic.ts';

const action: Action = { verb: 'cancel' };

export const cancel: Topic = {
  name: 'cancel',
  checks: {
    'keeps waiting and delayed jobs from ever running': async (bench) => {
      const states = (['waiting', 'delayed'] as const).filter((state) => bench.holds.states.has(state));
      needs(bench, 'waiting');
      const ids = await bench.seed(
        'letters',
        states.map((state) => ({ state })),
      );
      expect(told((await act(opsOf(bench, 'cancel'), inState('letters', ...states), action)).outcomes)).toEqual(
        all(ids, 'done'),
      );
      expect(await bench.work('letters', 'completes')).toBeUndefined();
      for (const job of (await jobsOf(bench.adapter, 'letters')).values()) expect(job.state).toBe('cancelled');
    },
    'leaves alone what has ended': async (bench) => {
      const states = (['completed', 'dead', 'cancelled'] as const).filter((state) => bench.holds.states.has(state));
      await bench.seed(
        'letters',
        states.map((state) => ({ state })),
      );
      const before = await bench.dump();
      const { outcomes } = await act(opsOf(bench, 'cancel'), inState('letters', ...states), action);
      expect(outcomes.filter(({ result }) => result !== 'skipped')).toEqual([]);
      expect(await bench.dump()).toBe(before);
    },
    "never takes an active job out of its worker's hands": async (bench) => {
      needs(bench, 'active');
      const [id = ''] = await bench.seed('letters', [{ state: 'active' }]);
      await act(opsOf(bench, 'cancel'), inState('letters', 'active'), action);
      expect((await jobsOf(bench.adapter, 'letters')).get(id)?.state).toBe('active');
    },
  },
};
