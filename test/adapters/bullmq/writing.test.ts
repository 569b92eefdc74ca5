import { describe, expect, it } from 'vitest';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import type { Action } from '../../../src/domain/action.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { requireOps } from '../../../src/domain/capability.ts';
import { act, all, inState, jobsOf, putBack, replay, times, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { seedJobs } from '../../setup/bullmq-seed.ts';
import { createRedis, type TestRedis } from '../../setup/redis.ts';

const remove: Action = { verb: 'remove' };
const dead = inState('letters', 'dead');

async function scene(work: (server: TestRedis, adapter: QueueAdapter, base: string) => Promise<void>): Promise<void> {
  const server = createRedis('writing');
  const adapter = await openBullmq({ url: server.url, where: 'redis://test', prefix: server.prefix });
  try {
    await work(server, adapter, `${server.prefix}:letters:`);
  } finally {
    await adapter.close();
    await server.drop();
  }
}

describe('a replay', () => {
  it('puts each job into its lane, and those that go last first to the front', () =>
    scene(async ({ redis, ...server }, adapter, base) => {
      const [plain = '', front = '', lane = ''] = await seedJobs({ redis, ...server }, '6', 'letters', [
        { state: 'dead' },
        { state: 'dead' },
        { state: 'dead', priority: 7 },
      ]);
      await seedJobs({ redis, ...server }, '6', 'letters', [{ state: 'waiting' }]);
      await redis.hset(`${base}${front}`, 'opts', '{"attempts":3,"lifo":true}', 'stc', '2', 'defa', 'stalled');
      await act(opsOf({ adapter }, 'replay'), dead, replay);
      expect(await redis.lrange(`${base}wait`, 0, -1)).toEqual([plain, '4', front]);
      expect(await redis.zrange(`${base}prioritized`, '0', '-1')).toEqual([lane]);
      expect(Math.floor(Number(await redis.zscore(`${base}prioritized`, lane)) / 2 ** 32)).toBe(7);
      expect(await redis.hmget(`${base}${front}`, 'stc', 'defa', 'failedReason', 'finishedOn')).toEqual(
        times(4, () => null),
      );
      const events = await redis.xrange(`${base}events`, '-', '+');
      expect(events.map(([, fields]) => fields.slice(1))).toContainEqual(['waiting', 'jobId', plain, 'prev', 'failed']);
    }));

  it('goes where the workers of a paused queue will look when it goes on, in either layout', () =>
    scene(async ({ redis, ...server }, adapter, base) => {
      for (const version of ['5', '6'] as const) {
        await redis.del(`${base}paused`, `${base}wait`, `${base}meta`);
        await seedJobs({ redis, ...server }, version, 'letters', [{ state: 'dead' }]);
        await redis.hset(`${base}meta`, 'paused', '1');
        await act(opsOf({ adapter }, 'replay'), dead, replay);
        const [paused, wait] = [await redis.llen(`${base}paused`), await redis.llen(`${base}wait`)];
        expect([version, paused, wait]).toEqual(version === '5' ? ['5', 1, 0] : ['6', 0, 1]);
        expect(await redis.exists(`${base}marker`)).toBe(0);
      }
    }));

  it('leaves no job of many that died in the same millisecond, while others come and go', () =>
    scene(async (server, adapter, base) => {
      const since = '2026-01-01T00:00:00.000000Z';
      const ids = await seedJobs(
        server,
        '6',
        'letters',
        times(500, (n) => ({ state: 'dead', since, type: n % 2 ? 'odd' : 'even' })),
      );
      const seen: string[] = [];
      const request = { selection: { ...dead, types: ['odd'] }, action: replay, size: 17 };
      for await (const claim of opsOf({ adapter }, 'replay').claim(request)) {
        seen.push(...claim.jobs.map(({ job }) => job.id));
        await claim.apply(claim.jobs);
        await claim.release();
        await server.redis.zrem(`${base}failed`, ids.filter((id) => Number(id) % 2 === 1)[seen.length % 250] ?? '');
      }
      const odd = ids.filter((_, index) => index % 2 === 1);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.sort()).toEqual(odd.sort());
    }));
});

