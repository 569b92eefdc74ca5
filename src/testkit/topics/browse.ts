import { expect } from 'vitest';
import { browseAll, inState, times, whole } from '../act.ts';
import type { Bench } from '../bench.ts';
import { NotHere, type Topic } from '../topic.ts';

/** One job in every state that the backend holds, twice over. */
const oneOfEach = async ({ holds, seed }: Bench) => {
  const states = [...holds.states, ...holds.states];
  const ids = await seed(
    'letters',
    states.map((state) => ({ state, type: 'mail' })),
  );
  return { states, ids };
};

export const browse: Topic = {
  name: 'browse',
  checks: {
    'changes nothing, whatever is read': async (bench) => {
      const { ids } = await oneOfEach(bench);
      const { adapter } = bench;
      const before = await bench.dump();
      const reads: Record<string, () => Promise<unknown>> = {
        now: () => adapter.now(),
        queues: () => adapter.queues(),
        stats: () => adapter.stats({}),
        'stats by type': () => adapter.stats({ by: 'type' }),
        'stats by lane': () => adapter.stats({ by: 'lane' }),
        'stats by tenant': () => adapter.stats({ by: 'tenant' }),
        count: () => adapter.count(whole('letters')),
        'browse newest': () => browseAll(adapter, whole('letters'), { order: 'newest' }),
        'browse oldest': () => browseAll(adapter, whole('letters'), { size: 1 }),
        find: () => Promise.all(ids.map((id) => adapter.find(id))),
        'find in a queue': () => Promise.all(ids.map((id) => adapter.find(id, 'letters'))),
        'opening another adapter': async () => (await bench.peer()).close(),
      };
      for (const [name, read] of Object.entries(reads)) {
        await read();
        expect(await bench.dump(), name).toBe(before);
      }
    },
    'never yields fewer than match: every state, each job once': async (bench) => {
      const { states, ids } = await oneOfEach(bench);
      const jobs = await browseAll(bench.adapter, whole('letters'), { size: 3 });
      expect(jobs.map((job) => job.id).sort()).toEqual([...ids].sort());
      const byId = new Map(jobs.map((job) => [job.id, job]));
      expect(ids.map((id) => byId.get(id)?.state)).toEqual(states);
      for (const state of bench.holds.states) {
        const some = await browseAll(bench.adapter, inState('letters', state));
        expect(
          some
            .filter((job) => job.state === state)
            .map((job) => job.id)
            .sort(),
          state,
        ).toEqual(ids.filter((_, index) => states[index] === state).sort());
      }
    },
    'gives pages no larger than asked for, and none that is empty': async (bench) => {
      await bench.seed(
        'letters',
        times(7, () => ({ state: 'dead' })),
      );
      for (const size of [1, 2, 7, 50]) {
        const sizes: number[] = [];
        for await (const page of bench.adapter.browse(inState('letters', 'dead'), { size, order: 'oldest' }))
          sizes.push(page.length);
        expect(Math.max(...sizes), `size ${size}`).toBeLessThanOrEqual(size);
        expect(Math.min(...sizes), `size ${size}`).toBeGreaterThan(0);
        expect(
          sizes.reduce((sum, one) => sum + one, 0),
          `size ${size}`,
        ).toBe(7);
      }
    },
    'has one order, which newest turns round': async (bench) => {
      if (bench.adapter.reads === 'receive') throw new NotHere('it gives jobs in whatever order it likes');
      const ids = await bench.seed(
        'letters',
        times(9, () => ({ state: 'dead' })),
      );
      const oldest = (await browseAll(bench.adapter, inState('letters', 'dead'), { size: 2 })).map((job) => job.id);
      const newest = (await browseAll(bench.adapter, inState('letters', 'dead'), { size: 4, order: 'newest' })).map(
        (job) => job.id,
      );
      expect(oldest).toHaveLength(ids.length);
      expect(newest).toEqual(oldest.toReversed());
    },
    'finds nothing for an empty list, an unknown queue or an id of another shape': async (bench) => {
      await oneOfEach(bench);
      for (const selection of [
        { ...whole('letters'), queues: [] },
        { ...whole('letters'), states: [] },
        { ...whole('letters'), ids: [] },
        { ...whole('letters'), ids: ['no-such-id', '', "' or 1=1 --"] },
        whole('parcels'),
      ]) {
        const about = JSON.stringify(selection);
        const wanted = new Set<string>(selection.ids ?? []);
        const jobs = await browseAll(bench.adapter, selection);
        expect(
          jobs.filter((job) => selection.states.includes(job.state) && wanted.has(job.id)),
          about,
        ).toEqual([]);
        if (bench.adapter.pushes.has('ids')) expect((await bench.adapter.count(selection)).value, about).toBe(0);
      }
    },
    'names every queue that holds a job': async (bench) => {
      const queues = bench.holds.queueNames ?? ['letters', 'parcels', 'a queue:with/odd "signs"'];
      for (const queue of queues) await bench.seed(queue, [{ state: 'dead' }]);
      const names = (await bench.adapter.queues()).map(({ queue }) => queue);
      expect(names).toEqual(expect.arrayContaining([...queues]));
      expect(new Set(names).size).toBe(names.length);
    },
  },
};
