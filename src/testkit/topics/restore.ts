import { expect } from 'vitest';
import type { Action } from '../../domain/action.ts';
import { earlier } from '../../domain/instant.ts';
import { jobStates } from '../../domain/job.ts';
import { act, all, browseAll, inState, jobOf, jobsOf, putBack, replay, times, told, whole } from '../act.ts';
import type { Bench, SeedJob } from '../bench.ts';
import { hostilePayloads } from '../hostile.ts';
import { NotHere, needs, needsSameIds, opsOf, type Topic } from '../topic.ts';

const remove: Action = { verb: 'remove' };
const atRest = ['completed', 'dead', 'cancelled'] as const;
const quiet = jobStates.filter((state) => state !== 'active');

/** A job with every attribute that the backend holds. */
const rich = async (
  { holds: { attributes }, adapter }: Bench,
  state: SeedJob['state'],
  index: number,
): Promise<SeedJob> => ({
  state,
  type: 'mail.send',
  payload: `{"n":${index}}`,
  ...(attributes.has('attempts') && { attempts: 2 }),
  ...(attributes.has('priority') && { priority: 7 }),
  ...(attributes.has('lane') && { lane: `lane-${index}` }),
  ...(attributes.has('tenant') && { tenant: 'acme' }),
  ...(attributes.has('key') && { key: `key-${index}` }),
  ...(attributes.has('error') && state === 'dead' && { error: 'timeout after 30s' }),
  ...(attributes.has('since') && { since: earlier(await adapter.now(), state === 'delayed' ? -90000 : 3600.123456) }),
});

/** Seeds jobs, takes them all away, and tells what was saved and how the backend looked before. */
async function removed(bench: Bench, jobs: readonly SeedJob[], queue = 'letters') {
  needsSameIds(bench);
  const ids = await bench.seed(queue, jobs);
  const before = { dump: await bench.dump(), jobs: await browseAll(bench.adapter, whole(queue)) };
  const { saved } = await act(opsOf(bench, 'remove'), inState(queue, ...quiet), remove);
  expect((await jobsOf(bench.adapter, queue)).size).toBe(0);
  return { ids, before, saved };
}

