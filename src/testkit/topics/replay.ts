import { expect } from 'vitest';
import type { Job } from '../../domain/job.ts';
import { act, replay as action, all, inState, jobOf, jobsOf, movedJob, steady, times, told, whole } from '../act.ts';
import type { SeedJob } from '../bench.ts';
import { needs, opsOf, type Topic } from '../topic.ts';
import { leavesAlone } from './leaves-alone.ts';

const dead = inState('letters', 'dead');

export const replay: Topic = {
  name: 'replay',
  checks: {
    'makes dead jobs wait again, each once, and says so for each': async (bench) => {
      const ids = await bench.seed(
        'letters',
        times(5, () => ({ state: 'dead' })),
      );
      const ops = opsOf(bench, 'replay');
      expect(told((await act(ops, dead, action, { size: 2 })).outcomes)).toEqual(all(ids, 'done'));
      const now = await jobsOf(bench.adapter, 'letters');
      if (bench.holds.ids !== 'new ones') expect([...now.keys()].sort()).toEqual([...ids].sort());
      expect([...now.values()].map((job) => job.state)).toEqual(times(5, () => 'waiting'));
      expect((await act(ops, dead, action)).outcomes).toEqual([]);
    },
    'gives a job that a worker takes': async (bench) => {
      needs(bench, 'completed');
      const [id] = await bench.seed('letters', [{ state: 'dead' }]);
      await act(opsOf(bench, 'replay'), dead, action);
      expect(await bench.work('letters', 'completes')).toBe(id);
      expect((await jobOf(bench.adapter, 'letters', id)).state).toBe('completed');
    },
    'keeps payload, type, priority, lane, tenant and idempotency key': async (bench) => {
      const { attributes } = bench.holds;
      const seed: SeedJob = {
        state: 'dead',
        type: 'mail.send',
        payload: '{"to":"ada@example.com","n":1}',
        ...(attributes.has('priority') && { priority: 3 }),
        ...(attributes.has('lane') && { lane: 'eu' }),
        ...(attributes.has('tenant') && { tenant: 'acme' }),
        ...(attributes.has('key') && { key: 'once' }),
      };
      const [id] = await bench.seed('letters', [seed]);
      const before = await jobOf(bench.adapter, 'letters', id);
      await act(opsOf(bench, 'replay'), dead, action);
      const kept = ({ type, payload, priority, lane, tenant, key }: Job) => ({
        type,
        payload,
        priority,
        lane,
        tenant,
        key,
      });
      expect(kept(await movedJob(bench, 'letters', id, 'waiting'))).toEqual(kept(before));
    },
    'gives the full number of attempts again, unless told to keep them': async (bench) => {
      needs(bench, 'attempts');
      const [fresh = '', kept = ''] = await bench.seed('letters', [
        { state: 'dead', attempts: 4 },
        { state: 'dead', attempts: 4 },
      ]);
      await act(opsOf(bench, 'replay'), { ...dead, ids: [fresh] }, action);
      await act(opsOf(bench, 'replay'), { ...dead, ids: [kept] }, { verb: 'replay', keepAttempts: true });
      const now = await jobsOf(bench.adapter, 'letters');
      expect([now.get(fresh)?.attempts, now.get(kept)?.attempts]).toEqual([0, 4]);
    },
    'skips a job whose twin already waits': async (bench) => {
      needs(bench, 'key', 'waiting');
      const ids = await bench.seed('letters', [
        { state: 'waiting', key: 'once' },
        { state: 'dead', key: 'once' },
        { state: 'dead' },
      ]);
      const { outcomes } = await act(opsOf(bench, 'replay'), dead, action);
      expect(told(outcomes)).toEqual([`${ids[1]}: skipped duplicate`, `${ids[2]}: done`].sort());
      expect((await jobOf(bench.adapter, 'letters', ids[1])).state).toBe('dead');
    },
    'replays a job whose twin no longer waits': async (bench) => {
      needs(bench, 'key', 'waiting', 'completed');
      const ids = await bench.seed('letters', [
        { state: 'waiting', key: 'once' },
        { state: 'dead', key: 'once' },
      ]);
      expect(await bench.work('letters', 'completes')).toBe(ids[0]);
      expect(told((await act(opsOf(bench, 'replay'), dead, action)).outcomes)).toEqual([`${ids[1]}: done`]);
    },
    'replays one of several dead twins': async (bench) => {
      needs(bench, 'key');
      await bench.seed(
        'letters',
        times(3, () => ({ state: 'dead', key: 'once' })),
      );
      const { outcomes } = await act(opsOf(bench, 'replay'), dead, action);
      expect(outcomes.map((one) => (one.result === 'skipped' ? one.why : one.result)).sort()).toEqual([
        'done',
        'duplicate',
        'duplicate',
      ]);
      const states = [...(await jobsOf(bench.adapter, 'letters')).values()].map((job) => job.state);
      expect(states.sort()).toEqual(['dead', 'dead', 'waiting']);
    },
    'leaves alone what is not dead, even when it is selected': leavesAlone(action, 'waiting', 'active', 'completed'),
    'touches neither other queues nor jobs that were not selected': async (bench) => {
      const [, mine = ''] = await bench.seed(
        'letters',
        times(3, () => ({ state: 'dead' })),
      );
      await bench.seed(
        'parcels',
        times(2, () => ({ state: 'dead' })),
      );
      const before = await jobsOf(bench.adapter, 'letters');
      const others = await jobsOf(bench.adapter, 'parcels');
      await act(opsOf(bench, 'replay'), { ...whole('letters'), ids: [mine] }, action);
      const now = await jobsOf(bench.adapter, 'letters');
      const moved = await movedJob(bench, 'letters', mine, 'waiting');
      expect(moved.state).toBe('waiting');
      for (const map of [before, now]) for (const id of [mine, moved.id]) map.delete(id);
      const still = (jobs: ReadonlyMap<string, Job>) =>
        new Map([...jobs].map(([id, job]) => [id, steady(bench.adapter, job)] as const));
      expect(still(now)).toEqual(still(before));
      expect(still(await jobsOf(bench.adapter, 'parcels'))).toEqual(still(others));
    },
  },
};
