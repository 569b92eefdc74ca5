import { describe, expect, it } from 'vitest';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import type { Action } from '../../../src/domain/action.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { requireOps } from '../../../src/domain/capability.ts';
import type { SavedJob } from '../../../src/domain/claim.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Selection } from '../../../src/domain/selection.ts';
import { act, inState, putBack, replay, told } from '../../../src/testkit/act.ts';
import type { SeedJob } from '../../../src/testkit/index.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { seedJobs } from '../../setup/bullmq-seed.ts';
import { createRedis, type TestRedis } from '../../setup/redis.ts';

/** Redis takes nothing back when a call in a script fails: a job must stand in exactly one list all the same. */

interface Scene {
  readonly server: TestRedis;
  readonly adapter: QueueAdapter;
  readonly base: string;
  seed(...jobs: SeedJob[]): Promise<string[]>;
}

async function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const server = createRedis('half-way');
  const adapter = await openBullmq({ url: server.url, where: 'redis://test', prefix: server.prefix });
  const seed = (...jobs: SeedJob[]) => seedJobs(server, '6', 'letters', jobs);
  try {
    await work({ server, adapter, base: `${server.prefix}:letters:`, seed });
  } finally {
    await adapter.close();
    await server.drop();
  }
}

const lists = ['wait', 'paused', 'active'];
const sets = ['prioritized', 'delayed', 'waiting-children', 'failed', 'completed'];

/** Every place where each of the jobs stands, and `gone` for one that has no hash. */
async function places({ server: { redis }, base }: Scene, ids: readonly string[]): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const id of ids) {
    const at: string[] = [];
    for (const name of lists) if ((await redis.lpos(`${base}${name}`, id)) !== null) at.push(name);
    for (const name of sets) if ((await redis.zscore(`${base}${name}`, id)) !== null) at.push(name);
    found[id] = (await redis.exists(`${base}${id}`)) === 0 ? [...at, 'gone'] : at;
  }
  return found;
}

const none = { level: 'none', why: 'missing' } as const;
const one = (id: string, ...at: string[]): Record<string, string[]> => ({ [id]: at });
const dead = inState('letters', 'dead');
const stuck: Selection = { ...inState('letters', 'active'), stuck: true };
const remove: Action = { verb: 'remove' };
const edit: Action = { verb: 'edit', payload: '{"n":2}' };

/** What a key of another program is put under, and how the operator is told. */
const foreignKeys = ['events', 'pc', 'marker', 'stalled', 'prioritized', 'repeat'];

describe('a queue with a key that is not of BullMQ is left as it is', () => {
  const verbs: Record<string, [state: SeedJob['state'], selection: Selection, action: Action]> = {
    replay: ['dead', dead, replay],
    reset: ['active', stuck, { verb: 'reset' }],
    remove: ['dead', dead, remove],
    cancel: ['waiting', inState('letters', 'waiting'), { verb: 'cancel' }],
    edit: ['dead', dead, edit],
  };
  for (const [name, [state, selection, action]] of Object.entries(verbs)) {
    it(`by ${name}`, () =>
      scene(async ({ server, adapter, base, seed }) => {
        await seed({ state, stuck: true }, { state, stuck: true });
        const claims = opsOf({ adapter }, action.verb).claim({ selection, action, size: 10 });
        for await (const claim of claims) {
          for (const key of foreignKeys) {
            const before = await server.dump();
            const was = await server.redis.rename(`${base}${key}`, `${base}aside`).catch(() => undefined);
            await server.redis.rpush(`${base}${key}`, 'a foreign key');
            await expect(claim.apply(claim.jobs)).rejects.toThrow(
              `:letters:${key} at redis://test is a key of another kind`,
            );
            await server.redis.del(`${base}${key}`);
            if (was !== undefined) await server.redis.rename(`${base}aside`, `${base}${key}`);
            expect(await server.dump()).toBe(before);
          }
          await claim.release();
        }
      }));
  }

  it('by restore, undo, enqueue, pause, and by what is done to a scheduler', () =>
    scene(async ({ server: { redis, dump }, adapter, base, seed }) => {
      await seed({ state: 'dead' }, { state: 'dead' });
      const { saved, marks } = await act(opsOf({ adapter }, 'replay'), dead, replay, { size: 1 });
      const [first, second] = saved as [SavedJob, SavedJob];
      await redis.del(`${base}${first.job.id}`);
      await redis.lrem(`${base}wait`, 0, first.job.id);
      await redis.zadd(`${base}repeat`, '9999999999999', 'nightly');
      await redis.hset(`${base}repeat:nightly`, { name: 'tidy', every: '60000', ic: '1' });
      const scheduler = requireOps('', 'schedule', adapter.can.schedule ?? none);
      const adding = requireOps('', 'enqueue', adapter.can.enqueue ?? none);
      const pauses = requireOps('', 'pause', adapter.can.pause ?? none);
      await redis.del(`${base}events`);
      await redis.set(`${base}events`, 'a foreign key');
      const before = await dump();
      const refused = /:letters:events at .* is a key of another kind/;
      await expect(putBack(opsOf({ adapter }, 'restore'), [first], true, adapter)).rejects.toThrow(refused);
      const undone = await putBack(opsOf({ adapter }, 'revert'), [second], true, adapter, marks[1]).catch(
        (error: Error) => error.message,
      );
      expect(undone).toMatch(refused);
      expect(await adding.enqueue('letters', [{ type: 'mail', payload: '{}' }])).toMatchObject([
        { result: 'failed', why: expect.stringMatching(refused) },
      ]);
      await expect(pauses.pause('letters')).rejects.toThrow(refused);
      await expect(scheduler.pause('nightly', 'letters')).rejects.toThrow(refused);
      await expect(scheduler.remove?.('nightly', 'letters')).rejects.toThrow(refused);
      await expect(scheduler.run?.('nightly', 'letters')).rejects.toThrow(refused);
      expect(await dump()).toBe(before);
    }));
});

