import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { memoryWorker } from '../../src/adapters/memory/worker.ts';
import { paced } from '../../src/adapters/wrap/paced.ts';
import { type LoadOrder, loadTest } from '../../src/cli/load-test.ts';
import { Followers } from '../../src/operations/load.ts';
import type { Pace } from '../../src/operations/ports.ts';
import type { LoadView } from '../../src/output/load-text.ts';
import { openStage, portsOf, type Stage } from '../operations/stage.ts';
import { pace, sessionOf } from './session.ts';

async function scene(
  more: Parameters<typeof sessionOf>[1] = {},
  emptyAfter?: { readonly looks: number; readonly seconds: number },
) {
  const stage = await openStage();
  const [own] = stage.seed(1, { state: 'completed' });
  const ports = portsOf(
    (run) => run,
    stage.stateDir,
    stage.log,
    () => stage.adapter,
  );
  const ordinary = sessionOf(stage, more);
  const session = {
    ...ordinary,
    reader: { ...ordinary.reader, backend: { ...ordinary.reader.backend, ...(emptyAfter && { emptyAfter }) } },
    slowed: (perSecond: number) => paced(stage.adapter, { perSecond, sleep }),
  };
  const test = (order: Partial<LoadOrder> = {}, how: Partial<Pace> = {}) =>
    loadTest(
      session,
      ports,
      { ...pace, ...how },
      { queue: 'email', payload: '{"n":"{mark}"}', rate: '100/s', duration: '1s', within: '20s', ...order },
      () => {},
    );
  return { stage, own: own ?? '', test };
}

/** A worker that does with each job what the test says, until the test has ended. */
function work(stage: Stage, deed: 'finish' | 'fail'): string[] {
  const worker = memoryWorker(stage.memory.store, 'worker');
  const payloads: string[] = [];
  const timer = setInterval(() => {
    for (let job = worker.take('email'); job !== undefined; job = worker.take('email')) {
      payloads.push(job.payload);
      worker[deed](job);
    }
  }, 5);
  onTestFinished(() => clearInterval(timer));
  return payloads;
}

it('adds marked jobs at the rate, tells how long they took, and leaves what was there before', async () => {
  const { stage, own, test } = await scene();
  const payloads = work(stage, 'finish');
  const load = (await test()) as LoadView;
  expect(load).toMatchObject({ ok: true, added: 100, ended: 'drained', died: 0, removed: 100 });
  expect(load.addedPerSecond).toBeGreaterThan(50);
  expect(load.addedPerSecond).toBeLessThan(150);
  expect(load.followed).toBeGreaterThan(0);
  const { p50 = -1, p90 = -1, p99 = -1, max = -1 } = load.times.total ?? {};
  expect([p50 >= 0, p90 >= p50, p99 >= p90, max >= p99]).toEqual([true, true, true, true]);
  expect(new Set(payloads).size).toBe(100);
  expect(payloads[0]).toMatch(/^\{"n":"loadtest-\w{12}-1"\}$/);
  expect(stage.states()).toEqual({ [own]: 'completed' });
});

it('gives an empty queue the while that it must be seen empty, and does not count it as work', async () => {
  const { stage, test } = await scene({}, { looks: 2, seconds: 1.5 });
  work(stage, 'finish');
  const load = (await test({ within: '1s', rate: '20/s' })) as LoadView;
  expect(load).toMatchObject({ ok: true, added: 20, ended: 'drained' });
  expect(load.waitedSeconds).toBeLessThan(2);
});

it('says that the workers did not keep up, and takes its jobs away', async () => {
  const { stage, own, test } = await scene();
  const load = await test({ within: '1s', duration: '1s', rate: '20/s' });
  expect(load).toMatchObject({ ok: false, added: 20, ended: 'timeout', removed: 20, times: {} });
  expect(stage.states()).toEqual({ [own]: 'completed' });
});

it('counts those that died, and says what it could not take away', async () => {
  const { stage, own, test } = await scene();
  work(stage, 'fail');
  expect(await test({ rate: '20/s' })).toMatchObject({ ok: false, ended: 'drained', died: 20, removed: 20 });
  expect(stage.states()).toEqual({ [own]: 'completed' });
});

it('tells of a job that a worker still has', async () => {
  const { stage, test } = await scene();
  const worker = memoryWorker(stage.memory.store, 'slow');
  const timer = setInterval(() => worker.take('email') && clearInterval(timer), 5);
  expect(await test({ within: '1s', rate: '20/s' })).toMatchObject({
    ok: false,
    removed: 19,
    left: '1 job of it still there: a worker has them',
  });
});

it('stops when it is told to, and cleans up', async () => {
  const { stage, own, test } = await scene();
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 300);
  const load = (await test({ duration: '10m' }, { signal: stop.signal })) as LoadView;
  expect(load).toMatchObject({ ok: false, ended: 'stopped' });
  expect(load.added).toBeLessThan(200);
  expect(stage.states()).toEqual({ [own]: 'completed' });
});

it('is not for a protected context, and has a bound', async () => {
  const shut = await scene({ protected: true });
  await expect(shut.test()).rejects.toMatchObject({ kind: 'refused', exitCode: 4 });
  const { stage, test } = await scene();
  await expect(test({ rate: '200/s', duration: '1h' })).rejects.toMatchObject({ kind: 'usage' });
  expect(await test({}, { dryRun: true })).toMatchObject({ dryRun: true, matched: 100 });
  expect(Object.keys(stage.states())).toHaveLength(1);
});

it('follows no more jobs at a time than it can look at', async () => {
  const { stage } = await scene();
  const ids = stage.seed(1000, { state: 'waiting' });
  let now = 0;
  const followers = new Followers(() => now);
  for (const id of ids) followers.add({ queue: 'email', id });
  expect(followers.followed).toBe(200);
  const reader = { ...stage.adapter, find: async () => undefined };
  now = 2;
  await followers.look(reader);
  // gone is ended: timed from here
  expect([followers.open, followers.times.total]).toEqual([150, { p50: 2, p90: 2, p99: 2, max: 2 }]);
});
