import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import { type RedisServer, startRedis } from '../../../src/demo/redis-server.ts';
import { browseAll, whole } from '../../../src/testkit/act.ts';
import { application } from '../../setup/bullmq.ts';
import { seedJobs } from '../../setup/bullmq-seed.ts';

/** A server of its own: MONITOR shows what all clients send. */
let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

it('sends no command that writes, whatever is read', async () => {
  await seedJobs({ redis, prefix: 'bull' }, '6', 'mail', [
    { state: 'waiting' },
    { state: 'waiting', priority: 3 },
    { state: 'delayed' },
    { state: 'active' },
    { state: 'dead', error: 'x', key: 'k' },
    { state: 'completed' },
  ]);
  const app = application({ url: server.url, prefix: 'bull' } as never, '6');
  await app.queue('mail').upsertJobScheduler('often', { every: 300_000 });
  await app.close();
  // what may not write is refused by the server itself, besides being watched
  await redis.acl('SETUSER', 'reader', 'on', '>pw', '~*', '+@read', '+@connection', '+info', '+time', '-@write');
  const monitor = await new Redis(server.url).monitor();
  const sent: string[][] = [];
  monitor.on('monitor', (_time: string, args: string[]) => sent.push(args));
  const adapter = await openBullmq({ url: server.url.replace('//', '//reader:pw@'), where: 'redis://test' });
  await adapter.now();
  await adapter.queues();
  await adapter.queueNamed?.('mail');
  for (const by of [undefined, 'type', 'lane', 'tenant'] as const) await adapter.stats({ by });
  await adapter.count(whole('mail'));
  const cutoff = await adapter.now();
  await adapter.count({ ...whole('mail'), cutoff });
  for (const order of ['newest', 'oldest'] as const) await browseAll(adapter, whole('mail'), { order, size: 2 });
  for (const { id } of await browseAll(adapter, { ...whole('mail'), ids: ['1', '2', '4', '5', 'nowhere'] }))
    await adapter.find(id);
  await adapter.workers?.();
  await adapter.schedules?.();
  await adapter.close();
  await redis.echo('over');
  const deadline = Date.now() + 5000;
  while (!sent.some(([name]) => name === 'echo') && Date.now() < deadline) await new Promise((go) => setTimeout(go, 5));
  monitor.disconnect();
  const names = [...new Set(sent.map(([name = '']) => name.toLowerCase()))];
  const described = (await redis.command('INFO', ...names)) as [name: string, arity: number, flags: string[]][];
  expect(names).toEqual(expect.arrayContaining(['hmget', 'scan', 'zcard', 'hgetall']));
  expect(described.filter(([, , flags]) => flags.includes('write')).map(([name]) => name)).toEqual([]);
});
