import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openConnection } from '../../../src/adapters/bullmq/connection.ts';
import { toJobctlError } from '../../../src/adapters/bullmq/errors.ts';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import { targetOf } from '../../../src/adapters/bullmq/target.ts';
import { type RedisServer, startRedis } from '../../../src/demo/redis-server.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { JobctlError } from '../../../src/domain/errors.ts';
import { act, browseAll, inState, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { seedJobs } from '../../setup/bullmq-seed.ts';

const where = 'redis://test';
const connect = (url: string, timeoutMs = 5000) => openConnection({ url, where, timeoutMs });

const sockets = new Set<Socket>();
const mute = createServer((socket) => sockets.add(socket.on('error', () => {})));
const http = createHttpServer((_request, response) => response.end('hello'));
let guarded: RedisServer;
let careless: RedisServer;

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return (server.address() as AddressInfo).port;
};

beforeAll(async () => {
  [guarded, careless] = await Promise.all([
    startRedis({ settings: { requirepass: 'open sesame' } }),
    startRedis({ settings: { 'maxmemory-policy': 'allkeys-lru' } }),
  ]);
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  mute.close();
  http.close();
  await Promise.all([guarded.stop(), careless.stop()]);
});

describe('a server that cannot be used says why at once, and what to do', () => {
  const cases: Record<string, [url: () => string | Promise<string>, code: string, message: RegExp]> = {
    'nothing there': [() => 'redis://127.0.0.1:9', 'UNREACHABLE', /nothing listens/],
    'no such host': [() => 'redis://nowhere.invalid', 'UNREACHABLE', /host .* not known/],
    'not a Redis': [async () => `redis://127.0.0.1:${await listening(http)}`, 'UNREACHABLE', /not a Redis server/],
    'no password given': [() => guarded.url, 'UNREACHABLE', /wants a password/],
    'a wrong password': [() => guarded.url.replace('//', '//:nope@'), 'UNREACHABLE', /refused the user name or/],
    'a wrong user': [() => guarded.url.replace('//', '//ada:open%20sesame@'), 'UNREACHABLE', /refused the user/],
    'no such database': [() => `${careless.url}/99`, 'USAGE', /no database of that number/],
    'no cluster': [() => `${careless.url}/?cluster=true`, 'USAGE', /no Redis Cluster/],
    'no Sentinel': [() => `${careless.url}/?sentinel=main`, 'UNREACHABLE', /no Sentinel/],
    'a database that is a word': [() => `${careless.url}/main`, 'USAGE', /database that is not a number/],
  };
  for (const [name, [url, code, message]] of Object.entries(cases)) {
    it(name, async () => {
      const begun = performance.now();
      const refused = await connect(await url()).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refused).toMatchObject({ code: `JOBCTL_${code}`, message: expect.stringMatching(message) });
      expect((refused as { next: string[] }).next.length).toBeGreaterThan(0);
      expect(performance.now() - begun).toBeLessThan(4000);
    });
  }

  it('one that accepts and never answers, as a single server, as a cluster and over TLS', async () => {
    const port = await listening(mute);
    for (const url of [
      `redis://127.0.0.1:${port}`,
      `redis://127.0.0.1:${port}/?cluster=true`,
      `rediss://127.0.0.1:${port}`,
    ])
      await expect(connect(url, 300), url).rejects.toMatchObject({ code: 'JOBCTL_TIMEOUT' });
  });
});

it('takes a password with any sign, a user and a database', async () => {
  const connection = await connect(`redis://default:open%20sesame@127.0.0.1:${guarded.port}/3`);
  expect(String((await connection.many([['CLIENT', 'INFO']]))[0])).toMatch(/ db=3 /);
  await connection.close();
});

it('warns of a server that drops keys when memory is short, and of parameters without a meaning', async () => {
  const adapter = await openBullmq({ url: `${careless.url}/?prfix=x`, where });
  expect(adapter.backend.warnings).toEqual([expect.stringContaining('allkeys-lru'), expect.stringContaining('prfix')]);
  await adapter.close();
});

it('rejects at once when the server dies, and finds it again when it is back', async () => {
  const server = await startRedis();
  const connection = await connect(server.url);
  await server.stop();
  await expect(connection.many([['PING']])).rejects.toMatchObject({ code: 'JOBCTL_UNREACHABLE' });
  const again = await startRedis({ port: server.port });
  const deadline = Date.now() + 10_000;
  let answer: unknown;
  while (answer === undefined && Date.now() < deadline)
    answer = await connection.many([['PING']]).catch(() => new Promise((go) => setTimeout(() => go(undefined), 20)));
  expect(String(answer)).toBe('PONG');
  await connection.close();
  await again.stop();
});

it('reads a replica, and knows that it is one', async () => {
  const primary = new URL(inject('redisUrl'));
  const replica = await startRedis({ settings: { replicaof: `${primary.hostname} ${primary.port}` } });
  const adapter = await openBullmq({ url: replica.url, where });
  expect(adapter.backend.readOnlyServer).toBe(true);
  expect(adapter.can.replay).toMatchObject({ level: 'none', refused: true });
  await adapter.close();
  const client = new Redis(replica.url);
  await client.replicaof('127.0.0.1', '1'); // nobody
  const lost = await openBullmq({ url: replica.url, where });
  expect(lost.backend.warnings).toContainEqual(expect.stringContaining('not connected to its primary'));
  await lost.close();
  client.disconnect();
  await replica.stop();
});

