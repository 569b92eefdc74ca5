import { describe, expect, it } from 'vitest';
import { act, all, inState, jobOf, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { place, stateOf } from './place.ts';

const stuck = { ...inState('email', 'active'), stuck: true };

describe('pg-boss 12', () => {
  it('gives a stuck job back so that the late answer of its old worker does not win', async () => {
    const at = await place('12');
    await at.boss.createQueue('email', { retryLimit: 3 });
    const id = (await at.boss.send('email', { n: 1 })) ?? '';
    let finish: (value: string) => void = () => {};
    const late = new Promise<string>((resolve) => {
      finish = resolve;
    });
    const started = new Promise<void>((resolve) => {
      void at.boss.work('email', { pollingIntervalSeconds: 0.5 }, async () => {
        resolve();
        return await late;
      });
    });
    await started;
    await at.database.pool.query(`UPDATE job SET started_on = started_on - interval '1 hour' WHERE id = $1`, [id]);
    expect(told((await act(opsOf(at, 'reset'), stuck, { verb: 'reset' })).outcomes)).toEqual(all([id], 'done'));
    expect(await jobOf(at.adapter, 'email', id)).toMatchObject({ state: 'waiting', native: 'retry', attempts: 1 });
    const [second] = (await at.boss.fetch('email', { includeMetadata: true })) ?? [];
    expect(second).toMatchObject({ id, retryCount: 1 });
    finish('late');
    await (at.boss as unknown as { offWork(name: string, options?: object): Promise<void> }).offWork('email');
    expect(await jobOf(at.adapter, 'email', id)).toMatchObject({ state: 'active', attempts: 2 });
    await (at.boss.complete as (name: string, id: string, data: object) => Promise<unknown>)('email', id, {
      by: 'second',
    });
    const { rows } = await at.database.pool.query('SELECT output FROM job WHERE id = $1', [id]);
    expect(rows).toEqual([{ output: { by: 'second' } }]);
  });

  it('takes a lost heartbeat for a proof', async () => {
    const at = await place('12');
    await at.boss.createQueue('email', { heartbeatSeconds: 60 });
    const id = (await at.boss.send('email', { n: 1 })) ?? '';
    await at.boss.fetch('email');
    expect((await jobOf(at.adapter, 'email', id)).stuck).toBeUndefined();
    await at.database.pool.query(`UPDATE job SET heartbeat_on = heartbeat_on - interval '2 minutes'`);
    expect((await jobOf(at.adapter, 'email', id)).stuck).toMatch(/last heartbeat/);
    expect(told((await act(opsOf(at, 'reset'), stuck, { verb: 'reset' })).outcomes)).toEqual(all([id], 'done'));
  });
});

describe.each(['10', '11', '12'] as const)('pg-boss %s', (version) => {
  it('ignores an answer that comes before the job is taken again', async () => {
    const at = await place(version);
    await at.boss.createQueue('email', { policy: 'standard' });
    const id = (await at.boss.send('email', { n: 1 })) ?? '';
    await at.boss.fetch('email');
    await at.database.pool.query(`UPDATE job SET started_on = started_on - interval '1 hour'`);
    await act(opsOf(at, 'reset'), stuck, { verb: 'reset' });
    await at.boss.complete('email', id);
    expect(await stateOf(at, id)).toBe('retry');
  });
});
