import { expect, it, onTestFinished } from 'vitest';
import { Queues } from '../../../src/adapters/bullmq/queues.ts';
import { createRedis } from '../../setup/redis.ts';

it('a long look for queues says how far it has come, a short one says nothing', async () => {
  const server = createRedis('many');
  onTestFinished(() => server.drop());
  const { redis, prefix } = server;
  await redis.mset(Array.from({ length: 30_000 }, (_, n) => [`${prefix}:mail:${n}`, '']).flat());
  await redis.hset(`${prefix}:mail:meta`, 'version', 'bullmq:6.7.0');
  const connection = await server.connect();
  const said: string[] = [];
  const look = (...how: [wordMs?: number]): Promise<string[]> =>
    new Queues(connection, prefix, (text) => void said.push(text), ...how).names();
  expect(await look(0)).toEqual(['mail']);
  expect(said[0]).toBe('Looking for queues: about 5,000 keys so far.');
  expect(said.length).toBeGreaterThan(3);
  said.length = 0;
  expect(await look()).toEqual(['mail']);
  expect(said).toEqual([]);
});
