import { utimes, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { Plan } from '../../src/domain/plan.ts';
import { madeBefore, toldApart } from '../../src/operations/made-before.ts';
import { createRun } from '../../src/safety/run-folder.ts';
import { planFor, temporaryFolder } from '../safety/saved-jobs.ts';

const time = '2026-11-24T03:41:12.000000Z';
const how = { asWas: false, cutoff: time } as const;
const adds: Partial<Plan> = { verb: 'enqueue', task: { kind: 'enqueue', queue: 'a.fifo', types: ['a'] } };
const back = (via: 'withdraw' | 'restore'): Partial<Plan> => ({
  verb: 'undo',
  task: { kind: 'put-back', via, how, from: { backup: '' } },
});

/** Runs of one batch each, begun a second after one another long ago, and written just now. */
async function scene() {
  const state = await temporaryFolder();
  let second = 0;
  return {
    state,
    async run(plan: Partial<Plan>, ids: readonly string[]) {
      second += 1;
      const run = await createRun(state, planFor(['a.fifo'], plan), new Date(Date.UTC(2026, 10, 1, 0, 0, second)));
      const made = plan.verb === 'enqueue' ? { made: ids } : {};
      await run.journal({ at: 'intent', batch: 1, mark: 'm', ids: plan.verb === 'enqueue' ? ['#1'] : ids });
      const copies = ids.map((id) => ({ queue: 'a.fifo', id, as: `new-${id}` }));
      if (plan.task?.kind === 'put-back' && plan.task.via === 'restore')
        await run.journal({ at: 'copied', batch: 1, copies });
      await run.journal({ at: 'outcome', batch: 1, done: ids.length, rest: [], ...made });
      await run.close();
      return { id: run.id, journal: run.journalPath };
    },
  };
}

it('knows what was sent of late, however long ago its run began, and who took it away since', async () => {
  const { state, run } = await scene();
  const old = await run(adds, ['old']);
  const first = await run(adds, ['1', '2', '3']);
  const undo = await run(back('withdraw'), ['2', '3', 'of nobody']);
  await run(back('restore'), ['3']);
  const second = await run(adds, ['4']);
  await utimes(old.journal, new Date(), new Date(Date.now() - 400_000));
  expect([...(await madeBefore(state, 300))]).toEqual([
    ['1', { run: first.id }],
    ['2', { run: first.id, goneBy: undo.id }],
    ['3', { run: first.id }],
    ['4', { run: second.id }],
  ]);
});

it('a damaged journal keeps nothing from being added', async () => {
  const { state, run } = await scene();
  const broken = await run(adds, ['1']);
  await writeFile(broken.journal, '{\n{"at":"end"}\n');
  const whole = await run(adds, ['2']);
  expect([...(await madeBefore(state, 300))]).toEqual([['2', { run: whole.id }]]);
});

it('only an answer about a job with a key can be about an earlier one', () => {
  const done = (id: string) => ({ result: 'done', ref: { queue: 'a.fifo', id } }) as const;
  const job = { type: 'a', payload: '{}' };
  const made = new Map([
    ['1', { run: 'R1' }],
    ['2', { run: 'R1', goneBy: 'R2' }],
  ]);
  const keyed = { ...job, key: 'k' };
  const failed = { result: 'failed', why: 'no' } as const;
  const answers = [done('1'), done('2'), done('1'), done('3'), done('3'), failed];
  expect(toldApart(made, [keyed, keyed, job, keyed, keyed, keyed], answers)).toMatchObject([
    { result: 'duplicate', ref: { id: '1' }, why: 'sent as 1 by R1' },
    { result: 'failed', why: expect.stringMatching(/^R1 sent it as 2, and R2 took it away: .*nothing was added/) },
    done('1'),
    done('3'),
    { result: 'duplicate', why: 'sent as 3 by this run' },
    failed,
  ]);
});
