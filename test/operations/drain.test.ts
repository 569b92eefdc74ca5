import { expect, it } from 'vitest';
import { type MemoryAdapter, memoryAdapter } from '../../src/adapters/memory/index.ts';
import { asReader } from '../../src/adapters/wrap/as-reader.ts';
import type { QueueReader } from '../../src/domain/adapter.ts';
import { JobctlError } from '../../src/domain/errors.ts';
import { type DrainRequest, type DrainStep, drain } from '../../src/operations/drain.ts';

/** A clock that only a sleep moves on; `meanwhile` is what workers do in each. */
function scene(memory: MemoryAdapter, meanwhile: (sleeps: number) => void = () => {}) {
  const stop = new AbortController();
  const steps: DrainStep[] = [];
  let clock = 100;
  let sleeps = 0;
  const wait = (request: Partial<DrainRequest> = {}, reader: QueueReader = memory) =>
    drain(
      reader,
      { queues: ['email'], within: 60, includeDelayed: false, activeOnly: false, every: 1, ...request },
      {
        now: () => clock,
        async sleep(seconds) {
          clock += seconds;
          sleeps += 1;
          meanwhile(sleeps);
        },
        signal: stop.signal,
        show: (step) => steps.push(step),
      },
    );
  return { wait, steps, stop };
}

const three = () => memoryAdapter({ jobs: Array.from({ length: 3 }, () => ({ queue: 'email' })) });

it('waits until the workers have taken and ended all jobs, and tells how fast that goes', async () => {
  const memory = three();
  const worker = memory.worker();
  const { wait, steps } = scene(memory, () => {
    const job = worker.take('email');
    if (job !== undefined) worker.finish(job);
  });
  expect(await wait()).toMatchObject({ drained: true, remaining: 0, waitedSeconds: 3 });
  expect(steps.map(({ remaining }) => remaining)).toEqual([3, 2, 1, 0]);
  expect(steps.map(({ perSecond }) => perSecond)).toEqual([undefined, 1, 1, 1]);
});

it('a job that still runs keeps the queue from being empty', async () => {
  const memory = three();
  const worker = memory.worker();
  for (let n = 0; n < 3; n += 1) worker.take('email');
  const { wait } = scene(memory);
  expect(await wait({ within: 5 })).toMatchObject({
    drained: false,
    stopped: 'timeout',
    waitedSeconds: 5,
    left: { waiting: 0, active: 3 },
  });
});

it('waits for delayed jobs only when that is said', async () => {
  const due = '9999-01-01T00:00:00.000000Z';
  const memory = memoryAdapter({ jobs: [{ queue: 'email', state: 'delayed', since: due }] });
  expect(await scene(memory).wait()).toMatchObject({ drained: true, left: { delayed: 1 } });
  expect(await scene(memory).wait({ includeDelayed: true, within: 3 })).toMatchObject({ drained: false });
});

it('never believes one zero where counts are estimates: as many looks and as much time as the backend asks for', async () => {
  const memory = memoryAdapter({ jobs: [{ queue: 'email', state: 'completed' }] });
  // a job turns up between the third and the fourth look
  const late = scene(memory, (sleeps) => {
    if (sleeps === 3) memory.seed([{ queue: 'email' }]);
    if (sleeps === 5) memory.take({ queue: 'email', id: '2' });
  });
  const careful: QueueReader = {
    ...asReader(memory),
    backend: { ...memory.backend, emptyAfter: { looks: 4, seconds: 10 } },
  };
  expect(await late.wait({ within: 120 }, careful)).toMatchObject({ drained: true, waitedSeconds: 15 });

  const vague: QueueReader = {
    ...asReader(memory),
    stats: async (request) => (await memory.stats(request)).map((one) => ({ ...one, exact: false })),
  };
  expect(await scene(memory).wait({ within: 120 }, vague)).toMatchObject({ drained: true, waitedSeconds: 60 });
});

it('refuses to wait for what a pause keeps from ending, and waits for what runs', async () => {
  const memory = three();
  const worker = memory.worker();
  const running = worker.take('email');
  memory.store.paused.add('email');
  await expect(scene(memory).wait()).rejects.toMatchObject({
    code: 'JOBCTL_REFUSED',
    message: 'email is paused: nothing takes the 2 jobs that wait in it.',
  });
  const { wait } = scene(memory, () => running !== undefined && worker.finish(running));
  expect(await wait({ activeOnly: true })).toMatchObject({ drained: true, left: { waiting: 2, active: 0 } });
});

it('is stopped by a signal, and says what is left', async () => {
  const memory = three();
  const { wait, stop } = scene(memory, () => stop.abort());
  expect(await wait()).toMatchObject({ drained: false, stopped: 'cancelled', remaining: 3 });
});

it('a look that gets no answer is made again, for a minute and no longer than there is time', async () => {
  const silent = new JobctlError('timeout', 'no answer within 3 s');
  const memory = three();
  const worker = memory.worker();
  let looks = 0;
  const deafFor = (from: number, to: number): QueueReader => ({
    ...memory,
    stats: async (request) => {
      looks += 1;
      if (looks >= from && looks < to) throw silent;
      return await memory.stats(request);
    },
  });
  const { wait } = scene(memory, () => {
    const job = worker.take('email');
    if (job !== undefined) worker.finish(job);
  });
  expect(await wait({}, deafFor(2, 5))).toMatchObject({ drained: true });
  looks = 0;
  memory.seed([{ queue: 'email' }]);
  const lost = scene(memory);
  await expect(lost.wait({ within: 3600 }, deafFor(2, Number.POSITIVE_INFINITY))).rejects.toMatchObject({
    // not 9: nobody knows whether it has emptied
    kind: 'unreachable',
    message: 'no answer within 3 s',
  });
  expect(looks).toBeLessThan(25);
  // a place that cannot be reached at all is told at once
  looks = 0;
  await expect(scene(memory).wait({}, deafFor(1, 5))).rejects.toBe(silent);
  expect(looks).toBe(1);
});
