import { describe, expect, it } from 'vitest';
import { aroundApply } from './faulty.ts';
import { openStage, remove } from './stage.ts';

describe('an undo', () => {
  it('gives replayed jobs back what they were, and can be undone itself', async () => {
    const stage = await openStage();
    stage.seed(12);
    const before = stage.memory.dump();
    const run = await stage.act();
    const replayed = stage.memory.dump();
    const undo = await stage.undo(run.run ?? '');
    expect(undo).toMatchObject({ verb: 'undo', complete: true, outcomes: { done: 12, skipped: 0 } });
    expect(undo.backup).toBeDefined();
    expect(stage.memory.dump()).toBe(before);
    expect(await stage.undo(undo.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 12 } });
    expect(stage.memory.dump()).toBe(replayed);
  });

  it('leaves alone what a worker has taken since, and says so', async () => {
    const stage = await openStage();
    stage.seed(3);
    const run = await stage.act();
    const taken = stage.memory.worker().take('email');
    const undo = await stage.undo(run.run ?? '');
    expect(undo).toMatchObject({ complete: false, outcomes: { done: 2, skipped: 1 } });
    expect(undo.skipped).toEqual([{ id: taken?.id, why: 'started' }]);
    expect(Object.values(stage.states()).sort()).toEqual(['active', 'dead', 'dead']);
  });

  it('takes back only what the run really changed', async () => {
    const stage = await openStage();
    const ids = stage.seed(4);
    stage.adapter = aroundApply(stage.memory, (apply) => async (jobs) => {
      const [first, ...others] = jobs;
      if (first === undefined) return [];
      return [{ ref: first.job, result: 'failed', why: 'no room' }, ...(await apply(others))];
    });
    const run = await stage.act();
    stage.adapter = stage.memory;
    expect(await stage.undo(run.run ?? '')).toMatchObject({ matched: 3, outcomes: { done: 3 } });
    expect(stage.states()[ids[0] ?? '']).toBe('dead');
  });

  it('of a purge recreates the jobs; doing it again finds them unchanged', async () => {
    const stage = await openStage();
    stage.seed(7);
    const before = stage.memory.dump();
    const purge = await stage.act({ verb: 'purge', action: remove });
    expect(stage.memory.dump()).toBe('');
    expect(await stage.undo(purge.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 7 } });
    expect(stage.memory.dump()).toBe(before);
    expect(await stage.undo(purge.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 0, skipped: 7 } });
    expect(stage.memory.dump()).toBe(before);
  });

  it('of a restore takes away what it had recreated, unless a worker has it', async () => {
    const stage = await openStage();
    stage.seed(4, { state: 'waiting' });
    const purge = await stage.act({ verb: 'purge', action: remove, states: ['waiting'] });
    const restore = await stage.restore(purge.run ?? '');
    const taken = stage.memory.worker().take('email');
    const undo = await stage.undo(restore.run ?? '');
    expect(undo.outcomes.done).toBe(3);
    expect(Object.keys(stage.states())).toEqual([taken?.id]);
  });
});

describe('a restore', () => {
  it('never overwrites: what is there and differs is a conflict', async () => {
    const stage = await openStage();
    const [first = '', second = ''] = stage.seed(3);
    const purge = await stage.act({ verb: 'purge', action: remove });
    await stage.restore(purge.run ?? '', { ids: [first, second] });
    const there = stage.memory.take({ queue: 'email', id: first });
    if (there !== undefined) stage.memory.put({ ...there, payload: '{"to":"eve"}' });
    const report = await stage.restore(purge.run ?? '');
    expect(report).toMatchObject({ complete: false, outcomes: { done: 1, skipped: 2 } });
    expect(report.skipped).toEqual([
      { id: first, why: 'conflict' },
      { id: second, why: 'unchanged' },
    ]);
  });

  it('brings back dead what could start by itself, unless told to bring it back as it was', async () => {
    const stage = await openStage();
    stage.seed(2, { state: 'waiting' });
    const purge = await stage.act({ verb: 'purge', action: remove, states: ['waiting'] });
    const parked = await stage.restore(purge.run ?? '', { asWas: false });
    expect(Object.values(stage.states())).toEqual(['dead', 'dead']);
    await stage.undo(parked.run ?? '');
    await stage.restore(purge.run ?? '');
    expect(Object.values(stage.states())).toEqual(['waiting', 'waiting']);
  });

  it('keeps to its limit', async () => {
    const stage = await openStage();
    stage.seed(12);
    const purge = await stage.act({ verb: 'purge', action: remove });
    const report = await stage.restore(purge.run ?? '', { limit: 7 });
    expect(report).toMatchObject({ complete: true, matched: 12, more: 5, outcomes: { done: 7 } });
    expect(Object.keys(stage.states()).length).toBe(7);
  });
});
