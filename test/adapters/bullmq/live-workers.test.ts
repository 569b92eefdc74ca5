import { Queue as Queue6, Worker as Worker6 } from 'bullmq';
import { Queue as Queue5, Worker as Worker5 } from 'bullmq5';
import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { act, inState, jobsOf, putBack, replay, times, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { createRedis, type TestRedis } from '../../setup/redis.ts';

const JOBS = 400;

/** Either major, through one form: what is used of them is the same. */
interface Library {
  readonly Queue: typeof Queue6;
  readonly Worker: typeof Worker6;
  connect(url: string): Redis;
}

const libraries: Record<string, Library> = {
  'BullMQ 5': {
    Queue: Queue5 as unknown as typeof Queue6,
    Worker: Worker5 as unknown as typeof Worker6,
    connect: (url) => new Redis5(url, { maxRetriesPerRequest: null }) as unknown as Redis,
  },
  'BullMQ 6': {
    Queue: Queue6,
    Worker: Worker6,
    connect: (url) => new Redis(url, { maxRetriesPerRequest: null }),
  },
};

describe.each(Object.entries(libraries))('live workers of %s', (_, { Queue, Worker, connect }) => {
  let server: TestRedis;
  let adapter: QueueAdapter;
  let queue: Queue6;
  const closing: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    server = createRedis('live');
    adapter = await openBullmq({ url: server.url, where: 'redis://test', prefix: server.prefix });
    const connection = connect(server.url);
    queue = new Queue('letters', { connection, prefix: server.prefix });
    await queue.waitUntilReady();
    closing.push(async () => {
      await queue.close();
      connection.disconnect();
    });
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await adapter.close();
    await server.drop();
  });

  /** A worker that notes what it runs. */
  function work(fails: (id: string, run: number) => boolean, concurrency = 8) {
    const runs = new Map<string, number>();
    const connection = connect(server.url);
    const worker = new Worker(
      'letters',
      async (job) => {
        const id = job.id ?? '';
        runs.set(id, (runs.get(id) ?? 0) + 1);
        if (fails(id, runs.get(id) ?? 0)) throw new Error('timeout after 30s');
        return id;
      },
      { connection, prefix: server.prefix, concurrency },
    );
    worker.on('error', () => {});
    closing.push(async () => {
      await worker.close();
      connection.disconnect();
    });
    return { runs, worker };
  }

  const until = async (what: () => Promise<boolean>): Promise<void> => {
    await expect.poll(what, { timeout: 20_000, interval: 20 }).toBe(true);
  };

  const settled = async (): Promise<boolean> => {
    const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
    return Object.values(counts).every((count) => count === 0);
  };

  const add = (count: number, opts: object = {}) =>
    queue.addBulk(
      times(count, (n) => ({
        name: 'mail',
        data: { n },
        opts: { ...opts, ...(n % 3 === 0 && { priority: (n % 5) + 1 }) },
      })),
    );

  it('run every replayed job once, and those that fail again do not come back by themselves', async () => {
    const ids = (await add(JOBS, { attempts: 2 })).map((job) => job.id ?? '');
    const { runs } = work((id, run) => run <= 2 || Number(id) % 10 === 0);
    await until(settled);
    expect(await queue.getFailedCount()).toBe(JOBS);
    const { outcomes } = await act(opsOf({ adapter }, 'replay'), inState('letters', 'dead'), replay, { size: 50 });
    const done = outcomes.filter(({ result }) => result === 'done');
    await until(settled);
    const again = done.filter(({ ref }) => Number(ref.id) % 10 === 0).length;
    expect(new Set(done.map(({ ref }) => ref.id)).size).toBeGreaterThanOrEqual(JOBS);
    expect((await jobsOf(adapter, 'letters')).size).toBe(JOBS);
    for (const id of ids.filter((one) => Number(one) % 10 !== 0)) expect(runs.get(id), id).toBe(3);
    expect(again).toBeGreaterThan(0);
    expect(await queue.getCompletedCount()).toBe(JOBS - JOBS / 10);
  });

  it('either run a job or find it removed, never both', async () => {
    const ids = (await add(JOBS)).map((job) => job.id ?? '');
    const { runs } = work(() => false, 2);
    const { outcomes } = await act(
      opsOf({ adapter }, 'remove'),
      inState('letters', 'waiting'),
      { verb: 'remove' },
      { size: 25 },
    );
    await until(settled);
    const removed = new Set(outcomes.filter(({ result }) => result === 'done').map(({ ref }) => ref.id));
    for (const id of ids) expect([id, (runs.get(id) ?? 0) + (removed.has(id) ? 1 : 0)]).toEqual([id, 1]);
    expect((await jobsOf(adapter, 'letters')).size).toBe(JOBS - removed.size);
  });

  it('take a job that was replayed while they had nothing to do, at once', async () => {
    await add(1, { attempts: 1 });
    const { runs } = work((_id, run) => run === 1);
    await until(settled);
    const begun = performance.now();
    await act(opsOf({ adapter }, 'replay'), inState('letters', 'dead'), replay);
    await until(async () => (await queue.getCompletedCount()) === 1);
    expect(performance.now() - begun).toBeLessThan(3000);
    expect([...runs.values()]).toEqual([2]);
  });

  it('lose nothing when jobs are replayed into a paused queue', async () => {
    await add(20);
    const { runs, worker } = work((_id, run) => run === 1);
    await until(settled);
    await queue.pause();
    await worker.close();
    await add(10);
    await act(opsOf({ adapter }, 'replay'), inState('letters', 'dead'), replay);
    const next = work(() => false);
    expect((await jobsOf(adapter, 'letters')).size).toBe(30);
    expect([...(await jobsOf(adapter, 'letters')).values()].every(({ state }) => state === 'waiting')).toBe(true);
    await queue.resume();
    await until(async () => (await queue.getCompletedCount()) === 30);
    expect(next.runs.size).toBe(30);
    expect(runs.size).toBe(20);
  });

  it('keep what they have begun: an undo of a replay takes back only the rest', async () => {
    await add(40);
    const first = work((_id, run) => run === 1);
    await until(settled);
    await first.worker.close();
    const acted = await act(opsOf({ adapter }, 'replay'), inState('letters', 'dead'), replay, { size: 100 });
    const { runs } = work(() => false, 1);
    const back = await putBack(opsOf({ adapter }, 'revert'), acted.saved, true, adapter, acted.marks[0]);
    await until(settled);
    const taken = new Set(back.outcomes.filter(({ result }) => result === 'done').map(({ ref }) => ref.id));
    expect(taken.size + runs.size).toBe(40);
    for (const id of runs.keys()) expect(taken.has(id), id).toBe(false);
    expect(told(back.outcomes).filter((line) => /unknown|failed|not-applied/.test(line))).toEqual([]);
    expect(await queue.getFailedCount()).toBe(taken.size);
  });
});
