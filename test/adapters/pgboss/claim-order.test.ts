import { expect, it } from 'vitest';
import { planAction } from '../../../src/operations/plan-action.ts';
import { inState, replay } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { place } from './place.ts';

it.each(['10', '11', '12'] as const)('pg-boss %s: a plan shows the jobs that a limit would leave', async (version) => {
  const at = await place(version);
  await at.boss.createQueue('email', { name: 'email' });
  // the older the job, the larger its id: an index on the age gives the other order
  await at.database.pool.query(
    `INSERT INTO job (id, name, state, created_on, completed_on)
       SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'email', 'failed', now() - n * interval '1 minute', now() FROM generate_series(1, 9) n`,
  );
  const selection = inState('email', 'dead');
  const request = { verb: 'replay', context: 'test', protected: false, tests: {}, action: replay, limit: 2 } as const;
  const { sample } = await planAction(at.adapter, { ...request, selection });
  for await (const claim of opsOf(at, 'replay').claim({ selection, action: replay, size: sample.length })) {
    expect(claim.jobs.map(({ job }) => job.id)).toEqual(sample.map(({ id }) => id));
    await claim.release();
    break;
  }
});