describe('what is taken out of a long list', () => {
  it('goes in short steps, from either end and from the middle', { timeout: 60_000 }, () =>
    scene(async ({ redis, ...server }, adapter, base) => {
      const chosen = await seedJobs(
        { redis, ...server },
        '6',
        'letters',
        times(300, () => ({ state: 'waiting', type: 'old' })),
      );
      const filler = times(450_000, (n) => `x${n}`);
      for (let at = 0; at < filler.length; at += 5000) {
        // the chosen ones stand in the middle, and a few of them at either end
        await redis[at < 225_000 ? 'rpush' : 'lpush'](`${base}wait`, ...filler.slice(at, at + 5000));
      }
      for (const id of chosen.slice(0, 4)) {
        await redis.lrem(`${base}wait`, 1, id);
        await redis.rpush(`${base}wait`, id);
      }
      await redis.config('SET', 'slowlog-log-slower-than', '0');
      const found = await act(opsOf({ adapter }, 'remove'), { ...inState('letters', 'waiting'), ids: chosen }, remove, {
        size: 100,
      });
      expect(told(found.outcomes)).toEqual(all(chosen, 'done'));
      expect(await redis.llen(`${base}wait`)).toBe(450_000);
      expect(await redis.lpos(`${base}wait`, 'taken', 'MAXLEN', 1000)).toBeNull();
      await putBack(opsOf({ adapter }, 'restore'), found.saved, true, adapter);
      expect(await redis.llen(`${base}wait`)).toBe(450_300);
    }),
  );

  it('is walked to its end while workers take from it', () =>
    scene(async ({ redis, ...server }, adapter, base) => {
      const ids = await seedJobs(
        { redis, ...server },
        '6',
        'letters',
        times(600, (n) => ({ state: 'waiting', type: n % 3 ? 'keep' : 'old' })),
      );
      const taken = new Set<string>();
      const removed: string[] = [];
      const request = { selection: { ...inState('letters', 'waiting'), types: ['old'] }, action: remove, size: 10 };
      for await (const claim of opsOf({ adapter }, 'remove').claim(request)) {
        const outcomes = await claim.apply(claim.jobs);
        removed.push(...outcomes.filter(({ result }) => result === 'done').map(({ ref }) => ref.id));
        await claim.release();
        for (let n = 0; n < 7; n += 1) taken.add((await redis.rpoplpush(`${base}wait`, `${base}active`)) ?? '');
        await seedJobs({ redis, ...server }, '6', 'letters', [{ state: 'waiting', type: 'keep' }]);
      }
      const old = ids.filter((id, index) => index % 3 === 0 && !taken.has(id));
      expect(removed.filter((id) => !taken.has(id)).sort()).toEqual(old.sort());
    }));
});

describe('a backup', () => {
  it('brings back bytes that are no text, logs, and an id counter that is high enough', () =>
    scene(async ({ redis, ...server }, adapter, base) => {
      const [id = ''] = await seedJobs({ redis, ...server }, '5', 'letters', [{ state: 'dead', id: '4711' }]);
      const bytes = Buffer.from([0x22, 0xff, 0x00, 0xfe, 0x22]);
      await redis.hset(`${base}${id}`, 'data', bytes);
      await redis.hset(`${base}${id}`, Buffer.from([0xc3, 0x28]), bytes);
      await redis.hset(`${base}${id}`, '__proto__', 'x');
      await redis.rpush(`${base}${id}:logs`, 'first', bytes);
      const before = await server.dump();
      const { saved } = await act(opsOf({ adapter }, 'remove'), dead, remove);
      expect(await redis.exists(`${base}${id}`, `${base}${id}:logs`)).toBe(0);
      await redis.set(`${base}id`, '7');
      await putBack(opsOf({ adapter }, 'restore'), saved, false, adapter);
      const counter = await redis.get(`${base}id`);
      expect(counter).toBe('4711');
      const told = (text: string): string => text.replace(/^.*:id .*$/m, '');
      expect(told(await server.dump())).toBe(told(before));
    }));

  it('is what is removed: a job that was changed since it was saved stays', () =>
    scene(async (server, adapter, base) => {
      const [id = ''] = await seedJobs(server, '6', 'letters', [{ state: 'dead' }, { state: 'dead' }]);
      for await (const claim of opsOf({ adapter }, 'remove').claim({ selection: dead, action: remove, size: 5 })) {
        await server.redis.hset(`${base}${id}`, 'data', '{"new":1}');
        expect(told(await claim.apply(claim.jobs))).toEqual([`${id}: skipped state-changed`, '2: done']);
        await claim.release();
      }
    }));
});

