import { Cluster, type Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import type { Action } from '../../../src/domain/action.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { requireOps } from '../../../src/domain/capability.ts';
import { act, all, browseAll, inState, putBack, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
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

const dead = (queue: string) => inState(queue, 'dead');
const remove: Action = { verb: 'remove' };
const none = { level: 'none', why: 'missing' } as const;

async function withAdapter(
  work: (adapter: QueueAdapter) => Promise<void>,
  more: Partial<Parameters<typeof openBullmq>[0]> = {},
): Promise<void> {
  const adapter = await openBullmq({ url: cluster.url, where: 'redis://test', prefix: '{jobs}', ...more });
  try {
    await work(adapter);
  } finally {
    await adapter.close();
  }
}

it('writes to queues of one slot: replay, undo, purge, restore, enqueue, pause, under a lock', () =>
  withAdapter(async (adapter) => {
    const ids = await seedJobs({ redis: oneByOne(), prefix: '{jobs}' }, '6', 'writes', [
      { state: 'dead' },
      { state: 'dead', priority: 2 },
    ]);
    const lock = await requireOps('', 'lock', adapter.can.lock).acquire({
      queues: ['writes'],
      holder: 'me',
      waitMs: 0,
    });
    const replayed = await act(opsOf({ adapter }, 'replay'), dead('writes'), replay);
    expect(told(replayed.outcomes)).toEqual(all(ids, 'done'));
    const undone = await putBack(opsOf({ adapter }, 'revert'), replayed.saved, true, adapter, replayed.marks[0]);
    expect(told(undone.outcomes)).toEqual(all(ids, 'done'));
    const purged = await act(opsOf({ adapter }, 'remove'), dead('writes'), remove);
    expect(told(purged.outcomes)).toEqual(all(ids, 'done'));
    expect(await redis.exists(...ids.map((id) => `{jobs}:writes:${id}`))).toBe(0);
    const restored = await putBack(opsOf({ adapter }, 'restore'), purged.saved, false, adapter);
    expect(told(restored.outcomes)).toEqual(all(ids, 'done'));
    expect(await redis.zcard('{jobs}:writes:failed')).toBe(2);
    const added = await requireOps('', 'enqueue', adapter.can.enqueue ?? none).enqueue('writes', [
      { type: 'mail', payload: '{}' },
    ]);
    expect(added).toMatchObject([{ result: 'done', ref: { id: '3' } }]);
    const pauses = requireOps('', 'pause', adapter.can.pause ?? none);
    expect(await pauses.pause('writes')).toMatchObject({ paused: true });
    expect(await pauses.resume('writes')).toMatchObject({ paused: false });
    await lock.release();
  }));

it('refuses a queue whose keys lie in several slots, and says why', () =>
  withAdapter(
    async (adapter) => {
      await seedJobs({ redis: oneByOne(), prefix: 'plain' }, '6', 'mail', [{ state: 'dead' }]);
      const refused = { code: 'JOBCTL_UNSUPPORTED', message: expect.stringMatching(/several slots .* braces/) };
      await expect(act(opsOf({ adapter }, 'replay'), dead('mail'), replay)).rejects.toMatchObject(refused);
      const adding = requireOps('', 'enqueue', adapter.can.enqueue ?? none);
      await expect(adding.enqueue('mail', [{ type: 'x', payload: '{}' }])).rejects.toMatchObject(refused);
      await expect(adapter.stats({ queues: ['mail'] })).rejects.toMatchObject({ code: 'JOBCTL_UNSUPPORTED' });
    },
    { prefix: 'plain' },
  ));

it.each([
  ['in one step', '{apart}', 'mail', 'dlq'],
  ['in two where the slots differ', 'apart', '{mail}', '{dlq}'],
] as const)('replays from a dead-letter queue, %s, and settles what broke off', (how, prefix, mail, dlq) =>
  withAdapter(
    async (adapter) => {
      await seedJobs({ redis: oneByOne(), prefix }, '6', mail, []);
      const ids = await seedJobs({ redis: oneByOne(), prefix }, '6', dlq, [
        { state: 'waiting', payload: '{"n":1}' },
        { state: 'waiting', payload: '{"n":2}' },
      ]);
      const ops = opsOf({ adapter }, 'replay');
      for await (const claim of ops.claim({ selection: dead(mail), action: replay, size: 5 })) {
        const { jobs, mark } = claim;
        const broken = claim.apply(jobs, () => Promise.reject(new Error('the disk is full')));
        await expect(broken).rejects.toThrow('the disk is full');
        await claim.release();
        expect(await redis.llen(`${prefix}:${mail}:wait`)).toBe(2);
        expect(await redis.llen(`${prefix}:${dlq}:wait`)).toBe(how === 'in one step' ? 0 : 2);
        const settled = await ops.settle({ action: 'replay', mark, jobs });
        expect(told(settled)).toEqual(ids.map((id) => `${dlq}:${id}: done`));
      }
      expect(await redis.exists(`${prefix}:${dlq}:wait`, `${prefix}:${dlq}:${ids[0]}`)).toBe(0);
      const again = await act(ops, dead(mail), replay);
      expect([again.outcomes, await redis.llen(`${prefix}:${mail}:wait`)]).toEqual([[], 2]);
      await seedJobs({ redis: oneByOne(), prefix }, '6', dlq, [{ state: 'waiting', payload: '{"n":3}' }]);
      const whole = await act(ops, dead(mail), replay);
      expect(whole.outcomes).toMatchObject([{ result: 'done' }]);
      expect([await redis.llen(`${prefix}:${mail}:wait`), await redis.exists(`${prefix}:${dlq}:wait`)]).toEqual([3, 0]);
    },
    { prefix, deadLetters: { [mail]: { queue: dlq } } },
  ),
);

it('follows a slot to another node in the middle of a run, and says so when no node has it', () =>
  withAdapter(async (adapter) => {
    const names = ['{jobs}:moved:', '{jobs}:moved:failed'];
    const [slot = 0, same] = await Promise.all(names.map((name) => redis.cluster('KEYSLOT', name)));
    expect(same).toBe(slot);
    await seedJobs({ redis: oneByOne(), prefix: '{jobs}' }, '6', 'moved', [{ state: 'dead' }, { state: 'dead' }]);
    let batch = 0;
    for await (const claim of opsOf({ adapter }, 'replay').claim({
      selection: dead('moved'),
      action: replay,
      size: 1,
    })) {
      batch += 1;
      await (batch === 1 ? moveSlot(slot) : loseSlot(slot));
      const written = claim.apply(claim.jobs);
      if (batch === 1) expect(await written).toMatchObject([{ result: 'done' }]);
      else await expect(written).rejects.toThrow(/sent every request on to another node/);
      await claim.release().catch(() => {});
      if (batch === 2) break;
    }
    expect(batch).toBe(2);
  }));

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

async function mastersOf(slot: number): Promise<{ from: Redis; to: Redis; rest: Redis[]; ids: Map<Redis, string> }> {
  const masters = redis.nodes('master');
  const ids = new Map<Redis, string>();
  for (const node of masters) ids.set(node, String(await node.cluster('MYID')));
  const slots = (await masters[0]?.cluster('SLOTS')) as unknown as [number, number, [string, number, string]][];
  const owner = slots.find(([first, last]) => first <= slot && slot <= last)?.[2][2];
  const from = masters.find((node) => ids.get(node) === owner) as Redis;
  const [to, ...rest] = masters.filter((node) => node !== from) as [Redis, ...Redis[]];
  return { from, to, rest, ids };
}

/** As an operator moves a slot, with all its keys. */
async function moveSlot(slot: number): Promise<void> {
  const { from, to, rest, ids } = await mastersOf(slot);
  await to.cluster('SETSLOT', slot, 'IMPORTING', ids.get(from) ?? '');
  await from.cluster('SETSLOT', slot, 'MIGRATING', ids.get(to) ?? '');
  const keys = (await from.cluster('GETKEYSINSLOT', slot, 1000)) as string[];
  await from.call('MIGRATE', '127.0.0.1', String(to.options.port), '', '0', '5000', 'KEYS', ...keys);
  for (const node of [to, from, ...rest]) await node.cluster('SETSLOT', slot, 'NODE', ids.get(to) ?? '');
}

/** Each node says that another one has it. */
async function loseSlot(slot: number): Promise<void> {
  const { from, to, rest, ids } = await mastersOf(slot);
  const all = [from, to, ...rest];
  await from.flushall();
  for (const [index, node] of all.entries())
    await node.cluster('SETSLOT', slot, 'NODE', ids.get(all[(index + 1) % all.length] as Redis) ?? '');
}

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
