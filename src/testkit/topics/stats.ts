import { expect } from 'vitest';
import { earlier } from '../../domain/instant.ts';
import { jobStates } from '../../domain/job.ts';
import type { Breakdown, QueueStats } from '../../domain/stats.ts';
import { browseAll, inState, times, whole } from '../act.ts';
import type { Bench } from '../bench.ts';
import { needs, type Topic } from '../topic.ts';

const rowOf = (stats: readonly QueueStats[], queue: string): QueueStats => {
  const row = stats.find((one) => one.queue === queue);
  if (row === undefined) expect.fail(`no row for ${queue}`);
  return row;
};

const zero = Object.fromEntries(jobStates.map((state) => [state, 0]));

/** The first state once, the second twice, and so on: no two counts are alike. */
const seedAll = async ({ holds, seed }: Bench): Promise<void> => {
  await seed(
    'letters',
    [...holds.states].flatMap((state, index) => times(index + 1, () => ({ state, type: `type-${index % 2}` }))),
  );
  await seed('parcels', [{ state: 'dead' }]);
};

export const stats: Topic = {
  name: 'stats',
  checks: {
    'counts what browse shows, state by state': async (bench) => {
      await seedAll(bench);
      const found = await bench.adapter.stats({});
      for (const queue of ['letters', 'parcels']) {
        const row = rowOf(found, queue);
        const jobs = await browseAll(bench.adapter, whole(queue));
        const wanted: Record<string, number> = { ...zero };
        for (const { state } of jobs) wanted[state] = (wanted[state] ?? 0) + 1;
        if (row.exact) expect(row.counts, queue).toEqual(wanted);
        else expect(Object.keys(row.counts).sort(), queue).toEqual([...jobStates].sort());
        expect(row.other, queue).toEqual({});
      }
    },
    'agrees with count': async (bench) => {
      await seedAll(bench);
      const row = rowOf(await bench.adapter.stats({}), 'letters');
      for (const state of bench.holds.states) {
        const count = await bench.adapter.count(inState('letters', state));
        if (row.exact && count.exact) expect(count.value, state).toBe(row.counts[state]);
      }
    },
    'gives the queues that were asked for': async (bench) => {
      await seedAll(bench);
      expect((await bench.adapter.stats({ queues: ['parcels'] })).map(({ queue }) => queue)).toEqual(['parcels']);
      expect((await bench.adapter.stats({})).map(({ queue }) => queue)).toEqual(
        expect.arrayContaining(['letters', 'parcels']),
      );
    },
    'breaks down without losing a job': async (bench) => {
      await seedAll(bench);
      for (const by of ['type', 'lane', 'tenant'] satisfies Breakdown[]) {
        const row = rowOf(await bench.adapter.stats({ queues: ['letters'], by }), 'letters');
        if (row.by === undefined) continue;
        for (const state of jobStates) {
          const sum = row.by.reduce((total, { counts }) => total + counts[state], 0);
          expect(sum, `${by} ${state}`).toBe(row.counts[state]);
        }
        const types = bench.holds.types === 'the queue' ? ['letters'] : ['type-0', 'type-1'];
        if (by === 'type') expect(row.by.map(({ key }) => key).sort()).toEqual(types);
      }
    },
    'has no age where nothing waits and nothing is active': async (bench) => {
      await bench.seed('letters', [{ state: 'dead' }]);
      const row = rowOf(await bench.adapter.stats({}), 'letters');
      expect([row.oldestWaitingSeconds ?? null, row.oldestActiveSeconds ?? null]).toEqual([null, null]);
    },
    "tells the age of the oldest by the backend's clock": async (bench) => {
      needs(bench, 'since', 'waiting', 'active');
      const now = await bench.adapter.now();
      await bench.seed('letters', [
        { state: 'waiting', since: earlier(now, 60) },
        { state: 'waiting', since: earlier(now, 7200) },
        { state: 'active', since: earlier(now, 300) },
        { state: 'dead', since: earlier(now, 90000) },
        ...(bench.holds.states.has('delayed') ? [{ state: 'delayed', since: earlier(now, -3600) } as const] : []),
      ]);
      const row = rowOf(await bench.adapter.stats({}), 'letters');
      for (const [age, wanted] of [
        [row.oldestWaitingSeconds, 7200],
        [row.oldestActiveSeconds, 300],
      ] as const) {
        expect(age).toBeGreaterThanOrEqual(wanted);
        expect(age).toBeLessThan(wanted + 30);
      }
    },
  },
};