describe('the lock', () => {
  it('is looked at by every write: who has lost it writes nothing', () =>
    scene(async (server, adapter) => {
      await seedJobs(server, '6', 'letters', [{ state: 'dead' }]);
      const lock = await requireOps('', 'lock', adapter.can.lock).acquire({
        queues: ['letters'],
        holder: 'run 1',
        waitMs: 0,
      });
      const claims = opsOf({ adapter }, 'replay').claim({ selection: dead, action: replay, size: 5 });
      for await (const claim of claims) {
        await server.redis.set(`${server.prefix}:.jobctl:letters:lock`, 'of another');
        const before = await server.dump();
        await expect(claim.apply(claim.jobs)).rejects.toMatchObject({ code: 'JOBCTL_LOCKED' });
        expect(lock.lost.aborted).toBe(true);
        expect(await server.dump()).toBe(before);
        await claim.release();
      }
    }));

  it('of a process of this machine that is no more is taken at once', () =>
    scene(async (server, adapter) => {
      const ops = requireOps('', 'lock', adapter.can.lock);
      const request = { queues: ['letters'], holder: 'run 1', waitMs: 0 };
      const key = `${server.prefix}:.jobctl:letters:lock`;
      const lock = await ops.acquire(request);
      const held = (await server.redis.get(key)) ?? '';
      await lock.release();
      const gone = JSON.stringify({ ...JSON.parse(held), pid: 2 ** 22 + 1 });
      await server.redis.set(key, gone);
      await (await ops.acquire(request)).release();
      await server.redis.set(key, gone.replace('"on":"', '"on":"elsewhere '));
      await expect(ops.acquire(request)).rejects.toMatchObject({ code: 'JOBCTL_LOCKED' });
    }));
});

describe('a pause', () => {
  it.each(['5', '6'] as const)('and the end of it lose no job of layout v%s', (version) =>
    scene(async ({ redis, ...server }, adapter, base) => {
      if (adapter.can.pause === undefined) throw new Error('no pause');
      const ops = requireOps('', 'pause', adapter.can.pause);
      await seedJobs({ redis, ...server }, version, 'letters', [
        { state: 'waiting' },
        { state: 'waiting', priority: 2 },
      ]);
      expect(await ops.pause('letters')).toMatchObject({ paused: true });
      expect(await redis.llen(`${base}${version === '5' ? 'paused' : 'wait'}`)).toBe(1);
      expect(await ops.pause('letters')).toMatchObject({ paused: true });
      await redis.lpush(`${base}wait`, ...times(12_000, (n) => `w${n}`));
      await redis.lpush(`${base}paused`, ...times(12_000, (n) => `p${n}`));
      const there = (await redis.llen(`${base}wait`)) + (await redis.llen(`${base}paused`));
      expect(await ops.resume('letters')).toMatchObject({ paused: false });
      expect([await redis.llen(`${base}wait`), await redis.llen(`${base}paused`)]).toEqual([there, 0]);
      expect(await redis.zscore(`${base}marker`, '0')).toBe('0');
    }),
  );
});

it('jobs are added as the library adds them', () =>
  scene(async (server, adapter, base) => {
    if (adapter.can.enqueue === undefined) throw new Error('no enqueue');
    const ops = requireOps('', 'enqueue', adapter.can.enqueue);
    await server.redis.hset(`${base}meta`, 'version', 'bullmq:6.7.0');
    const told = await ops.enqueue('letters', [
      { type: 'mail', payload: '{"n":1}', key: 'once', maxAttempts: 3 },
      { type: 'mail', payload: '{"n":2}', key: 'once' },
      { type: 'mail', payload: '{"n":3}', priority: 4 },
      { type: 'mail', payload: '{"n":4}', delaySeconds: 3600 },
      { type: 'mail', payload: 'no json' },
    ]);
    expect(told.map(({ result }) => result)).toEqual(['done', 'duplicate', 'done', 'done', 'failed']);
    const jobs = await jobsOf(adapter, 'letters');
    expect([...jobs.values()].map(({ state, priority, maxAttempts }) => [state, priority, maxAttempts])).toEqual([
      ['waiting', 0, 3],
      ['waiting', 4, 1],
      ['delayed', 0, 1],
    ]);
  }));

it('queues of older layouts are only read', () =>
  scene(async ({ redis }, adapter, base) => {
    await redis.hset(`${base}1`, {
      name: 'mail',
      data: '{}',
      opts: '{}',
      attemptsMade: '3',
      finishedOn: '5',
      failedReason: 'x',
    });
    await redis.zadd(`${base}failed`, 5, '1');
    await redis.hset(`${base}meta`, 'version', 'bullmq:4.18.3');
    await expect(act(opsOf({ adapter }, 'replay'), dead, replay)).rejects.toMatchObject({ code: 'JOBCTL_UNSUPPORTED' });
  }));
