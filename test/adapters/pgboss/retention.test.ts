import { describe, expect, it } from 'vitest';
import { act, all, inState, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { maintain } from '../../setup/pgboss.ts';
import { type Place, place, sendDead, stateOf } from './place.ts';

/** Two dead jobs whose dates lie so far back that maintenance takes away whatever waits with them. */
async function twoOld(at: Place): Promise<[string, string]> {
  await at.boss.createQueue('email', { name: 'email', policy: 'standard' });
  const [ours = '', theirs = ''] = await sendDead(at, 'email', [{ n: 1 }, { n: 2 }]);
  return [ours, theirs];
}

describe.each(['10', '11'] as const)('pg-boss %s', (version) => {
  it('keeps a replayed job whose old end lies past the retention; after the own retry it is lost', async () => {
    const at = await place(version, version === '10' ? { archiveCompletedAfterSeconds: 3600 } : {});
    const [ours, theirs] = await twoOld(at);
    await at.database.pool.query(`UPDATE job SET completed_on = now() - interval '30 days'`);
    const selection = { ...inState('email', 'dead'), ids: [ours] };
    expect(told((await act(opsOf(at, 'replay'), selection, replay)).outcomes)).toEqual(all([ours], 'done'));
    await at.boss.retry('email', theirs);
    await maintain(at.database, at.boss, 'email');
    expect([await stateOf(at, ours), await stateOf(at, theirs)]).toEqual(['retry', undefined]);
  });
});

describe.each(['10', '11', '12'] as const)('pg-boss %s', (version) => {
  it('keeps a replayed job whose time to live has passed; after the own retry it is lost', async () => {
    const at = await place(version);
    const [ours, theirs] = await twoOld(at);
    await at.database.pool.query(
      `UPDATE job SET start_after = now() - interval '20 days', keep_until = now() - interval '6 days'`,
    );
    const selection = { ...inState('email', 'dead'), ids: [ours] };
    await act(opsOf(at, 'replay'), selection, replay);
    await at.boss.retry('email', theirs);
    await maintain(at.database, at.boss, 'email');
    expect([await stateOf(at, ours), await stateOf(at, theirs)]).toEqual(['retry', undefined]);
    const [job] = (await at.boss.fetch('email')) ?? [];
    expect(job?.id).toBe(ours);
  });

  it('keeps a job that was given back although its time to live has passed', async () => {
    const at = await place(version);
    await at.boss.createQueue('email', { name: 'email', policy: 'standard' });
    const id = (await at.boss.send('email', { n: 1 })) ?? '';
    await at.boss.fetch('email');
    await at.database.pool.query(
      `UPDATE job SET started_on = now() - interval '1 day', start_after = now() - interval '20 days', keep_until = now() - interval '6 days'`,
    );
    const stuck = { ...inState('email', 'active'), stuck: true };
    expect(told((await act(opsOf(at, 'reset'), stuck, { verb: 'reset' })).outcomes)).toEqual(all([id], 'done'));
    await maintain(at.database, at.boss, 'email');
    expect(await stateOf(at, id)).toBe('retry');
  });
});
