import { describe, expect, it } from 'vitest';
import { act, all, inState, jobOf, jobsOf, putBack, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { type Boss, maintain } from '../../setup/pgboss.ts';
import { type Place, place, soon } from './place.ts';

interface Flow extends Boss {
  flow(jobs: readonly object[]): Promise<Readonly<Record<string, string>>>;
  resolveFlow(): Promise<unknown>;
}

/** Two parents and a child that waits for both, which is then taken out. */
async function takenOut(at: Place) {
  const boss = at.boss as Flow;
  await boss.createQueue('import', {});
  await boss.createQueue('report', {});
  const ids = await boss.flow([
    { ref: 'first', name: 'import', data: { n: 1 } },
    { ref: 'second', name: 'import', data: { n: 2 } },
    { ref: 'child', name: 'report', data: { n: 3 }, dependsOn: ['first', 'second'] },
  ]);
  const [first = '', second = '', child = ''] = [ids['first'], ids['second'], ids['child']];
  expect(await jobOf(at.adapter, 'report', child)).toMatchObject({ state: 'blocked' });
  const { saved, outcomes } = await act(opsOf(at, 'remove'), inState('report', 'blocked'), { verb: 'remove' });
  expect(told(outcomes)).toEqual(all([child], 'done'));
  const complete = async (id: string) => {
    await at.database.pool.query(`UPDATE job SET state = 'active', started_on = now() WHERE id = $1`, [id]);
    await boss.complete('import', id);
    await boss.resolveFlow();
  };
  return { boss, first, second, child, saved, complete };
}

const restored = (at: Place, saved: Awaited<ReturnType<typeof takenOut>>['saved'], asWas: boolean) =>
  putBack(opsOf(at, 'restore'), saved, asWas, at.adapter);

describe('a child of a flow in pg-boss 12', () => {
  it('is put back for workers where all that it waited for completed meanwhile', async () => {
    const at = await place('12');
    const { boss, first, second, child, saved, complete } = await takenOut(at);
    await complete(first);
    await complete(second);
    await maintain(at.database, at.boss, 'report');
    expect(told((await restored(at, saved, true)).outcomes)).toEqual(all([child], 'done'));
    expect(await jobOf(at.adapter, 'report', child)).toMatchObject({ state: 'waiting' });
    expect((await boss.fetch('report'))?.map(({ id }) => id)).toEqual([child]);
  });

  it('waits for the one that is left, and is let go by the library when that completes', async () => {
    const at = await place('12');
    const { boss, first, second, child, saved, complete } = await takenOut(at);
    await complete(first);
    await maintain(at.database, at.boss, 'report');
    const { rows: none } = await at.database.pool.query('SELECT * FROM job_dependency');
    expect(none, 'what the child waits for goes with it at the next maintenance').toEqual([]);
    await restored(at, saved, true);
    const { rows } = await at.database.pool.query('SELECT blocked, pending_dependencies FROM job WHERE id = $1', [
      child,
    ]);
    expect(rows).toEqual([{ blocked: true, pending_dependencies: 1 }]);
    expect((await boss.fetch('report')) ?? []).toEqual([]);
    await complete(second);
    expect(await jobOf(at.adapter, 'report', child)).toMatchObject({ state: 'waiting' });
  });

  it('is the same job still when it is restored once more', async () => {
    const at = await place('12');
    const { first, child, saved, complete } = await takenOut(at);
    await complete(first);
    await restored(at, saved, true);
    expect(told((await restored(at, saved, true)).outcomes)).toEqual(all([child], 'skipped unchanged'));
  });

  it('runs when it was put back dead and is replayed after what it waited for', async () => {
    const at = await place('12');
    const { boss, first, second, child, saved, complete } = await takenOut(at);
    await complete(first);
    await restored(at, saved, false);
    expect(await jobOf(at.adapter, 'report', child)).toMatchObject({ state: 'dead' });
    await act(opsOf(at, 'replay'), inState('report', 'dead'), replay);
    expect(await jobOf(at.adapter, 'report', child)).toMatchObject({ state: 'blocked' });
    await complete(second);
    expect((await boss.fetch('report'))?.map(({ id }) => id)).toEqual([child]);
  });

  it('is freed by a replay where an earlier version put it back blocked', async () => {
    const at = await place('12');
    const { boss, first, second, child, saved, complete } = await takenOut(at);
    await restored(at, saved, false);
    await complete(first);
    await complete(second);
    await at.database.pool.query('UPDATE job SET blocked = true, pending_dependencies = 2 WHERE id = $1', [child]);
    await act(opsOf(at, 'replay'), inState('report', 'dead'), replay);
    expect((await boss.fetch('report'))?.map(({ id }) => id)).toEqual([child]);
  });

  it('comes back only dead where one that it waited for is gone, and a replay then runs it', async () => {
    const at = await place('12');
    const { boss, first, second, child, saved, complete } = await takenOut(at);
    await complete(first);
    await at.database.pool.query('DELETE FROM job WHERE id = $1', [second]);
    const { outcomes } = await restored(at, saved, true);
    expect(told(outcomes)).toEqual(all([child], 'skipped conflict'));
    expect(JSON.stringify(outcomes)).toMatch(new RegExp(`job ${second} in import.*without --as-was`));
    expect(await jobsOf(at.adapter, 'report')).toEqual(new Map());
    await restored(at, saved, false);
    await act(opsOf(at, 'replay'), inState('report', 'dead'), replay);
    expect((await boss.fetch('report'))?.map(({ id }) => id)).toEqual([child]);
  });

  it('is never left blocked by a parent that the library is just letting go', async () => {
    const at = await place('12');
    const { boss, first, second, child, saved, complete } = await takenOut(at);
    await complete(first);
    await at.database.pool.query(`UPDATE job SET state = 'active', started_on = now() WHERE id = $1`, [second]);
    await boss.complete('import', second);
    const client = await at.database.pool.connect();
    try {
      // as the library resolves a flow: the parent locked, its children looked for, then the mark taken off
      await client.query('BEGIN');
      await client.query('SELECT FROM job WHERE id = $1 FOR UPDATE', [second]);
      await client.query('UPDATE job SET blocking = false WHERE id = $1', [second]);
      const back = restored(at, saved, true);
      await soon(async () => {
        const { rows } = await at.database.pool.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        );
        expect(rows).toHaveLength(1);
      });
      await client.query('COMMIT');
      expect(told((await back).outcomes)).toEqual(all([child], 'done'));
    } finally {
      client.release();
    }
    await boss.resolveFlow();
    expect(await jobOf(at.adapter, 'report', child)).toMatchObject({ state: 'waiting' });
  });

  it('is put back from a backup that does not say what it waits for', async () => {
    const at = await place('12');
    const { first, second, child, saved, complete } = await takenOut(at);
    const old = saved.map(({ job, snapshot: { parents, ...snapshot } }) => {
      expect(parents).toHaveLength(2);
      return { job, snapshot };
    });
    await complete(first);
    await restored(at, old, true);
    expect(await jobOf(at.adapter, 'report', child)).toMatchObject({ state: 'blocked' });
    await complete(second);
    expect(await jobOf(at.adapter, 'report', child)).toMatchObject({ state: 'waiting' });
  });
});
