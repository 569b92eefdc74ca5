import { expect, it } from 'vitest';
import { timed } from '../../src/adapters/wrap/timed.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import { CallTimes, reliefOn } from '../../src/operations/relief.ts';
import { aroundApply } from './faulty.ts';
import { openStage } from './stage.ts';

/**
 * A backend on a clock of its own: each write takes 0.1 s, the ones named more. Only writes and sleeps move the clock; the
 * timer of the direct sign is rung by hand.
 */
async function scene(slowWrites: Readonly<Record<number, number>> = {}) {
  const stage = await openStage();
  stage.seed(100);
  let clock = 0;
  const state: { sign: string | undefined; rung: (() => void)[]; answerSeconds: number } = {
    sign: undefined,
    rung: [],
    answerSeconds: 0,
  };
  const slow = aroundApply(stage.memory, (apply, number) => async (jobs) => {
    clock += slowWrites[number] ?? 0.1;
    for (const ring of state.rung) ring();
    return await apply(jobs);
  });
  const backend: QueueAdapter = {
    ...slow,
    pain: async () => state.sign,
    now: async () => {
      clock += state.answerSeconds;
      return await stage.memory.now();
    },
  };
  const times = new CallTimes();
  stage.adapter = timed(backend, { now: () => clock, record: (jobs, seconds) => times.record(jobs, seconds) });
  const stop = new AbortController();
  const sleeps: number[] = [];
  const relief = reliefOn(backend, times, {
    now: () => clock,
    sleep: async (seconds) => {
      clock += seconds;
      sleeps.push(seconds);
      meanwhile();
    },
    every: (_seconds, look) => {
      state.rung.push(look);
      return () => void state.rung.splice(state.rung.indexOf(look), 1);
    },
    signal: stop.signal,
  });
  let meanwhile = (): void => {};
  const act = (more = {}) => stage.act({ pace: { relief, batch: 5 }, ...more });
  return {
    stage,
    state,
    sleeps,
    stop,
    act,
    during: (work: () => void) => {
      meanwhile = work;
    },
  };
}

it('a run on a backend that is well never waits', async () => {
  const { act, sleeps, state } = await scene();
  expect(await act()).toMatchObject({ complete: true, outcomes: { done: 100 } });
  expect(sleeps).toEqual([]);
  expect(state.rung).toEqual([]);
});

it('waits when a write takes far longer than the first ones did, and goes on when the backend answers', async () => {
  const { act, sleeps } = await scene({ 8: 3 });
  expect(await act()).toMatchObject({ complete: true, outcomes: { done: 100 } });
  expect(sleeps).toEqual([0.5]);
});

it('waits longer each time that one more batch was no better', async () => {
  const { act, sleeps } = await scene({ 8: 3, 9: 3, 10: 3 });
  expect(await act()).toMatchObject({ complete: true });
  expect(sleeps).toEqual([0.5, 1, 2]);
});

it('what is slow from the beginning, or slow by a hair, is no pain', async () => {
  const always = await scene(Object.fromEntries(Array.from({ length: 20 }, (_, n) => [n + 1, 3])));
  await always.act();
  const hair = await scene({ 8: 0.9 });
  await hair.act();
  expect([always.sleeps, hair.sleeps]).toEqual([[], []]);
});

it('waits for a direct sign to pass, says what it waits for, and how it went on is in the report', async () => {
  const { stage, state, act, sleeps, during } = await scene();
  state.sign = '12 sessions wait for its locks';
  during(() => {
    if (sleeps.length === 4) state.sign = undefined;
  });
  expect(await act()).toMatchObject({ complete: true, outcomes: { done: 100 } });
  expect(sleeps).toEqual([0.5, 1, 2, 4]);
  expect(stage.log.filter((line) => line.startsWith('waiting'))).toEqual(
    Array.from({ length: 4 }, () => 'waiting: 12 sessions wait for its locks'),
  );
});

it('stops after ten minutes, with the command that goes on', async () => {
  const { stage, state, act, sleeps } = await scene();
  state.sign = '12 sessions wait for its locks';
  const report = await act();
  expect(report).toMatchObject({
    complete: false,
    stopped: 'the backend suffers: 12 sessions wait for its locks; it was waited for 10 minutes',
  });
  expect(report.next[0]).toBe(`jobctl run resume ${report.run}`);
  expect(sleeps.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(600);
  expect(report.outcomes.done).toBeLessThan(100);
  expect(await stage.resume(report.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 100 } });
});

it('waits as long as even a look takes seconds', async () => {
  const { state, act, sleeps, during } = await scene({ 8: 3 });
  state.answerSeconds = 2;
  during(() => {
    if (sleeps.length === 3) state.answerSeconds = 0;
  });
  expect(await act()).toMatchObject({ complete: true });
  expect(sleeps).toEqual([0.5, 1, 2]);
});

it('Ctrl-C ends the wait', async () => {
  const { state, act, stop, during, sleeps } = await scene();
  state.sign = 'it suffers';
  during(() => stop.abort());
  await act();
  expect(sleeps).toHaveLength(1);
});

it('only runs that give work wait: a removal makes nothing worse', async () => {
  const { state, act, sleeps } = await scene({ 8: 3 });
  state.sign = 'it suffers';
  expect(await act({ verb: 'remove', action: { verb: 'remove' } })).toMatchObject({ complete: true });
  expect(sleeps).toEqual([]);
});
