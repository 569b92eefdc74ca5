import { expect, it } from 'vitest';
import type { OpenIntent } from '../../src/domain/claim.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { aroundApply } from './faulty.ts';
import { openStage } from './stage.ts';

const refOf = ({ queue, id }: { readonly queue: string; readonly id: string }) => ({ queue, id });

it('has on the disk what was copied before the old place is cleared', async () => {
  const stage = await openStage();
  stage.seed(3);
  stage.adapter = aroundApply(stage.memory, (apply) => async (jobs, note) => {
    await note?.(jobs.map(({ job }) => ({ ref: refOf(job), as: `new-${job.id}` })));
    stage.log.push('cleared');
    return await apply(jobs);
  });
  const { run } = await stage.act();
  const order = stage.log.filter((line) => /intent|copied|cleared|outcome/.test(line));
  expect(order).toEqual(['journal intent', 'journal copied', 'cleared', 'journal outcome']);
  const [copied] = (await stage.journal(run ?? '')).filter(({ at }) => at === 'copied');
  expect(copied).toMatchObject({ batch: 1, copies: [{ queue: 'email', id: '1', as: 'new-1' }, {}, {}] });
});

it('stops at a write in doubt, and hands to whoever settles it what was copied in that batch alone', async () => {
  const stage = await openStage();
  stage.seed(7);
  stage.adapter = aroundApply(stage.memory, (apply, number) => async (jobs, note) => {
    await note?.(jobs.slice(0, 2).map(({ job }) => ({ ref: refOf(job), as: `new-${job.id}` })));
    if (number === 1) return await apply(jobs);
    return jobs.map(({ job }): Outcome => ({ ref: refOf(job), result: 'unknown', why: 'sent, but not deleted' }));
  });
  const { run, complete, stopped, outcomes } = await stage.act();
  expect({ complete, stopped, outcomes }).toMatchObject({
    complete: false,
    stopped: 'sent, but not deleted',
    outcomes: { done: 5, unknown: 2 },
  });
  const asked: OpenIntent[] = [];
  const { replay } = stage.memory.can;
  if (replay.level === 'none') throw new Error(replay.why);
  const settle = async (intent: OpenIntent): Promise<Outcome[]> => {
    asked.push(intent);
    return intent.jobs.map(({ job }) => ({ ref: refOf(job), result: 'done' }));
  };
  stage.adapter = {
    ...stage.memory,
    can: { ...stage.memory.can, replay: { ...replay, ops: { ...replay.ops, settle } } },
  };
  await stage.resume(run ?? '');
  expect(asked[0]?.copies).toEqual(['6', '7'].map((id) => ({ ref: { queue: 'email', id }, as: `new-${id}` })));
});

it('is not complete while others hold what a claim cannot meet', async () => {
  const stage = await openStage();
  stage.seed(2);
  stage.adapter = { ...stage.memory, reads: 'receive', pushes: new Set(), heldByOthers: async () => 3 };
  expect(await stage.act()).toMatchObject({
    complete: false,
    stopped: 'about 3 jobs that match were held by other sessions',
  });
});
