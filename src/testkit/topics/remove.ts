import { expect } from 'vitest';
import type { Action } from '../../domain/action.ts';
import type { Claim } from '../../domain/claim.ts';
import { act, all, inState, jobsOf, reread, times, told } from '../act.ts';
import { needs, opsOf, type Topic } from '../topic.ts';

const action: Action = { verb: 'remove' };

export const remove: Topic = {
  name: 'remove',
  checks: {
    'takes away the jobs of the selection and no other, in any state': async (bench) => {
      const ops = opsOf(bench, 'remove');
      for (const state of [...bench.holds.states].filter((one) => one !== 'active')) {
        const queue = `${state}-letters`;
        const [kept = '', ...ids] = await bench.seed(
          queue,
          times(4, (index) => ({ state, type: index === 0 ? 'keep' : 'mail' })),
        );
        const chosen = bench.holds.types === 'the queue' ? { ids } : { types: ['mail'] };
        const { outcomes } = await act(ops, { ...inState(queue, state), ...chosen }, action, { size: 2 });
        expect(told(outcomes), state).toEqual(all(ids, 'done'));
        expect([...(await jobsOf(bench.adapter, queue)).keys()], state).toEqual([kept]);
        for (const id of ids) expect(await bench.adapter.find(id, queue), state).toBeUndefined();
      }
    },
    'finds nothing left the second time': async (bench) => {
      const ids = await bench.seed(
        'letters',
        times(3, () => ({ state: 'dead' })),
      );
      await act(opsOf(bench, 'remove'), inState('letters', 'dead'), action);
      const again = await act(opsOf(bench, 'remove'), { ...inState('letters', 'dead'), ids }, action);
      expect(told(again.outcomes)).toEqual(all(ids, 'skipped not-found'));
    },
    'checks the state in the same step: a job that a worker took meanwhile stays': async (bench) => {
      needs(bench, 'waiting', 'completed');
      const ids = await bench.seed(
        'letters',
        times(3, () => ({ state: 'waiting' })),
      );
      const ops = opsOf(bench, 'remove');
      const claims = ops.claim({ selection: inState('letters', 'waiting'), action, size: 10 })[Symbol.asyncIterator]();
      const claim = (await claims.next()).value as Claim;
      const worked = await bench.work('letters', 'completes');
      const outcomes = await claim.apply(claim.jobs.map(reread));
      await claim.release();
      const now = await jobsOf(bench.adapter, 'letters');
      expect([...now.keys()]).toEqual(worked === undefined ? [] : [worked]);
      expect(told(outcomes)).toEqual(
        ids.map((id) => `${id}: ${id === worked ? 'skipped state-changed' : 'done'}`).sort(),
      );
    },
  },
};
