import { application } from '../setup/bullmq.ts';
import { createBullmqTables, queueOf, workerOf } from '../setup/bullmq-postgres.ts';
import { createRedis } from '../setup/redis.ts';
import type { Payload, Shop } from './shops.ts';

/** The library on Redis. */
export async function bullmqShop(): Promise<Shop> {
  const server = createRedis('procedure');
  const app = application(server, '6');
  return {
    url: `${server.url}?prefix=${server.prefix}`,
    pauses: true,
    add: (queue, data) => app.queue(queue).add(queue, data),
    waiting: (queue) => app.queue(queue).getWaitingCount(),
    serve: async (queue, work) => {
      const worker = app.worker(queue, (job) => work(job.data as Payload));
      return () => worker.close();
    },
    drop: async () => {
      await app.close();
      await server.drop();
    },
  };
}

/** The same library on its Postgres backend. */
export async function bullmqPostgresShop(): Promise<Shop> {
  const database = await createBullmqTables();
  const queues = new Map<string, ReturnType<typeof queueOf>>();
  const queue = (name: string): ReturnType<typeof queueOf> => {
    const made = queues.get(name) ?? queueOf(database, name);
    queues.set(name, made);
    return made;
  };
  return {
    url: database.url,
    pauses: true,
    add: (name, data) => queue(name).add(name, data),
    // its own classes count those of a paused queue apart
    waiting: async (name) =>
      (await database.pool.query(`SELECT FROM job WHERE state = 'waiting' AND queue = $1`, [name])).rowCount ?? 0,
    serve: async (name, work) => {
      const worker = workerOf(database, name, (job) => work(job.data as Payload));
      await worker.waitUntilReady();
      return () => worker.close();
    },
    drop: async () => {
      await Promise.all([...queues.values()].map((one) => one.close()));
      await database.drop();
    },
  };
}
