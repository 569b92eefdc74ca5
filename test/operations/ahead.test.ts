import { expect, it } from 'vitest';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import { openBackup, verifyBackup } from '../../src/safety/backup-reader.ts';
import { collect } from '../safety/saved-jobs.ts';
import { type Apply, aroundApply } from './faulty.ts';
import { around, openStage, type Stage } from './stage.ts';

/** Its claims may be asked for before the one in front is written. */
const ahead = (adapter: QueueAdapter, wrap: (apply: Apply, number: number) => Apply): QueueAdapter =>
  aroundApply(adapter, wrap, { ahead: true });

/** Resolves when so many batches are saved, or could not be. */
function saves(stage: Stage, fails?: number): (number: number) => Promise<void> {
  const done = new Map<number, PromiseWithResolvers<void>>();
  const of = (number: number): PromiseWithResolvers<void> => {
    const one = done.get(number) ?? Promise.withResolvers<void>();
    done.set(number, one);
    return one;
  };
  let number = 0;
  stage.around = (run) =>
    around(run, {
      async save(jobs) {
        number += 1;
        const mine = of(number);
        try {
          if (number === fails) throw new Error('the disk is full');
          return await run.save(jobs);
        } finally {
          mine.resolve();
        }
      },
    });
  return (which) => of(which).promise;
}

const kinds = (log: readonly string[]): string[] => log.filter((line) => /^(save|journal (intent|outcome))/.test(line));

it('saves the next batch while this one is written, and writes one after the other', async () => {
  const stage = await openStage();
  stage.seed(12);
  const saved = saves(stage);
  let applying = 0;
  stage.adapter = ahead(stage.memory, (apply, number) => async (jobs) => {
    applying += 1;
    expect(applying).toBe(1);
    if (number < 3) await saved(number + 1); // never comes where batch follows batch
    const outcomes = await apply(jobs);
    applying -= 1;
    return outcomes;
  });
  const report = await stage.act();
  expect(report).toMatchObject({ complete: true, outcomes: { done: 12, skipped: 0 } });
  expect(kinds(stage.log).filter((line) => line.startsWith('journal'))).toEqual(
    [1, 2, 3].flatMap(() => ['journal intent', 'journal outcome']),
  );
  expect(await verifyBackup(report.backup ?? '')).toMatchObject({ ok: true, frames: 3, jobs: 12 });
});

it('a batch that was saved when the run was stopped is not touched, not held, and no part of the backup', async () => {
  const stage = await openStage();
  const ids = stage.seed(12);
  const saved = saves(stage);
  const stop = new AbortController();
  stage.adapter = ahead(stage.memory, (apply) => async (jobs) => {
    await saved(2);
    stop.abort();
    return await apply(jobs);
  });
  const report = await stage.act({ pace: { signal: stop.signal } });
  expect(report).toMatchObject({ complete: false, stopped: 'stopped on request', outcomes: { done: 5 } });
  // the second may even be saved before the intent of the first is written
  expect(kinds(stage.log).sort()).toEqual(['journal intent', 'journal outcome', 'save 5', 'save 5']);
  expect(stage.memory.store.held.size).toBe(0);
  const frames = await collect(openBackup(report.backup ?? ''));
  expect(frames.flatMap(({ jobs }) => jobs.map(({ job }) => job.id))).toEqual(ids.slice(0, 5));
  stage.adapter = stage.memory;
  expect(await stage.resume(report.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 12 } });
  expect(await verifyBackup(report.backup ?? '')).toMatchObject({ ok: true, jobs: 12 });
});

it('with a limit waits for what became of the batch before', async () => {
  const stage = await openStage();
  stage.seed(12);
  stage.adapter = ahead(stage.memory, (apply) => async (jobs) => {
    stage.log.push('apply');
    return await apply(jobs);
  });
  expect(await stage.act({ limit: 8 })).toMatchObject({ outcomes: { done: 8 } });
  const order = stage.log.filter((line) => /^(save|apply)/.test(line));
  expect(order).toEqual(['save 5', 'apply', 'save 3', 'apply']);
});

it('when the next batch cannot be saved, what became of this one is written down first', async () => {
  const stage = await openStage();
  stage.seed(12);
  const saved = saves(stage, 2);
  stage.adapter = ahead(stage.memory, (apply) => async (jobs) => {
    await saved(2);
    return await apply(jobs);
  });
  const report = await stage.act();
  expect(report).toMatchObject({ complete: false, stopped: 'the disk is full', outcomes: { done: 5, unknown: 0 } });
  expect(kinds(stage.log)).toEqual(['save 5', 'journal intent', 'journal outcome']);
  expect(stage.memory.store.held.size).toBe(0);
});
