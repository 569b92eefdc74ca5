import { expect, it } from 'vitest';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import { JobctlError } from '../../src/domain/errors.ts';
import type { Report } from '../../src/domain/plan.ts';
import type { Scale, ScaleChange, Scales, ScaleValues } from '../../src/domain/scale.ts';
import { engineFor } from '../../src/operations/engine.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { planScale, type ScaleRequest, scaleBack } from '../../src/operations/scaling.ts';
import { readRun } from '../../src/safety/run-folder.ts';
import { openStage, portsOf } from './stage.ts';

/** Consumers whose scale is a value in memory. */
async function scene(...values: ScaleValues[]) {
  const stage = await openStage();
  stage.seed(1);
  const all: Scale[] = values.map((one, index) => ({
    id: `c${index}`,
    queue: 'email',
    consumer: `send-${index}`,
    state: 'Enabled',
    values: one,
    notes: [],
  }));
  const ops: Scales = {
    check: async (_scale, { reservedConcurrency }) => ({ warnings: [], severe: reservedConcurrency === 0 }),
    set: async ({ id }, change, as) => {
      const index = all.findIndex((scale) => scale.id === id);
      const scale = all[index] as Scale;
      for (const [name, value] of Object.entries(as))
        if ((scale.values[name as keyof ScaleValues] ?? null) !== value) throw new JobctlError('stale', 'changed');
      const next = Object.entries({ ...scale.values, ...change }).filter(([, value]) => value !== null);
      all[index] = { ...scale, values: Object.fromEntries(next) };
      return all[index];
    },
  };
  const adapter: QueueAdapter = {
    ...stage.memory,
    scales: async () => [...all],
    can: { ...stage.memory.can, scale: { level: 'native', ops } },
  };
  const order = (change: ScaleChange, more: Partial<ScaleRequest> = {}): Promise<Report> =>
    runOperation(
      () =>
        planScale(adapter, ops, { verb: 'scale', context: 'test', protected: false, queue: 'email', change, ...more }),
      (plan) => engineFor(plan, { adapter, tests: {}, source: async function* () {} }),
      portsOf(
        (run) => run,
        stage.stateDir,
        stage.log,
        () => adapter,
      ),
      { dryRun: false, batch: 10, signal: new AbortController().signal },
    );
  const back = async (run = '') => {
    const { task } = (await readRun(stage.stateDir, run)).plan;
    if (task.kind !== 'scale') throw new TypeError(task.kind);
    const { change, ...rest } = scaleBack(task);
    return await order(change, { ...rest, verb: 'undo' });
  };
  return { stage, all, order, back };
}

it('sets under the lock, and an undo puts back the values that it replaced', async () => {
  const { stage, all, order, back } = await scene({ maxConcurrency: 5, batchSize: 10 });
  const done = await order({ maxConcurrency: 50, reservedConcurrency: 60, batchSize: 10 });
  expect(done).toMatchObject({ verb: 'scale', complete: true, outcomes: { done: 1 } });
  expect(stage.log).toEqual(['plan', 'confirm 1', 'lock', 'settled', 'audit', 'unlock']);
  expect(all[0]?.values).toEqual({ maxConcurrency: 50, batchSize: 10, reservedConcurrency: 60 });
  const [, intent] = await stage.journal(done.run ?? '');
  expect(intent).toMatchObject({ saved: { maxConcurrency: 5, reservedConcurrency: null } });
  const undone = await back(done.run);
  expect([undone.complete, all[0]?.values]).toEqual([true, { maxConcurrency: 5, batchSize: 10 }]);
  expect(await back(undone.run)).toMatchObject({ complete: true });
  expect(all[0]?.values).toMatchObject({ maxConcurrency: 50, reservedConcurrency: 60 });
});

it('an undo leaves alone what somebody has changed since', async () => {
  const { all, order, back } = await scene({ maxConcurrency: 5 });
  const done = await order({ maxConcurrency: 50 });
  all[0] = { ...(all[0] as Scale), values: { maxConcurrency: 70 } };
  expect(await back(done.run)).toMatchObject({ complete: false, skipped: [{ id: 'c0', why: 'conflict: changed' }] });
  expect(all[0]?.values).toEqual({ maxConcurrency: 70 });
});

it('does nothing where it is so already, and asks which one where there are several', async () => {
  const { order } = await scene({ maxConcurrency: 5 });
  expect(await order({ maxConcurrency: 5, reservedConcurrency: null })).toMatchObject({ matched: 0, complete: true });
  const several = await scene({ maxConcurrency: 5 }, {});
  await expect(several.order({ maxConcurrency: 9 })).rejects.toMatchObject({
    code: 'JOBCTL_USAGE',
    next: [expect.stringContaining('--mapping c0'), expect.stringContaining('--mapping c1')],
  });
  expect(await several.order({ maxConcurrency: 9 }, { id: 'c1' })).toMatchObject({ outcomes: { done: 1 } });
  expect(several.all.map(({ values }) => values.maxConcurrency)).toEqual([5, 9]);
});
