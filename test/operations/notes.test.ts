import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { RunFolder } from '../../src/safety/run-folder.ts';
import { aroundApply } from './faulty.ts';
import { around, openStage, type Stage } from './stage.ts';

const note = 'dead now';

/** Every third job comes to something else than was meant. */
const noting = (stage: Stage) =>
  aroundApply(
    stage.memory,
    (apply) => async (jobs) =>
      (await apply(jobs)).map(
        (one): Outcome => (one.result === 'done' && Number(one.ref.id) % 3 === 0 ? { ...one, note } : one),
      ),
  );

const expected = {
  outcomes: { done: 12, skipped: 0, failed: 0, unknown: 0 },
  complete: false,
  warnings: [`4 jobs: ${note}`],
};

describe('what was done, and came to something else than was meant', () => {
  it('is in the report, which is not complete, and not in the way of an undo', async () => {
    const stage = await openStage();
    stage.seed(12);
    stage.adapter = noting(stage);
    const report = await stage.act();
    expect(report).toMatchObject(expected);
    expect(report.stopped).toBeUndefined();
    stage.adapter = stage.memory;
    expect(await stage.undo(report.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 12 } });
  });

  it('is still told after a run that was cut off was taken up again', async () => {
    const stage = await openStage();
    stage.seed(12);
    stage.adapter = noting(stage);
    let batches = 0;
    stage.around = (run: RunFolder) =>
      around(run, {
        save: (jobs) => {
          batches += 1;
          if (batches === 3) throw new Error('the disk is full');
          return run.save(jobs);
        },
      });
    const { run, complete } = await stage.act();
    expect(complete).toBe(false);
    stage.around = (folder) => folder;
    expect(await stage.resume(run ?? '')).toMatchObject(expected);
  });
});