export const restore: Topic = {
  name: 'restore',
  checks: {
    'recreates removed jobs field for field': async (bench) => {
      const states = quiet.filter((state) => bench.holds.states.has(state) && state !== 'blocked');
      const seed = await Promise.all([...states, ...states].map((state, index) => rich(bench, state, index)));
      const { ids, before, saved } = await removed(bench, seed);
      const back = await putBack(opsOf(bench, 'restore'), saved, true, bench.adapter);
      expect(told(back.outcomes)).toEqual(all(ids, 'done'));
      expect(await browseAll(bench.adapter, whole('letters'))).toEqual(before.jobs);
      expect(await bench.dump()).toBe(before.dump);
    },
    'brings back dead what could start by itself, unless told otherwise': async (bench) => {
      const starting = (['waiting', 'delayed'] as const).filter((state) => bench.holds.states.has(state));
      if (starting.length === 0) throw new NotHere('the backend holds no jobs that start');
      const { ids, saved } = await removed(
        bench,
        [...starting, ...starting].map((state) => ({ state })),
      );
      expect(told((await putBack(opsOf(bench, 'restore'), saved, false, bench.adapter)).outcomes)).toEqual(
        all(ids, 'done'),
      );
      expect([...(await jobsOf(bench.adapter, 'letters')).values()].map((job) => job.state)).toEqual(
        ids.map(() => 'dead'),
      );
      expect(await bench.work('letters', 'completes')).toBeUndefined();
    },
    'brings back as they were jobs that had ended': async (bench) => {
      const states = atRest.filter((state) => bench.holds.states.has(state));
      const { before, saved } = await removed(
        bench,
        states.map((state) => ({ state })),
      );
      await putBack(opsOf(bench, 'restore'), saved, false, bench.adapter);
      expect(await bench.dump()).toBe(before.dump);
    },
    'says unchanged for a job that is there already, and changes nothing the second time': async (bench) => {
      const states = quiet.filter((state) => bench.holds.states.has(state) && state !== 'blocked');
      for (const asWas of [true, false]) {
        const { ids, saved } = await removed(
          bench,
          states.map((state) => ({ state })),
          `as-was-${asWas}`,
        );
        await putBack(opsOf(bench, 'restore'), saved, asWas, bench.adapter);
        const before = await bench.dump();
        // A later plan has a later cutoff, also on a clock of milliseconds.
        await new Promise((resolve) => setTimeout(resolve, 3));
        const again = await putBack(opsOf(bench, 'restore'), saved, asWas, bench.adapter);
        expect(told(again.outcomes), `asWas ${asWas}`).toEqual(all(ids, 'skipped unchanged'));
        expect(await bench.dump()).toBe(before);
      }
    },
    'never overwrites: a job that differs is a conflict and stays': async (bench) => {
      needsSameIds(bench);
      const ids = await bench.seed('letters', [{ state: 'dead', payload: '{"n":1}' }]);
      const { saved } = await act(opsOf(bench, 'replay'), inState('letters', 'dead'), replay);
      const before = await bench.dump();
      for (const asWas of [true, false]) {
        const { outcomes } = await putBack(opsOf(bench, 'restore'), saved, asWas, bench.adapter);
        expect(told(outcomes)).toEqual(all(ids, 'skipped conflict'));
      }
      expect(await bench.dump()).toBe(before);
    },
    'skips a job whose twin already waits': async (bench) => {
      needs(bench, 'waiting', 'key');
      const { ids, saved } = await removed(bench, [{ state: 'waiting', key: 'once' }]);
      await bench.seed('letters', [{ state: 'waiting', key: 'once' }]);
      const before = await bench.dump();
      expect(told((await putBack(opsOf(bench, 'restore'), saved, true, bench.adapter)).outcomes)).toEqual(
        all(ids, 'skipped duplicate'),
      );
      expect(await bench.dump()).toBe(before);
    },
    'is whole for two who restore at once': async (bench) => {
      const { ids, before, saved } = await removed(
        bench,
        times(5, () => ({ state: 'dead' })),
      );
      const other = await bench.peer();
      const both = await Promise.all(
        [bench.adapter, other].map((adapter) => putBack(opsOf({ adapter }, 'restore'), saved, true, adapter)),
      );
      const outcomes = both.flatMap((one) => one.outcomes);
      expect(told(outcomes.filter(({ result }) => result === 'done'))).toEqual(all(ids, 'done'));
      expect(outcomes.filter(({ result }) => result !== 'done' && result !== 'skipped')).toEqual([]);
      expect(await bench.dump()).toBe(before.dump);
    },
    'gives back every payload as it was': async (bench) => {
      for (const [name, payload] of Object.entries(hostilePayloads(bench.holds))) {
        const queue = `letters ${name}`;
        const { before, saved } = await removed(bench, [{ state: 'dead', payload }], queue);
        await putBack(opsOf(bench, 'restore'), saved, false, bench.adapter);
        expect((await bench.dump()) === before.dump, `${name}: the same state`).toBe(true);
        const [job] = await browseAll(bench.adapter, whole(queue));
        expect(job?.payload === before.jobs[0]?.payload, `${name}: the same payload`).toBe(true);
      }
    },
    'gives back ids beyond 2^53': async (bench) => {
      if (bench.holds.ids !== 'any integer') throw new NotHere('the backend chooses its ids');
      const { before, saved } = await removed(bench, [
        { state: 'dead', id: '9007199254740993' },
        { state: 'dead', id: '9007199254740992' },
      ]);
      await putBack(opsOf(bench, 'restore'), saved, false, bench.adapter);
      expect(await bench.dump()).toBe(before.dump);
      expect((await jobOf(bench.adapter, 'letters', '9007199254740993')).state).toBe('dead');
    },
  },
};
