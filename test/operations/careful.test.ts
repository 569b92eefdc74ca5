import { expect, it } from 'vitest';
import type { JobRef } from '../../src/domain/job.ts';
import { type CanaryRequest, canaryOn } from '../../src/operations/canary.ts';
import { openStage, type Stage } from './stage.ts';

/** A canary on a clock that only a sleep moves on; `meanwhile` is what workers do in it. */
function canary(stage: Stage, request: Partial<CanaryRequest>, meanwhile: () => void = () => {}) {
  let clock = 0;
  const said: string[] = [];
  const watched: JobRef[] = [];
  const made = canaryOn(
    stage.memory,
    { count: 3, wait: 60, maxFailures: 0, ...request },
    {
      now: () => clock,
      async sleep(seconds) {
        clock += seconds;
        meanwhile();
      },
      signal: new AbortController().signal,
      show: (text) => said.push(text),
    },
  );
  const watch: typeof made.watch = (jobs) => {
    watched.push(...jobs);
    return made.watch(jobs);
  };
  return { canary: { ...made, watch }, watched, said };
}

/** Takes every waiting job, and ends it. */
function work(stage: Stage, end: 'finish' | 'fail'): void {
  const worker = stage.memory.worker();
  for (let job = worker.take('email'); job !== undefined; job = worker.take('email')) worker[end](job);
}

const countOf = (stage: Stage, state: string): number =>
  Object.values(stage.states()).filter((one) => one === state).length;

it('the others follow when the first few ended well', async () => {
  const stage = await openStage();
  stage.seed(12, { maxAttempts: 1 });
  const { canary: first, watched } = canary(stage, {}, () => work(stage, 'finish'));
  const report = await stage.act({ pace: { canary: first } });
  expect(report).toMatchObject({ complete: true, outcomes: { done: 12 } });
  expect(watched.map(({ id }) => id)).toEqual(['1', '2', '3']);
  expect(countOf(stage, 'completed')).toBe(3);
  expect(countOf(stage, 'waiting')).toBe(9);
});

it('the others stay dead when the first few die again', async () => {
  const stage = await openStage();
  stage.seed(12, { maxAttempts: 1 });
  const { canary: first } = canary(stage, {}, () => work(stage, 'fail'));
  const report = await stage.act({ pace: { canary: first } });
  expect(report).toMatchObject({
    complete: false,
    outcomes: { done: 3 },
    stopped: 'the canary died: 3 of 3 ended, 3 of them died again',
  });
  expect(report.next[0]).toMatch(/^jobctl dlq groups email/);
  expect(countOf(stage, 'dead')).toBe(12);
  // whoever knows better goes on; what died again after the plan is not part of it
  expect(await stage.resume(report.run ?? '')).toMatchObject({ outcomes: { done: 12 } });
});

it('as many may die as is said', async () => {
  const stage = await openStage();
  stage.seed(6, { maxAttempts: 1 });
  const worker = stage.memory.worker();
  const { canary: first } = canary(stage, { maxFailures: 1 }, () => {
    const job = worker.take('email');
    if (job !== undefined) worker[job.id === '1' ? 'fail' : 'finish'](job);
  });
  expect(await stage.act({ pace: { canary: first } })).toMatchObject({ complete: true, outcomes: { done: 6 } });
});

it('goes no further when nobody took the first few, or when they are to be tried again', async () => {
  const stage = await openStage();
  stage.seed(6, { maxAttempts: 5 });
  const silent = await stage.act({ pace: { canary: canary(stage, { wait: 10 }).canary } });
  expect(silent).toMatchObject({
    outcomes: { done: 3 },
    stopped: expect.stringMatching(/no answer within 10 s: 3 of 3/),
  });

  const other = await openStage();
  other.seed(6, { maxAttempts: 5 });
  const failing = canary(other, { wait: 10 }, () => work(other, 'fail'));
  expect(await other.act({ pace: { canary: failing.canary } })).toMatchObject({
    outcomes: { done: 3 },
    stopped: 'the canary fails: 3 of 3 jobs failed and will be tried again',
  });
});
