import { describe, expect, it } from 'vitest';
import { act, inState, jobsOf, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { place, sendDead, stateOf } from './place.ts';

describe.each(['11', '12'] as const)('pg-boss %s', (version) => {
  it('skips what an exclusive queue has no place for, names the index, and goes on with the rest', async () => {
    const at = await place(version);
    await at.boss.createQueue('email', { name: 'email', policy: 'exclusive' });
    const options = (key: string) => ({ singletonKey: key });
    const [taken = ''] = await sendDead(at, 'email', [{ n: 1 }], options('ada'));
    const [twin = ''] = await sendDead(at, 'email', [{ n: 2 }], options('ada'));
    const [free = ''] = await sendDead(at, 'email', [{ n: 3 }], options('bob'));
    const waiting = await at.boss.send('email', { n: 4 }, options('ada'));
    const { outcomes } = await act(opsOf(at, 'replay'), inState('email', 'dead'), replay);
    expect(told(outcomes)).toEqual(
      [`${taken}: skipped duplicate`, `${twin}: skipped duplicate`, `${free}: done`].sort(),
    );
    for (const outcome of outcomes) {
      if (outcome.result === 'skipped') expect(outcome.note).toMatch(`job ${waiting} has its place`);
      if (outcome.result === 'skipped') expect(outcome.note).toMatch(/exclusive, key ada, unique index i6/);
    }
  });
});

describe.each(['10', '11', '12'] as const)('pg-boss %s', (version) => {
  it('replays one of two dead jobs that a stately queue cannot retry side by side', async () => {
    const at = await place(version);
    await at.boss.createQueue('email', { name: 'email', policy: 'stately' });
    const ids = [
      ...(await sendDead(at, 'email', [{ n: 1 }], { singletonKey: 'ada' })),
      ...(await sendDead(at, 'email', [{ n: 2 }], { singletonKey: 'ada' })),
    ];
    const { outcomes } = await act(opsOf(at, 'replay'), inState('email', 'dead'), replay);
    expect(outcomes.map((one) => (one.result === 'skipped' ? one.why : one.result)).sort()).toEqual([
      'done',
      'duplicate',
    ]);
    const states = await Promise.all(ids.map((id) => stateOf(at, id)));
    expect(states.sort()).toEqual(['failed', 'retry']);
  });

  it('goes on with the rest where an index that nobody knows refuses one', async () => {
    const at = await place(version);
    await at.boss.createQueue('email', { name: 'email', policy: 'standard' });
    const ids = await sendDead(
      at,
      'email',
      [1, 2, 3, 4, 5, 6, 7].map((n) => ({ n })),
    );
    await at.boss.send('email', { n: 4 });
    const { rows } = await at.database.pool.query<{ leaf: string }>(
      `SELECT tableoid::regclass::text AS leaf FROM job LIMIT 1`,
    );
    await at.database.pool.query(
      `CREATE UNIQUE INDEX teams_own ON ${rows[0]?.leaf} ((data ->> 'n')) WHERE state < 'active'`,
    );
    const { outcomes } = await act(opsOf(at, 'replay'), inState('email', 'dead'), replay, { size: 5 });
    const final = outcomes.filter((one) => !(one.result === 'skipped' && one.why === 'not-applied'));
    expect(told(final)).toEqual(ids.map((id, index) => `${id}: ${index === 3 ? 'skipped duplicate' : 'done'}`).sort());
    expect(final.find((one) => one.result === 'skipped')).toMatchObject({ note: expect.stringMatching(/teams_own/) });
    const jobs = await jobsOf(at.adapter, 'email');
    expect(ids.map((id) => jobs.get(id)?.state === 'waiting')).toEqual([true, true, true, false, true, true, true]);
  });
});