it('says which rights a user lacks, and does with those that it names', async () => {
  const redis = new Redis(careless.url);
  await seedJobs({ redis, prefix: 'bull' }, '6', 'rights', [{ state: 'dead' }]);
  const login = careless.url.replace('redis://', 'redis://narrow:narrow@');
  const rights = async (...more: string[]): Promise<QueueAdapter> => {
    await redis.call('ACL', 'SETUSER', 'narrow', 'reset', 'on', '>narrow', '~bull:*', ...more);
    return await openBullmq({ url: login, where });
  };
  const dead = inState('rights', 'dead');
  const refused = await rights('+@connection').catch((error: unknown) => error as JobctlError);
  if (!(refused instanceof JobctlError)) expect.fail('it was let in without any rights');
  const [, reading = '', writing = ''] = /Reading needs (.*), and writing (.*), on/.exec(String(refused.next)) ?? [];
  const reader = await rights('-@all', ...reading.split(' '));
  expect(await reader.stats({ queues: ['rights'] })).toMatchObject([{ counts: { dead: 1 } }]);
  expect(await browseAll(reader, dead)).toHaveLength(1);
  expect(await reader.queues()).toContainEqual({ queue: 'rights' });
  expect((await reader.find('1', 'rights'))?.job.state).toBe('dead');
  await reader.close();
  const writer = await rights('-@all', ...reading.split(' '), ...writing.split(' '));
  expect(told((await act(opsOf({ adapter: writer }, 'replay'), dead, replay)).outcomes)).toEqual(['1: done']);
  await writer.close();
  redis.disconnect();
});

it('names a key that is not of BullMQ, and a server that a script keeps busy', async () => {
  const redis = new Redis(careless.url);
  await redis.hset('bull:odd:meta', 'version', 'bullmq:6.7.0');
  await redis.set('bull:odd:failed', 'a text');
  const adapter = await openBullmq({ url: careless.url, where, timeoutMs: 4000 });
  await redis.hset('bull:sound:meta', 'version', 'bullmq:6.7.0');
  await expect(adapter.stats({})).rejects.toMatchObject({
    code: 'JOBCTL_UNSUPPORTED',
    message: expect.stringMatching(/^bull:odd:failed at .* is a key of another kind.* odd cannot be read/),
    next: [
      expect.stringMatching(/^jobctl stats .*sound .*the others/),
      expect.stringContaining('redis-cli TYPE bull:odd:failed'),
    ],
  });
  await redis.config('SET', 'busy-reply-threshold', 50);
  const script = redis.eval('while true do end', 0).catch((error: Error) => error.message);
  const other = new Redis(careless.url, { enableReadyCheck: false });
  const deadline = Date.now() + 5000;
  while ((await other.ping().catch((error: Error) => error.message)) === 'PONG' && Date.now() < deadline);
  await expect(adapter.now()).rejects.toMatchObject({ code: 'JOBCTL_TIMEOUT', message: /busy/ });
  await other.script('KILL');
  expect(await script).toMatch(/killed/i);
  await adapter.close();
  redis.disconnect();
  other.disconnect();
});

it('tells the refusals of a server apart', () => {
  const told = (text: string) => toJobctlError(new Error(text), where) as { code?: string; message: string };
  expect(told('LOADING Redis is loading the dataset in memory').code).toBe('JOBCTL_UNREACHABLE');
  expect(told("READONLY You can't write against a read only replica.").code).toBe('JOBCTL_REFUSED');
  expect(told("OOM command not allowed when used memory > 'maxmemory'.").code).toBe('JOBCTL_REFUSED');
  expect(told('MISCONF Redis is configured to save RDB snapshots').code).toBe('JOBCTL_REFUSED');
  expect(told('CLUSTERDOWN Hash slot not served').code).toBe('JOBCTL_UNREACHABLE');
  expect(told("CROSSSLOT Keys in request don't hash to the same slot").code).toBe('JOBCTL_UNSUPPORTED');
  expect(told('MOVED 866 127.0.0.1:7001').message).toMatch(/node of a Redis Cluster/);
  expect(told('NOPERM this user has no permissions').code).toBe('JOBCTL_UNREACHABLE');
  expect(told('Reached the max retries per request limit (which is 0). Refer to "maxRetriesPerRequest"').message).toBe(
    'lost the connection to redis://test',
  );
  expect(told('ERR something new')).not.toHaveProperty('code');
});

describe('a URL', () => {
  it('names several hosts for a cluster or for Sentinel', () => {
    expect(targetOf('redis://a:1,b,[::1]:3/?cluster=true&prefix=%7Bx%7D')).toMatchObject({
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
        { host: '::1', port: 3 },
      ],
      prefix: '{x}',
    });
    expect(targetOf('rediss://u:p%40ss@s1,s2:9/2?sentinel=main&role=replica')).toMatchObject({
      ...{ kind: 'sentinel', group: 'main', role: 'slave', db: 2, username: 'u', password: 'p@ss' },
      nodes: [
        { host: 's1', port: 26379 },
        { host: 's2', port: 9 },
      ],
      tls: { insecure: false },
    });
  });
  it('is refused where it contradicts itself', () => {
    for (const url of [
      'redis://a/1?cluster=true',
      'redis://a/?cluster=true&sentinel=x',
      'redis://a:b',
      'redis://a:%@b',
      'redis://a:0',
      'redis://a:65536',
    ])
      expect(() => targetOf(url), url).toThrow(expect.objectContaining({ code: 'JOBCTL_USAGE' }));
  });
});
