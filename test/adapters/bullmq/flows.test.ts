import { FlowProducer, Queue, Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import type { Action } from '../../../src/domain/action.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import type { JobState } from '../../../src/domain/job.ts';
import { act, inState, putBack, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { createRedis, type TestRedis } from '../../setup/redis.ts';

const remove: Action = { verb: 'remove' };

let server: TestRedis;
let adapter: QueueAdapter;
let parents: Queue;
let children: Queue;
let flows: FlowProducer;
const workers: Worker[] = [];

beforeEach(async () => {
  server = createRedis('flows');
  const shared = { connection: { url: server.url }, prefix: server.prefix };
  adapter = await openBullmq({ url: server.url, where: 'redis://test', prefix: server.prefix });
  parents = new Queue('parents', shared);
  children = new Queue('children', shared);
  flows = new FlowProducer(shared);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close()));
  await Promise.all([parents.close(), children.close(), flows.close(), adapter.close()]);
  await server.drop();
});

let broken = true;

function work(queue: string): void {
  const run = async () => {
    if (broken && queue === 'children') throw new Error('no such address');
    return 'sent';
  };
  workers.push(new Worker(queue, run, { connection: { url: server.url }, prefix: server.prefix }));
}

const stop = async (): Promise<void> => void (await Promise.all(workers.splice(0).map((worker) => worker.close())));

const until = (what: () => Promise<unknown>) => expect.poll(what, { timeout: 15_000, interval: 20 }).toBe(true);

const addFlow = (opts: object = {}) =>
  flows.add({
    name: 'order',
    queueName: 'parents',
    data: {},
    opts: { jobId: 'order-1' },
    children: [{ name: 'letter', queueName: 'children', data: {}, opts: { jobId: 'letter-1', ...opts } }],
  });

const does = async (verb: Action, queue: string, ...states: JobState[]) =>
  (await act(opsOf({ adapter }, verb.verb), inState(queue, ...states), verb)).outcomes;

const failChild = async (opts: object = {}): Promise<void> => {
  broken = true;
  await addFlow(opts);
  work('children');
  await until(async () => (await children.getFailedCount()) === 1);
  await stop();
};

describe('a failed child whose parent waits for it', () => {
  it('is replayed, and its parent runs when it is done', async () => {
    await failChild();
    expect(told(await does(replay, 'children', 'dead'))).toEqual(['letter-1: done']);
    broken = false;
    work('children');
    work('parents');
    await until(async () => (await parents.getCompletedCount()) === 1);
  });

  it('is not removed: its parent would run without it', async () => {
    await failChild();
    const before = await server.dump();
    const [outcome] = await does(remove, 'children', 'dead');
    expect(outcome).toMatchObject({ result: 'skipped', why: 'conflict', note: expect.stringContaining('order-1') });
    expect(await server.dump()).toBe(before);
  });

  it('keeps its parent from being removed', async () => {
    await failChild();
    const [outcome] = await does(remove, 'parents', 'blocked');
    expect(outcome).toMatchObject({
      result: 'skipped',
      why: 'conflict',
      note: expect.stringContaining('1 of its children'),
    });
    expect(await children.getFailedCount()).toBe(1);
  });
});

describe('a child that its parent failed with', () => {
  const failBoth = async (): Promise<void> => {
    await failChild({ failParentOnFailure: true });
    work('parents');
    await until(async () => (await parents.getFailedCount()) === 1);
    await stop();
  };

  it('goes first: the parent is not replayed before it is done', async () => {
    await failBoth();
    expect(await does(replay, 'parents', 'dead')).toMatchObject([{ result: 'skipped', why: 'conflict' }]);
    expect(told(await does(replay, 'children', 'dead'))).toEqual(['letter-1: done']);
    expect(await does(replay, 'parents', 'dead')).toMatchObject([{ result: 'skipped', why: 'conflict' }]);
    broken = false;
    work('children');
    await until(async () => (await children.getCompletedCount()) === 1);
    expect(told(await does(replay, 'parents', 'dead'))).toEqual(['order-1: done']);
    work('parents');
    await until(async () => (await parents.getCompletedCount()) === 1);
  });

  it('stands in its parent as before when its replay is taken back', async () => {
    await failBoth();
    const passing = async (): Promise<string> =>
      (await server.dump())
        .split('\n')
        .filter((line) => !/:(marker|pc|id) /.test(line))
        .join('\n');
    const before = await passing();
    const { saved, marks } = await act(opsOf({ adapter }, 'replay'), inState('children', 'dead'), replay);
    const after = await passing();
    const undone = await putBack(opsOf({ adapter }, 'revert'), saved, true, adapter, marks[0]);
    expect(told(undone.outcomes)).toEqual(['letter-1: done']);
    expect(await passing()).toBe(before);
    // and is waited for as after the replay when that is taken back
    const again = await putBack(opsOf({ adapter }, 'revert'), undone.jobs, true, adapter, undone.mark);
    expect(told(again.outcomes)).toEqual(['letter-1: done']);
    expect(await passing()).toBe(after);
  });
});

it('a child without which its parent went on is left alone while the parent is about to run', async () => {
  await failChild({ ignoreDependencyOnFailure: true });
  await until(async () => (await parents.getWaitingCount()) === 1);
  const [outcome] = await does(replay, 'children', 'dead');
  expect(outcome).toMatchObject({ result: 'skipped', why: 'conflict', note: expect.stringContaining('gone on') });
  work('parents');
  await until(async () => (await parents.getCompletedCount()) === 1);
  broken = false;
  expect(told(await does(replay, 'children', 'dead'))).toEqual(['letter-1: done']);
  work('children');
  await until(async () => (await children.getCompletedCount()) === 1);
});

it('a finished flow comes back whole: results of children, and their parent', async () => {
  broken = false;
  await addFlow();
  work('children');
  work('parents');
  await until(async () => (await parents.getCompletedCount()) === 1);
  await stop();
  const kept = async (): Promise<string> =>
    (await server.dump())
      .split('\n')
      .filter((line) => !/:(marker|pc|id) /.test(line))
      .join('\n');
  const before = await kept();
  const gone = [
    await act(opsOf({ adapter }, 'remove'), inState('parents', 'completed'), remove),
    await act(opsOf({ adapter }, 'remove'), inState('children', 'completed'), remove),
  ];
  expect(gone.flatMap(({ outcomes }) => told(outcomes))).toEqual(['order-1: done', 'letter-1: done']);
  for (const { saved } of gone) await putBack(opsOf({ adapter }, 'restore'), saved, true, adapter);
  expect(await kept()).toBe(before);
});

it('the next run of a scheduler is not removed, nor cancelled', async () => {
  await children.upsertJobScheduler(
    'nightly',
    { every: 3_600_000, startDate: Date.now() + 3_600_000 },
    { name: 'report' },
  );
  await children.add('mail', {}, { delay: 3_600_000 });
  const next = (await children.getDelayed()).find(({ id }) => id?.startsWith('repeat:'))?.id;
  for (const verb of ['cancel', 'remove'] as const) {
    const outcomes = await does({ verb }, 'children', 'delayed');
    expect(outcomes.find(({ ref }) => ref.id === next)).toMatchObject({
      why: 'conflict',
      note: expect.stringContaining('nightly'),
    });
  }
  expect(await children.getDelayedCount()).toBe(1);
  expect(await children.getJobSchedulersCount()).toBe(1);
});
