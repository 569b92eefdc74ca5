import * as bullmq6 from 'bullmq';
import * as bullmq5 from 'bullmq5';
import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import type { TestRedis } from './redis.ts';

export type Major = '5' | '6';

type Options = { connection: bullmq6.ConnectionOptions; prefix: string };

/** The library as an application has it: queues, workers and flows on connections of their own. */
export interface Application {
  queue(name: string): bullmq6.Queue;
  flows(): bullmq6.FlowProducer;
  /** Fetches nothing by itself unless a processor is given. */
  worker(name: string, processor?: bullmq6.Processor, options?: Partial<bullmq6.WorkerOptions>): bullmq6.Worker;
  readonly UnrecoverableError: typeof bullmq6.UnrecoverableError;
  close(): Promise<void>;
}

/** `ioredis`: the major version of the driver, which need not be that of the library. */
export function application({ url, prefix }: TestRedis, major: Major, ioredis: Major = major): Application {
  const library = (major === '6' ? bullmq6 : bullmq5) as unknown as typeof bullmq6;
  const open: { close(): Promise<void> }[] = [];
  const clients: { disconnect(): void }[] = [];
  const options = (): Options => {
    const manners = { maxRetriesPerRequest: null };
    const client = ioredis === '6' ? new Redis6(url, manners) : new Redis5(url, manners);
    (client as Redis6).on('error', () => {}); // the call that met it tells
    clients.push(client);
    return { connection: client as never, prefix };
  };
  const kept = <T extends { close(): Promise<void>; on(event: 'error', heard: () => void): unknown }>(one: T): T => {
    one.on('error', () => {});
    open.push(one);
    return one;
  };
  return {
    queue: (name) => kept(new library.Queue(name, options())),
    flows: () => kept(new library.FlowProducer(options())),
    worker: (name, processor, more = {}) =>
      kept(
        new library.Worker(name, processor ?? null, {
          ...options(),
          ...(processor === undefined && { autorun: false }),
          ...more,
        }),
      ),
    UnrecoverableError: library.UnrecoverableError,
    async close() {
      await Promise.all(open.map((one) => one.close()));
      for (const client of clients) client.disconnect();
    },
  };
}

/** Polls until it is so, with a deadline. */
export async function until(what: string, so: () => Promise<boolean>, ms = 15_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await so())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
