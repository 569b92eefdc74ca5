import { expect } from 'vitest';
import { jobsOf, nth, somethingSaid, steady, times } from '../act.ts';
import { needs, type Topic } from '../topic.ts';

export const find: Topic = {
  name: 'find',
  checks: {
    'finds a job by its id, with and without its queue': async (bench) => {
      const ids = await bench.seed(
        'letters',
        [...bench.holds.states].map((state) => ({ state })),
      );
      const jobs = await jobsOf(bench.adapter, 'letters');
      for (const id of ids) {
        // where every look is a walk, what waits is not looked for all over the place
        const everywhere = bench.adapter.reads === 'peek' || jobs.get(id)?.state === 'dead';
        for (const queue of everywhere ? ['letters', undefined] : ['letters']) {
          const found = steady(bench.adapter, (await bench.adapter.find(id, queue))?.job);
          expect(found, `${queue} ${id}`).toEqual(steady(bench.adapter, jobs.get(id)));
        }
      }
    },
    'finds nothing for an unknown id, another queue, or an id of another shape': async (bench) => {
      const ids = await bench.seed(
        'letters',
        times(2, () => ({ state: 'dead' })),
      );
      await bench.seed('parcels', [{ state: 'dead' }]);
      expect(await bench.adapter.find(nth(ids, 0), 'parcels')).toBeUndefined();
      expect(await bench.adapter.find(nth(ids, 0), 'nowhere')).toBeUndefined();
      for (const id of ['999999999', 'no-such-id', '', '99999999999999999999999999', "1' or '1'='1"]) {
        await expect(bench.adapter.find(id), id).resolves.toBeUndefined();
        await expect(bench.adapter.find(id, 'letters'), id).resolves.toBeUndefined();
      }
    },
    'tells the error where the backend keeps it, and where to look where it does not': async (bench) => {
      if (bench.adapter.backend.errors === 'none') {
        expect(bench.adapter.backend.errorsNote).toEqual(somethingSaid);
        return;
      }
      needs(bench, 'error');
      const [id = ''] = await bench.seed('letters', [{ state: 'dead', error: 'no such user' }]);
      expect((await bench.adapter.find(id, 'letters'))?.job.error?.message).toBe('no such user');
    },
    'tells the proof that an owner is gone': async (bench) => {
      needs(bench, 'active', 'stuck');
      const [gone = '', alive = ''] = await bench.seed('letters', [
        { state: 'active', stuck: true },
        { state: 'active' },
      ]);
      expect((await bench.adapter.find(gone))?.job.stuck).toEqual(somethingSaid);
      expect((await bench.adapter.find(alive))?.job.stuck).toBeUndefined();
    },
    'tells times as instants': async (bench) => {
      const [id = ''] = await bench.seed('letters', [{ state: 'dead' }]);
      const detail = await bench.adapter.find(id);
      const times = [
        detail?.job.since,
        detail?.job.createdAt,
        ...(detail?.timeline.map(({ at }) => at) ?? []),
        await bench.adapter.now(),
      ];
      for (const time of times)
        if (time !== undefined) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    },
  },
};
