import { expect } from 'vitest';
import type { Action } from '../../domain/action.ts';
import { act, inState, jobOf, jobsOf, somethingSaid, told } from '../act.ts';
import { needs, opsOf, type Topic } from '../topic.ts';

const action: Action = { verb: 'reset' };
const stuck = { ...inState('letters', 'active'), stuck: true };

export const reset: Topic = {
  name: 'reset',
  checks: {
    'gives back a job whose owner is provably gone, and says the proof': async (bench) => {
      needs(bench, 'active', 'stuck');
      const [gone = '', alive = ''] = await bench.seed('letters', [
        { state: 'active', stuck: true },
        { state: 'active' },
      ]);
      const before = await jobsOf(bench.adapter, 'letters');
      expect(before.get(gone)?.stuck).toEqual(somethingSaid);
      expect(before.get(alive)?.stuck).toBeUndefined();
      const { outcomes, saved } = await act(opsOf(bench, 'reset'), stuck, action);
      expect(told(outcomes)).toEqual([`${gone}: done`]);
      expect(saved[0]?.job.stuck).toBe(before.get(gone)?.stuck);
      expect((await jobOf(bench.adapter, 'letters', gone)).state).toBe('waiting');
      expect(await jobOf(bench.adapter, 'letters', alive)).toEqual(before.get(alive));
    },
    'checks the proof itself: a job of a live owner is never reset': async (bench) => {
      needs(bench, 'active');
      const [alive] = await bench.seed('letters', [{ state: 'active' }]);
      const before = await bench.dump();
      for await (const claim of opsOf(bench, 'reset').claim({ selection: stuck, action, size: 10 })) {
        const outcomes = claim.jobs.length > 0 ? await claim.apply(claim.jobs) : [];
        await claim.release();
        expect(
          outcomes.filter(({ result }) => result === 'done'),
          `job ${alive}`,
        ).toEqual([]);
      }
      expect(await bench.dump()).toBe(before);
    },
    'lets a worker take the job again': async (bench) => {
      needs(bench, 'active', 'stuck', 'completed');
      const [id] = await bench.seed('letters', [{ state: 'active', stuck: true }]);
      await act(opsOf(bench, 'reset'), stuck, action);
      expect(await bench.work('letters', 'completes')).toBe(id);
    },
    'skips a job whose twin already waits': async (bench) => {
      needs(bench, 'active', 'stuck', 'key', 'waiting');
      const resets = opsOf(bench, 'reset');
      const ids = await bench.seed('letters', [
        { state: 'active', stuck: true, key: 'once' },
        { state: 'waiting', key: 'once' },
      ]);
      expect(told((await act(resets, stuck, action)).outcomes)).toEqual([`${ids[0]}: skipped duplicate`]);
      expect((await jobOf(bench.adapter, 'letters', ids[0])).state).toBe('active');
    },
    'leaves alone what is not active': async (bench) => {
      await bench.seed(
        'letters',
        [...bench.holds.states].filter((state) => state !== 'active').map((state) => ({ state })),
      );
      const before = await bench.dump();
      const { outcomes } = await act(
        opsOf(bench, 'reset'),
        { ...stuck, states: [...bench.holds.states], stuck: undefined },
        action,
      );
      expect(outcomes.filter(({ result }) => result === 'done')).toEqual([]);
      expect(await bench.dump()).toBe(before);
    },
  },
};
