import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { type Connection, openConnection } from '../../src/adapters/bullmq/connection.ts';
import { noRedis } from '../../src/demo/redis-server.ts';

/** A prefix of its own on the server of the run: what a test does is seen by no other. */
export interface TestRedis {
  readonly url: string;
  readonly prefix: string;
  /** A plain client, for what the test itself does. */
  readonly redis: Redis;
  /** Every key under the prefix with all that it holds, sorted: equal texts, equal states. Without what only time moves. */
  dump(): Promise<string>;
  /** Our own connection, as the adapter opens it. */
  connect(): Promise<Connection>;
  drop(): Promise<void>;
}

const passing = /:(lock|stalled-check|limiter|events)$|:\.jobctl:/;

export function createRedis(name = 'test'): TestRedis {
  const url = inject('redisUrl');
  if (url === '') throw noRedis();
  const prefix = `${name}-${randomUUID().slice(0, 8)}`;
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', () => {}); // the command that met it tells
  const connections: Connection[] = [];
  const keys = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const page of redis.scanStream({ match: `${prefix}:*`, count: 1000 })) found.push(...(page as string[]));
    return [...new Set(found)].sort();
  };
  return {
    url,
    prefix,
    redis,
    async dump() {
      const kept = (await keys()).filter((key) => !passing.test(key));
      const values = await Promise.all(kept.map(async (key) => `${key} ${await contents(redis, key)}`));
      return values.join('\n');
    },
    async connect() {
      const connection = await openConnection({ url, where: 'redis://test', timeoutMs: 15_000 });
      connections.push(connection);
      return connection;
    },
    async drop() {
      await Promise.all(connections.map((connection) => connection.close()));
      const all = await keys();
      for (let at = 0; at < all.length; at += 1000) await redis.unlink(...all.slice(at, at + 1000));
      redis.disconnect();
    },
  };
}

const hex = (value: unknown): unknown =>
  Buffer.isBuffer(value) ? value.toString('latin1') : Array.isArray(value) ? value.map(hex) : value;

async function contents(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'string':
      return JSON.stringify(hex(await redis.getBuffer(key)));
    case 'list':
      return JSON.stringify(hex(await redis.lrangeBuffer(key, 0, -1)));
    case 'set':
      return JSON.stringify((hex(await redis.smembersBuffer(key)) as string[]).sort());
    case 'zset':
      return JSON.stringify(hex(await redis.callBuffer('ZRANGE', key, '0', '-1', 'WITHSCORES')));
    case 'hash':
      return JSON.stringify(pairs(hex(await redis.callBuffer('HGETALL', key)) as readonly string[]));
    default:
      return 'none';
  }
}

const pairs = (flat: readonly string[]): string[][] =>
  Array.from({ length: flat.length / 2 }, (_, index) => flat.slice(2 * index, 2 * index + 2)).sort();
