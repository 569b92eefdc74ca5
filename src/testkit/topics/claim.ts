import { expect } from 'vitest';
import type { Claim, Claims } from '../../domain/claim.ts';
import type { Job } from '../../domain/job.ts';
import type { Selection } from '../../domain/selection.ts';
import { act, all, inState, jobsOf, movedJob, nth, replay, steady, times, told, whole } from '../act.ts';
import type { Bench } from '../bench.ts';
import { needs, opsOf, type Topic } from '../topic.ts';

const dead = inState('letters', 'dead');

const seedDead = (bench: Bench, count: number) =>
  bench.seed(
    'letters',
    times(count, (index) => ({ state: 'dead', payload: `{"n":${index}}` })),
  );

const claimsOf = (ops: Claims, size: number, selection: Selection = dead) =>
  ops.claim({ selection, action: replay, size })[Symbol.asyncIterator]();

async function idsThen(claims: AsyncIterable<Claim>): Promise<string[]> {
  const ids: string[] = [];
  for await (const claim of claims) {
    ids.push(...claim.jobs.map(({ job }) => job.id));
    await claim.release();
  }
  return ids;
}

export const claim: Topic = {
  name: 'claim',
  checks: {
    'holds its jobs: another adapter passes over them until they are released': async (bench) => {
      const ids = await seedDead(bench, 4);
      const other = opsOf({ adapter: await bench.peer() }, 'replay');
      const walk = claimsOf(opsOf(bench, 'replay'), 2);
      const mine = await walk.next();
      const held = (mine.value as Claim).jobs.map(({ job }) => job.id);
      expect(held.length).toBeGreaterThan(0);
      expect((await idsThen(other.claim({ selection: dead, action: replay, size: 10 }))).sort()).toEqual(
        ids.filter((id) => !held.includes(id)).sort(),
      );
      await (mine.value as Claim).release();
      await walk.return?.();
      expect((await idsThen(other.claim({ selection: dead, action: replay, size: 10 }))).sort()).toEqual(
        [...ids].sort(),
      );
    },
    'gives each job once, in claims no larger than asked for, released or not': async (bench) => {
      const ids = await seedDead(bench, 7);
      const seen: string[] = [];
      for await (const one of opsOf(bench, 'replay').claim({ selection: dead, action: replay, size: 3 })) {
        expect(one.jobs.length).toBeLessThanOrEqual(3);
        seen.push(...one.jobs.map(({ job }) => job.id));
        await one.release();
      }
      expect(seen.sort()).toEqual([...ids].sort());
    },
    'gives back unchanged what was not applied, and may do so twice': async (bench) => {
      const ids = await seedDead(bench, 3);
      const before = await bench.dump();
      const ops = opsOf(bench, 'replay');
      for await (const one of ops.claim({ selection: dead, action: replay, size: 10 })) {
        await one.release();
        await one.release();
      }
      expect(await bench.dump()).toBe(before);
      expect(told((await act(ops, dead, replay)).outcomes)).toEqual(all(ids, 'done'));
    },
    'applies to the jobs it is given and to no other': async (bench) => {
      const ids = await seedDead(bench, 3);
      for await (const one of opsOf(bench, 'replay').claim({ selection: dead, action: replay, size: 3 })) {
        const chosen = one.jobs.filter(({ job }) => job.id === ids[1]);
        if (chosen.length > 0) expect(told(await one.apply(chosen))).toEqual([`${ids[1]}: done`]);
        await one.release();
      }
      const now = await jobsOf(bench.adapter, 'letters');
      expect((await movedJob(bench, 'letters', ids[1], 'waiting')).state).toBe('waiting');
      expect([ids[0], ids[2]].map((id) => now.get(id ?? '')?.state)).toEqual(['dead', 'dead']);
      expect(now.size).toBe(3);
    },
    'holds nothing for an empty selection': async (bench) => {
      await seedDead(bench, 2);
      for (const empty of [
        { ...dead, queues: [] },
        { ...dead, states: [] },
        { ...dead, ids: [] },
        { ...dead, types: [] },
      ]) {
        expect(
          await idsThen(opsOf(bench, 'replay').claim({ selection: empty, action: replay, size: 5 })),
          JSON.stringify(empty),
        ).toEqual([]);
      }
    },
    'looks again before each claim: a job that moved on is not in it': async (bench) => {
      const ids = await seedDead(bench, 4);
      const other = opsOf({ adapter: await bench.peer() }, 'replay');
      const mine = claimsOf(opsOf(bench, 'replay'), 2);
      const first = (await mine.next()).value as Claim;
      const later = ids.filter((id) => !first.jobs.some(({ job }) => job.id === id));
      expect(later.length).toBeGreaterThan(0);
      await first.release();
      const moved = nth(later, later.length - 1);
      expect(told((await act(other, { ...dead, ids: [moved] }, replay)).outcomes)).toEqual([`${moved}: done`]);
      for (let next = await mine.next(); !next.done; next = await mine.next()) {
        expect(next.value.jobs.map(({ job }) => job.id)).not.toContain(moved);
        await next.value.release();
      }
    },
    'tells of each job asked for by name why it could not be held': async (bench) => {
      needs(bench, 'completed');
      const [gone = '', ...ids] = [
        ...(await bench.seed('letters', [{ state: 'completed' }])),
        ...(await seedDead(bench, 1)),
      ];
      const { outcomes } = await act(opsOf(bench, 'replay'), { ...dead, ids: [gone, ...ids, 'no-such-id'] }, replay);
      expect(told(outcomes)).toEqual(
        [`${gone}: skipped state-changed`, `${ids[0]}: done`, 'no-such-id: skipped not-found'].sort(),
      );
    },
    'tells that a job asked for by name is held by another': async (bench) => {
      const ids = await seedDead(bench, 1);
      const other = await claimsOf(opsOf({ adapter: await bench.peer() }, 'replay'), 1).next();
      const { outcomes } = await act(opsOf(bench, 'replay'), { ...dead, ids }, replay);
      expect(told(outcomes)).toEqual(all(ids, 'skipped locked'));
      await (other.value as Claim).release();
    },
    'saves the job and a snapshot that survives JSON': async (bench) => {
      await seedDead(bench, 2);
      const jobs = await jobsOf(bench.adapter, 'letters');
      const { saved } = await act(opsOf(bench, 'replay'), dead, replay);
      expect(saved).toHaveLength(2);
      for (const one of saved) {
        const seen = JSON.parse(JSON.stringify(jobs.get(one.job.id))) as Job;
        expect(steady(bench.adapter, one.job)).toEqual(steady(bench.adapter, seen));
        expect(Object.keys(one.snapshot).length).toBeGreaterThan(0);
      }
    },
    'lets a worker go on with the jobs that are not held': async (bench) => {
      needs(bench, 'waiting', 'completed');
      const waiting = inState('letters', 'waiting');
      const ids = await bench.seed(
        'letters',
        times(5, () => ({ state: 'waiting' })),
      );
      const mine = await opsOf(bench, 'remove')
        .claim({ selection: waiting, action: { verb: 'remove' }, size: 2 })
        [Symbol.asyncIterator]()
        .next();
      const held = (mine.value as Claim).jobs;
      const worked = await bench.work('letters', 'completes');
      expect(ids).toContain(worked);
      const outcomes = await (mine.value as Claim).apply(held);
      await (mine.value as Claim).release();
      const now = await jobsOf(bench.adapter, 'letters');
      expect(now.get(worked ?? '')?.state).toBe('completed');
      for (const { ref, result } of outcomes) expect(result === 'done', ref.id).toBe(!now.has(ref.id));
      expect(told(outcomes)).toEqual(
        held.map(({ job }) => `${job.id}: ${job.id === worked ? 'skipped state-changed' : 'done'}`).sort(),
      );
    },
    'lets go of everything when the adapter closes': async (bench) => {
      const ids = await seedDead(bench, 2);
      const other = await bench.peer();
      await claimsOf(opsOf({ adapter: other }, 'replay'), 2).next();
      await other.close();
      expect(told((await act(opsOf(bench, 'replay'), whole('letters'), replay)).outcomes)).toEqual(all(ids, 'done'));
    },
  },
};
