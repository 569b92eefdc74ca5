import { UnrecoverableError as Final6, Worker as Worker6 } from 'bullmq';
import { UnrecoverableError as Final5, Worker as Worker5 } from 'bullmq5';
import { openBullmq } from '../../src/adapters/bullmq/index.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import type { Bench, Holds } from '../../src/testkit/index.ts';
import { seedJobs } from '../setup/bullmq-seed.ts';
import { createRedis, type TestRedis } from '../setup/redis.ts';

export type BullmqVersion = '5' | '6';

const holds: Holds = {
  states: new Set(['waiting', 'delayed', 'active', 'completed', 'dead']),
  attributes: new Set(['error', 'since', 'createdAt', 'priority', 'key', 'attempts', 'stuck']),
  payloads: 'json',
  nulEscape: true,
  loneSurrogates: true,
  ids: 'any integer',
};

export interface BullmqBench extends Bench {
  readonly server: TestRedis;
}

/** What moves by itself, or is set anew by whoever comes next. */
const passing = /:(?:id|pc|marker|stalled|\.seeds) /;

export async function bullmqBench(version: BullmqVersion): Promise<BullmqBench> {
  const server = createRedis(`conformance${version}`);
  const adapters: QueueAdapter[] = [];
  const workers = new Map<string, ReturnType<typeof workerOf>>();
  const open = async (): Promise<QueueAdapter> => {
    const adapter = await openBullmq({ url: server.url, where: 'redis://test', prefix: server.prefix });
    adapters.push(adapter);
    return adapter;
  };
  return {
    adapter: await open(),
    holds,
    server,
    peer: open,
    seed: (queue, jobs) => seedJobs(server, version, queue, jobs),
    dump: async () =>
      (await server.dump())
        .split('\n')
        .filter((line) => !passing.test(line))
        .join('\n'),
    async work(queue, end) {
      const { worker, Final } = workers.get(queue) ?? workerOf(version, server, queue);
      if (!workers.has(queue)) workers.set(queue, { worker, Final });
      const job = await worker.getNextJob('bench', { block: false });
      if (job === undefined) return undefined;
      await (end === 'completes'
        ? job.moveToCompleted('done', 'bench', false)
        : job.moveToFailed(new Final('it failed'), 'bench', false));
      return job.id;
    },
    async breakLock(queue) {
      await server.redis.del(`${server.prefix}:.jobctl:${queue}:lock`);
    },
    async drop() {
      await Promise.all([...workers.values()].map(({ worker }) => worker.close(true)));
      await Promise.all(adapters.map((adapter) => adapter.close()));
      await server.drop();
    },
  };
}

function workerOf(version: BullmqVersion, { url, prefix }: TestRedis, queue: string) {
  const manners = { prefix, autorun: false, skipStalledCheck: true };
  const worker =
    version === '6'
      ? new Worker6(queue, null, { ...manners, connection: { url } })
      : new Worker5(queue, null, { ...manners, connection: { url } as never });
  worker.on('error', () => {}); // the call that met it tells
  return { worker: worker as Worker6, Final: version === '6' ? Final6 : (Final5 as typeof Final6) };
}
