import { expect, it } from 'vitest';
import type { PutBackSource } from '../../src/domain/plan.ts';
import { sentBefore } from '../../src/operations/sent-before.ts';
import { createRun } from '../../src/safety/run-folder.ts';
import { planFor, temporaryFolder } from '../safety/saved-jobs.ts';

const time = '2026-11-24T03:41:12.000000Z';
const how = { asWas: false, cutoff: time } as const;

it('knows what a restore sent and an undo took away, also of a run that was never finished', async () => {
  const state = await temporaryFolder();
  const make = async (day: number, via: 'restore' | 'remove', from: PutBackSource, ids: string[], ended: boolean) => {
    const verb = via === 'restore' ? 'restore' : 'undo';
    const task = { kind: 'put-back', via, how, from } as const;
    const run = await createRun(state, planFor(['email'], { verb, task }), new Date(Date.UTC(2026, 10, day)));
    await run.journal({ at: 'start', time, run: run.id, verb });
    await run.journal({ at: 'intent', batch: 1, mark: 'm', ids });
    const copies = ids.map((id) => ({ queue: 'email', id, as: `new-${id}` }));
    if (via === 'restore') await run.journal({ at: 'copied', batch: 1, copies });
    await run.journal({ at: 'outcome', batch: 1, done: ids.length, rest: [] });
    if (ended) await run.journal({ at: 'end', time, complete: true });
    await run.close();
    return run.id;
  };
  const backup = '/var/lib/evacuated.zst';
  // listed last in time and first by its state, with its undo behind it
  const broken = await make(1, 'restore', { backup }, ['1', '2'], false);
  await make(2, 'remove', { backup: '/var/lib/other.zst', run: broken }, ['new-1'], true);
  await make(3, 'restore', { backup: '/var/lib/other.zst' }, ['3'], true);
  const whole = await make(4, 'restore', { backup }, ['4'], true);
  expect([...(await sentBefore(state, backup))].sort()).toEqual([
    ['2', { as: 'new-2', run: broken }],
    ['4', { as: 'new-4', run: whole }],
  ]);
});
