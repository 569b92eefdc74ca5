import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../../src/demo/redis-server.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import { times } from '../../src/testkit/act.ts';
import { type Apply, aroundApply } from '../operations/faulty.ts';
import { until } from '../setup/bullmq.ts';
import { seedJobs } from '../setup/bullmq-seed.ts';
import { startTcpProxy, type TcpProxy } from '../setup/tcp-proxy.ts';
import { carryOut, type Order, openAt, worldOf } from './carry-out.ts';
import { expectSoundBackup } from './scene.ts';

const JOBS = 18;
const BATCH = 6;

let server: RedisServer;
let proxy: TcpProxy;
let redis: Redis;
let folder: string;
let ids: string[];
let count = 0;

beforeAll(async () => {
  server = await startRedis();
  proxy = await startTcpProxy(server.port);
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  folder = await mkdtemp(join(tmpdir(), 'jobctl-redis-faults-'));
});
afterAll(async () => {
  redis.disconnect();
  await proxy.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  count += 1;
  await redis.flushall();
  const jobs = times(JOBS, () => ({ state: 'dead', attempts: 3 }) as const);
  ids = await seedJobs({ redis, prefix: 'bull' }, '6', 'mail', jobs);
});

async function carry(order: Order, wrap?: (apply: Apply, number: number) => Apply, port = server.port) {
  const adapter: QueueAdapter = await openAt(`redis://127.0.0.1:${port}`);
  const wrapped = wrap === undefined ? adapter : aroundApply(adapter, wrap);
  try {
    return await carryOut(worldOf(wrapped, join(folder, String(count)), { batch: BATCH }), order);
  } finally {
    await adapter.close();
  }
}

/** Where each job stands; in two lists or in none it would be there twice, or missing. */
async function standing(): Promise<string[]> {
  const [wait, failed] = [
    await redis.lrange('bull:mail:wait', 0, -1),
    await redis.zrange('bull:mail:failed', '0', '-1'),
  ];
  return [...wait, ...failed].sort();
}

const order: Order = { verb: 'replay', queue: 'mail' };

async function expectResumed(run: string | undefined): Promise<void> {
  expect(await standing()).toEqual(ids.toSorted());
  const again = await carry({ verb: 'resume', run: run ?? '' });
  expect(again).toMatchObject({ complete: true, outcomes: { done: JOBS, skipped: 0, failed: 0, unknown: 0 } });
  expect((await redis.lrange('bull:mail:wait', 0, -1)).sort()).toEqual(ids.toSorted());
  expect(await redis.zcard('bull:mail:failed')).toBe(0);
  await expectSoundBackup(join(folder, String(count)), run ?? '');
}

interface Trouble {
  readonly begins: () => Promise<unknown>;
  readonly ends: () => Promise<unknown>;
  readonly words: RegExp;
}

const troubles: Record<string, Trouble> = {
  'memory runs out under noeviction': {
    begins: () => redis.config('SET', 'maxmemory', '1'),
    ends: () => redis.config('SET', 'maxmemory', '0'),
    words: /has reached maxmemory and takes no writes/,
  },
  'the primary becomes a replica': {
    begins: () => redis.replicaof('127.0.0.1', 1),
    ends: () => redis.replicaof('NO', 'ONE'),
    words: /is a read-only replica/,
  },
  'a script of another keeps it busy': {
    async begins() {
      await redis.config('SET', 'busy-reply-threshold', '1');
      const other = new Redis(server.url, { enableReadyCheck: false });
      other.eval('while true do end', 0).then(
        () => other.disconnect(),
        () => other.disconnect(),
      );
      await until('it is busy', () =>
        redis.ping().then(
          () => false,
          () => true,
        ),
      );
    },
    async ends() {
      await redis.script('KILL');
      await until('it is over', () =>
        redis.ping().then(
          () => true,
          () => false,
        ),
      );
    },
    words: /a script of another client keeps .* busy/,
  },
};

describe('a server that refuses from the second batch on', () => {
  it.each(Object.entries(troubles))('because %s: the run stops, and resume does each job once', async (_, trouble) => {
    let again: Promise<unknown> | undefined;
    const report = await carry(order, (apply, number) => async (jobs) => {
      if (number === 2) await trouble.begins();
      try {
        return await apply(jobs);
      } finally {
        if (number === 2) again = trouble.ends();
      }
    });
    await again;
    expect(report).toMatchObject({ complete: false, outcomes: { done: BATCH, failed: 0, unknown: BATCH } });
    expect(report.stopped).toMatch(trouble.words);
    expect(report.next.join()).toMatch(/run resume/);
    await expectResumed(report.run);
  });

  it('takes a purge all the same where it is memory that is missing, because that frees some', async () => {
    await redis.config('SET', 'maxmemory', '1');
    const report = await carry({ verb: 'purge', queue: 'mail' }).finally(() => redis.config('SET', 'maxmemory', '0'));
    expect(report).toMatchObject({ complete: true, outcomes: { done: JOBS } });
    expect(await redis.exists(...ids.map((id) => `bull:mail:${id}`))).toBe(0);
  });
});

describe('a connection that is cut in the middle of a run', () => {
  it.each(['before', 'after'] as const)('%s a batch was written: outcome unknown, settled by resume', async (when) => {
    const report = await carry(
      order,
      (apply, number) => async (jobs) => {
        if (number === 2 && when === 'before') proxy.cut();
        if (number === 2 && when === 'after') proxy.loseNextAnswer();
        return await apply(jobs);
      },
      proxy.port,
    );
    expect(report).toMatchObject({ complete: false, outcomes: { done: BATCH, failed: 0, unknown: BATCH } });
    expect(report.stopped).toMatch(/lost the connection/);
    expect(await redis.llen('bull:mail:wait')).toBe(when === 'before' ? BATCH : 2 * BATCH);
    await expectResumed(report.run);
  });
});
