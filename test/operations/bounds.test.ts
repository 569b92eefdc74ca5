import { describe, expect, it } from 'vitest';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import type { Claims } from '../../src/domain/claim.ts';
import { openStage, remove, type Stage } from './stage.ts';

/** A backend that tells before a write that nothing shows what came after the plan, and counts only so many. */
function counting(stage: Stage, value: number): void {
  stage.adapter = {
    ...stage.memory,
    count: async () => ({ value, exact: false }),
    cautions: async () => ({ lines: ['it ends at the planned count'], endsAtCount: true }),
  };
}

describe('a run that ends at the planned count', () => {
  it('writes to no more, and says that it met others', async () => {
    const stage = await openStage();
    stage.seed(7);
    counting(stage, 4);
    const report = await stage.act();
    expect(report).toMatchObject({ complete: true, matched: 4, outcomes: { done: 4 } });
    expect(report.next[0]).toMatch(/at least 1 more are there/);
    expect(Object.values(stage.states()).filter((state) => state === 'dead')).toHaveLength(3);
  });

  it('counts what was passed over too, and a resumed run goes on with the same count', async () => {
    const stage = await openStage();
    stage.seed(8);
    counting(stage, 8);
    const stop = new AbortController();
    const { adapter } = stage;
    stage.around = (run) => ({
      ...run,
      journal: async (entry) => {
        await run.journal(entry);
        if (entry.at === 'outcome') stop.abort();
      },
    });
    const first = await stage.act({ pace: { signal: stop.signal, batch: 3 } });
    expect(first).toMatchObject({ complete: false, outcomes: { done: 3 } });
    stage.seed(4);
    stage.adapter = adapter;
    stage.around = (run) => run;
    expect(await stage.resume(first.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 8 } });
  });
});

it('a backend that can only give a job back to its own queue refuses another one, on a dry run too', async () => {
  const stage = await openStage();
  stage.seed(1);
  const action = { verb: 'replay', keepAttempts: false, to: 'slow' } as const;
  const pace = { dryRun: true };
  await expect(stage.act({ action, pace })).rejects.toMatchObject({ code: 'JOBCTL_UNSUPPORTED' });
});

it('an undo takes away only what was named, also where a claim holds more', async () => {
  const stage = await openStage();
  stage.seed(3);
  const removed = await stage.act({ action: remove });
  const restored = await stage.restore(removed.run ?? '');
  const others = stage.seed(2);
  const { can } = stage.memory;
  const broad: Claims = {
    ...(can.remove as Extract<QueueAdapter['can']['remove'], { ops: unknown }>).ops,
    claim({ selection: { ids: _ids, ...selection }, ...request }) {
      return (can.remove as Extract<QueueAdapter['can']['remove'], { ops: unknown }>).ops.claim({
        ...request,
        size: 10,
        selection,
      });
    },
  };
  stage.adapter = { ...stage.memory, can: { ...can, remove: { level: 'native', ops: broad } } };
  expect(await stage.undo(restored.run ?? '')).toMatchObject({ outcomes: { done: 3 } });
  expect(Object.keys(stage.states()).sort()).toEqual([...others].sort());
});
