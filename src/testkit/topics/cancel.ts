import { expect } from 'vitest';
import type { Action } from '../../domain/action.ts';
import { act, all, inState, jobsOf, told } from '../act.ts';
import { needs, opsOf, type Topic } from '../topic.ts';
import { leavesAlone } from './leaves-alone.ts';

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
    'leaves alone what has ended': leavesAlone(action, 'completed', 'dead', 'cancelled'),
    "never takes an active job out of its worker's hands": async (bench) => {
      needs(bench, 'active');
      const [id = ''] = await bench.seed('letters', [{ state: 'active' }]);
      await act(opsOf(bench, 'cancel'), inState('letters', 'active'), action);
      expect((await jobsOf(bench.adapter, 'letters')).get(id)?.state).toBe('active');
    },
  },
};