describe('a call that fails for one job', () => {
  const failedWith = (outcomes: readonly Outcome[], id: string): string | undefined => {
    const found = outcomes.find(({ ref }) => ref.id === id);
    return found?.result === 'failed' ? found.why : found?.result;
  };

  it('in a replay or a removal leaves that job where it is, and the others are done', () =>
    scene(async (place) => {
      const { server, adapter, base, seed } = place;
      const parent = `${base}order`;
      await server.redis.hset(parent, 'name', 'order');
      await server.redis.zadd(`${base}waiting-children`, 1, 'order');
      for (const action of [replay, remove]) {
        const [child = '', other = ''] = await seed({ state: 'dead' }, { state: 'dead' });
        const told = JSON.stringify({ id: 'order', queueKey: base.slice(0, -1) });
        await server.redis.hset(`${base}${child}`, { parentKey: parent, parent: told });
        await server.redis.zadd(`${parent}:unsuccessful`, 1, `${base}${child}`);
        await server.redis.set(`${parent}:dependencies`, 'a foreign key');
        const { outcomes } = await act(opsOf({ adapter }, action.verb), dead, action);
        expect(failedWith(outcomes, child)).toMatch(/order:dependencies is a key of another kind/);
        expect(failedWith(outcomes, other)).toBe('done');
        expect(await places(place, [child])).toEqual(one(child, 'failed'));
        expect(await places(place, [other])).toEqual(action === replay ? one(other, 'wait') : one(other, 'gone'));
        await server.redis.del(`${base}failed`, `${base}${child}`);
      }
    }));

  it('of odd data is none: a counter that is no number, a priority that is none, a foreign deduplication key', () =>
    scene(async (place) => {
      const { server, adapter, base, seed } = place;
      const [lane = '', odd = '', keyed = ''] = await seed(
        { state: 'dead', priority: 3 },
        { state: 'dead' },
        { state: 'dead', key: 'once' },
      );
      await server.redis.set(`${base}pc`, 'many');
      await server.redis.hset(`${base}meta`, { concurrency: 'some', 'opts.maxLenEvents': 'few' });
      await server.redis.hset(`${base}${odd}`, 'priority', 'nan');
      await server.redis.rpush(`${base}de:once`, 'a foreign key');
      const { outcomes } = await act(opsOf({ adapter }, 'replay'), dead, replay);
      expect(told(outcomes)).toEqual([lane, odd, keyed].map((id) => `${id}: done`));
      expect(await places(place, [lane, odd, keyed])).toEqual({
        ...one(lane, 'prioritized'),
        ...one(odd, 'wait'),
        ...one(keyed, 'wait'),
      });
    }));

  it('of a restore leaves nothing of that job, and puts the others back', () =>
    scene(async (place) => {
      const { server, adapter, base, seed } = place;
      const ids = await seed({ state: 'dead' }, { state: 'dead', key: 'once' }, { state: 'dead' });
      await server.redis.rpush(`${base}${ids[1]}:logs`, 'a line');
      const { saved } = await act(opsOf({ adapter }, 'remove'), dead, remove);
      const [first, bad, last] = saved as [SavedJob, SavedJob, SavedJob];
      const broken = { ...bad, snapshot: { ...bad.snapshot, score: 'soon', owns: 1000 } };
      await server.redis.set(`${base}${last.job.id}:logs`, 'of another');
      const { outcomes } = await putBack(opsOf({ adapter }, 'restore'), [first, broken, last], false, adapter);
      expect(failedWith(outcomes, bad.job.id)).toMatch(/float/);
      expect(failedWith(outcomes, first.job.id)).toBe('done');
      expect(outcomes.find(({ ref }) => ref.id === last.job.id)).toMatchObject({ result: 'skipped', why: 'conflict' });
      expect(await places(place, ids)).toEqual({
        ...one(first.job.id, 'failed'),
        ...one(bad.job.id, 'gone'),
        ...one(last.job.id, 'gone'),
      });
      expect(await server.redis.exists(`${base}${bad.job.id}:logs`, `${base}de:once`)).toBe(0);
    }));

  it('of an undo leaves that job where it is, and takes the others back', () =>
    scene(async (place) => {
      const { server, adapter, base, seed } = place;
      const ids = await seed({ state: 'dead' }, { state: 'dead', priority: 4 }, { state: 'dead' });
      const { saved, marks } = await act(opsOf({ adapter }, 'replay'), dead, replay);
      const broken = saved.map((one, n) => (n < 2 ? { ...one, snapshot: { ...one.snapshot, score: 'soon' } } : one));
      const before = await Promise.all(ids.slice(0, 2).map((id) => server.redis.hgetall(`${base}${id}`)));
      const { outcomes } = await putBack(opsOf({ adapter }, 'revert'), broken, true, adapter, marks[0]);
      const [plain = '', lane = '', fine = ''] = ids;
      expect(await places(place, ids)).toEqual({
        ...one(plain, 'wait'),
        ...one(lane, 'prioritized'),
        ...one(fine, 'failed'),
      });
      expect([failedWith(outcomes, plain), failedWith(outcomes, lane), failedWith(outcomes, fine)]).toEqual([
        expect.stringMatching(/float/),
        expect.stringMatching(/float/),
        'done',
      ]);
      const after = await Promise.all(ids.slice(0, 2).map((id) => server.redis.hgetall(`${base}${id}`)));
      expect(after).toEqual(before);
    }));

  it('of the return of a scheduler leaves it paused, with nothing of its run', () =>
    scene(async ({ server: { redis, prefix }, adapter, base, seed }) => {
      await seed();
      const kept = `${prefix}:.jobctl:letters:schedulers`;
      const scheduler = {
        id: 'nightly',
        score: String(Date.now() + 60_000),
        fields: { name: 'tidy', every: '60000', ic: '1' },
        next: { due: 'soon', fields: { name: 'tidy', data: '{}', opts: '{}' } },
      };
      await redis.hset(kept, 'nightly', JSON.stringify(scheduler));
      const ops = requireOps('', 'schedule', adapter.can.schedule ?? none);
      await expect(ops.resume('nightly', 'letters')).rejects.toThrow(/Redis refused the scheduler nightly .*float/);
      expect(await redis.exists(`${base}repeat`, `${base}repeat:nightly`, `${base}delayed`)).toBe(0);
      expect(await redis.keys(`${base}repeat:*`)).toEqual([]);
      expect(await redis.hexists(kept, 'nightly')).toBe(1);
    }));
});

it('a job whose id still stands in line is not put back beside itself', () =>
  scene(async (place) => {
    const { server, adapter, base, seed } = place;
    const [ghost = '', gone = ''] = await seed({ state: 'waiting' }, { state: 'waiting' });
    const { saved } = await act(opsOf({ adapter }, 'remove'), inState('letters', 'waiting'), remove);
    await server.redis.rpush(`${base}wait`, ghost);
    const { outcomes } = await putBack(opsOf({ adapter }, 'restore'), saved, true, adapter);
    expect(told(outcomes)).toEqual([`${ghost}: skipped conflict`, `${gone}: done`]);
    expect((await server.redis.lrange(`${base}wait`, 0, -1)).sort()).toEqual([ghost, gone]);
  }));
