import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import { keysOf, type QueueKeys } from '../../../src/adapters/bullmq/keys.ts';
import { layoutOf } from '../../../src/adapters/bullmq/layout.ts';
import { readJobs } from '../../../src/adapters/bullmq/page.ts';
import { type StateSet, stateSets } from '../../../src/adapters/bullmq/sets.ts';
import { walk } from '../../../src/adapters/bullmq/walk.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { browseAll, inState, times, whole } from '../../../src/testkit/act.ts';
import { seedJobs } from '../../setup/bullmq-seed.ts';
import { createRedis, type TestRedis } from '../../setup/redis.ts';

let server: TestRedis;
let adapter: QueueAdapter;
let keys: QueueKeys;
beforeEach(async () => {
  server = createRedis('odd');
  keys = keysOf(server.prefix, 'mail');
  adapter = await openBullmq({ url: server.url, where: 'redis://test', prefix: server.prefix });
});
afterEach(async () => {
  await adapter.close();
  await server.drop();
});
const setOf = (native: string) => stateSets.find((set) => set.native === native) as StateSet;

describe('a layout is told by what lies there', () => {
  const job = (counter: string) => ({
    name: 'a',
    data: '{}',
    opts: '{}',
    timestamp: '1',
    finishedOn: '1',
    [counter]: '2',
  });
  const cases: Record<string, [name: string, fill: () => Promise<unknown>]> = {
    'classic Bull': ['bull', () => server.redis.zadd(keys.failed, 1, '7')],
    'classic Bull, paused': ['bull', () => server.redis.set(keys.metaPaused, '1')],
    'v3 by its priorities': [
      'v3',
      () =>
        server.redis.hset(keys.meta, 'version', 'bullmq:6.7.0').then(() => server.redis.zadd(keys.priority, 1, '7')),
    ],
    'v4 by its marks': [
      'v4',
      () => server.redis.hset(keys.meta, 'version', 'bullmq:6.7.0').then(() => server.redis.lpush(keys.wait, '0:0')),
    ],
    'v5 by its paused jobs, whoever came last': [
      'v5',
      () => server.redis.hset(keys.meta, 'version', 'bullmq:6.7.0').then(() => server.redis.lpush(keys.paused, '7')),
    ],
    'v6 where nothing older is there': ['v6', () => server.redis.hset(keys.meta, 'version', 'bullmq:6.7.0')],
  };
  for (const [name, [wanted, fill]] of Object.entries(cases)) {
    it(name, async () => {
      await server.redis.hset(keys.job('7'), job(wanted === 'bull' ? 'attemptsMade' : 'atm'));
      await fill();
      expect(await layoutOf(await server.connect(), keys)).toMatchObject({ name: wanted, exists: true });
    });
  }
  it('an empty name is no queue', async () => {
    expect((await layoutOf(await server.connect(), keys)).exists).toBe(false);
    expect(await adapter.queueNamed?.('mail')).toBeUndefined();
    expect(await adapter.stats({ queues: ['mail'] })).toEqual([]);
  });
});

it('takes the marks of v4 for no jobs', async () => {
  await seedJobs(server, '5', 'mail', [{ state: 'waiting' }, { state: 'waiting' }]);
  await server.redis.rpush(keys.wait, '0:1700000000000');
  expect((await adapter.stats({}))[0]).toMatchObject({ counts: { waiting: 2 } });
  expect(await adapter.count(inState('mail', 'waiting'))).toEqual({ value: 2, exact: true });
  expect(await browseAll(adapter, whole('mail'))).toHaveLength(2);
});

it('shows an id whose job is gone, and a job that stands nowhere', async () => {
  const [lost = '', kept = ''] = await seedJobs(server, '6', 'mail', [{ state: 'dead' }, { state: 'dead' }]);
  await server.redis.del(keys.job(lost));
  await server.redis.zrem(keys.failed, kept);
  expect((await browseAll(adapter, inState('mail', 'dead'))).map(({ id, type }) => [id, type])).toEqual([[lost, '']]);
  expect((await adapter.find(lost, 'mail'))?.notes[0]).toMatch(/what it was is gone/);
  expect((await adapter.find(kept, 'mail'))?.job).toMatchObject({ state: 'blocked', native: 'orphaned' });
});

it('keeps every byte of a job', async () => {
  await seedJobs(server, '6', 'mail', [{ state: 'dead', id: 'a:b' }]);
  const odd = Buffer.from([0, 255, 128, 13, 10]);
  await server.redis.hset(keys.job('a:b'), Buffer.from([0xff, 0x41]) as never, odd, 'data', odd);
  const [found] = await readJobs(
    await server.connect(),
    keys,
    setOf('failed'),
    [{ id: 'a:b', score: Number(await server.redis.zscore(keys.failed, 'a:b')) }],
    'whole',
  );
  expect(found?.fields.get('ÿA')).toEqual(odd);
  expect(found?.fields.get('data')).toEqual(odd);
});

it('names one job where its id is unique, and asks for the queue where it is not', async () => {
  await seedJobs(server, '6', 'mail', [{ state: 'dead', id: '5' }]);
  expect((await adapter.find('5'))?.job.queue).toBe('mail');
  await seedJobs(server, '6', 'parcels', [{ state: 'waiting', id: '5' }]);
  await expect(adapter.find('5')).rejects.toMatchObject({ code: 'JOBCTL_USAGE', message: /mail, parcels/ });
  expect((await adapter.find('5', 'parcels'))?.job.state).toBe('waiting');
  for (const name of ['meta', 'failed', 'wait', 'repeat', 'id', ''])
    expect(await adapter.find(name, 'mail')).toBeUndefined();
});

describe('a walk misses nothing that stays, and yields nothing twice, while workers take and add', () => {
  for (const order of ['oldest', 'newest'] as const) {
    it(`a list, ${order} first`, async () => {
      const ids = times(5000, (index) => `j${index}`);
      await server.redis.lpush(keys.wait, ...ids);
      const gone = new Set<string>();
      const seen: string[] = [];
      let added = 0;
      for await (const entries of walk(await server.connect(), {
        set: setOf('wait'),
        key: keys.wait,
        order,
        size: 300,
      })) {
        seen.push(...entries.map(({ id }) => id));
        for (const id of (await server.redis.rpop(keys.wait, 350)) ?? []) gone.add(id);
        await server.redis.lpush(keys.wait, ...times(40, () => `new${added++}`));
        const some = entries[Math.floor(entries.length / 2)]?.id ?? '';
        if ((await server.redis.lrem(keys.wait, 1, some)) > 0) gone.add(some);
      }
      expect(new Set(seen).size).toBe(seen.length);
      const met = new Set(seen);
      expect(ids.filter((id) => !gone.has(id) && !met.has(id))).toEqual([]);
    });

    it(`a sorted set with many of one moment, ${order} first`, async () => {
      const ids = times(3000, (index) => `j${index}`);
      await server.redis.zadd(keys.failed, ...ids.flatMap((id, index) => [index < 1500 ? 7 : index, id]));
      const gone = new Set<string>();
      const seen: string[] = [];
      for await (const entries of walk(await server.connect(), {
        set: setOf('failed'),
        key: keys.failed,
        order,
        size: 100,
      })) {
        seen.push(...entries.map(({ id }) => id));
        for (const { id } of entries.slice(0, 30)) if ((await server.redis.zrem(keys.failed, id)) > 0) gone.add(id);
      }
      expect(new Set(seen).size).toBe(seen.length);
      const met = new Set(seen);
      expect(ids.filter((id) => !gone.has(id) && !met.has(id))).toEqual([]);
    });
  }
});
