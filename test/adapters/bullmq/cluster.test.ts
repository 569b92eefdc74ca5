import { Cluster } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import { requireOps } from '../../../src/domain/capability.ts';
import { browseAll, inState } from '../../../src/testkit/act.ts';
import { seedJobs } from '../../setup/bullmq-seed.ts';
import { type RedisCluster, startCluster } from '../../setup/redis-cluster.ts';

let cluster: RedisCluster;
let redis: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
  redis = new Cluster([{ host: '127.0.0.1', port: cluster.nodes[0]?.port ?? 0 }]);
});
afterAll(async () => {
  redis.disconnect();
  await cluster.stop();
});

it('finds the queues of all masters and reads those of several at once', async () => {
  const queues = ['mail', 'parcels', 'letters', 'cards'].map((name) => `{${name}}`);
  for (const [index, queue] of queues.entries()) {
    const jobs = Array.from({ length: index + 1 }, () => ({ state: 'dead', error: 'x' }) as const);
    await seedJobs({ redis: oneByOne(), prefix: 'bull' }, '6', queue, jobs);
  }
  const adapter = await openBullmq({ url: cluster.url, where: 'redis://test' });
  expect((await adapter.queues()).map(({ queue }) => queue)).toEqual(queues.toSorted());
  const dead = (await adapter.stats({ queues })).map(({ queue, counts }) => [queue, counts.dead]);
  expect(dead).toEqual(queues.map((queue, index) => [queue, index + 1]));
  expect(await browseAll(adapter, inState('{cards}', 'dead'), { size: 3 })).toHaveLength(4);
  expect(await adapter.count({ queues, states: ['dead'] })).toEqual({ value: 10, exact: true });
  expect((await adapter.find('1', '{mail}'))?.job).toMatchObject({ queue: '{mail}', state: 'dead' });
  expect(await adapter.schedules?.()).toEqual([]);
  const due = String(Date.now() + 60_000);
  await redis.zadd('bull:{mail}:repeat', due, 'often');
  await redis.hset('bull:{mail}:repeat:often', { name: 'poll', every: '60000', ic: '1' });
  const schedule = requireOps('bullmq', 'schedule', adapter.can.schedule ?? { level: 'none', why: 'missing' });
  expect(await schedule.pause('often', '{mail}')).toMatchObject({ paused: true });
  expect(await schedule.resume('often', '{mail}')).toMatchObject({ paused: false });
  expect(await redis.zrange('bull:{mail}:delayed', '0', '-1')).toEqual([`repeat:often:${due}`]);
  await adapter.close();
});

it('says that a node of a cluster was named as a single server', async () => {
  const opening = openBullmq({ url: cluster.nodes[1]?.url ?? '', where: 'redis://test' });
  await expect(opening).rejects.toMatchObject({
    code: 'JOBCTL_USAGE',
    next: [expect.stringContaining('cluster=true')],
  });
});

it('says so when a slot is served by nobody', async () => {
  const adapter = await openBullmq({ url: cluster.url, where: 'redis://test', timeoutMs: 8000 });
  const [node] = cluster.nodes;
  await redis
    .nodes('master')
    .find(({ options }) => options.port === node?.port)
    ?.call('CLUSTER', 'DELSLOTS', '5061');
  await expect(adapter.count({ queues: ['bar'], states: ['dead'] })).rejects.toMatchObject({
    code: expect.stringMatching(/JOBCTL_(UNREACHABLE|TIMEOUT)/),
  });
  await adapter.close();
});

/** The seeds go out in a pipeline, which a cluster takes for one slot only. */
function oneByOne(): never {
  const pipeline = () => {
    const sent: Promise<unknown>[] = [];
    const wrapped: unknown = new Proxy(
      { exec: async () => (await Promise.all(sent)).map((reply) => [null, reply]) },
      {
        get: (own, name) =>
          name in own
            ? own[name as 'exec']
            : (...args: unknown[]) => {
                sent.push(
                  (redis as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[String(name)]?.(
                    ...args,
                  ) as Promise<unknown>,
                );
                return wrapped;
              },
      },
    );
    return wrapped;
  };
  return new Proxy(redis, { get: (to, name) => (name === 'pipeline' ? pipeline : bound(to, name)) }) as never;
}

const bound = (to: object, name: string | symbol): unknown => {
  const value = Reflect.get(to, name) as unknown;
  return typeof value === 'function' ? value.bind(to) : value;
};
