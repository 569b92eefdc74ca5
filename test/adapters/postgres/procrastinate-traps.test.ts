import { expect, it } from 'vitest';
import { earlier } from '../../../src/domain/instant.ts';
import { act, all, browseAll, inState, jobOf, nth, replay, told, whole } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { procrastinateVersions } from '../../setup/databases.ts';
import { defer, makeActive, makeDead, workOne } from '../../setup/procrastinate.ts';
import { placeForTest } from './place.ts';

it.each(procrastinateVersions)(
  'a bulk replay over taken queueing locks: duplicates are told, the rest is replayed (%s)',
  async (version) => {
    const { adapter, pool, statuses } = await placeForTest(version);
    const ids = await makeDead(pool, 6, { queue: 'email' });
    const [first, second, behind, ...free] = ids as [string, string, string, ...string[]];
    await pool.query(`UPDATE procrastinate_jobs SET queueing_lock = 'nightly' WHERE id IN ($1, $2)`, [first, second]);
    await pool.query(`UPDATE procrastinate_jobs SET queueing_lock = 'hourly' WHERE id = $1`, [behind]);
    const twin = await defer(pool, { queue: 'elsewhere', queueingLock: 'hourly' });
    const { outcomes } = await act(opsOf({ adapter }, 'replay'), inState('email', 'dead'), replay);
    expect(told(outcomes)).toEqual(
      [...all([first, ...free], 'done'), `${second}: skipped duplicate`, `${behind}: skipped duplicate`].sort(),
    );
    expect(outcomes).toContainEqual(expect.objectContaining({ note: expect.stringContaining(`held by ${twin}`) }));
    expect(await statuses('email')).toMatchObject({ [first]: 'todo', [second]: 'failed', [behind]: 'failed' });
  },
);

it.each(['3.0', '3.2', '3.9'] as const)(
  'a job that was asked to abort and failed is replayed without the old request (%s)',
  async (version) => {
    const { adapter, pool } = await placeForTest(version);
    const ids = await makeDead(pool, 2, { queue: 'email' });
    await pool.query('UPDATE procrastinate_jobs SET abort_requested = true WHERE id = $1', [ids[0]]);
    const { outcomes } = await act(opsOf({ adapter }, 'replay'), inState('email', 'dead'), replay);
    expect(told(outcomes)).toEqual(all(ids, 'done'));
    const { rows } = await pool.query('SELECT status::text, abort_requested FROM procrastinate_jobs ORDER BY id');
    expect(rows).toEqual(ids.map(() => ({ status: 'todo', abort_requested: false })));
    expect(await workOne(pool, 'email', 'succeeded')).toBe(ids[0]);
  },
);

it('a worker counts as gone after as long a silence as the configuration says', async () => {
  const { pool, peer } = await placeForTest();
  const { ids } = await makeActive(pool, 1, { queue: 'email', worker: 'crashed', secondsAgo: 900 });
  const stuck = { ...inState('email', 'active'), stuck: true };
  const patient = await peer({ staleAfter: 600 });
  expect(await browseAll(patient, stuck)).toEqual([]);
  expect((await browseAll(await peer({ staleAfter: 200 }), stuck)).map(({ id }) => id)).toEqual(ids);
});

it.each(['3.2', '3.9'] as const)(
  'a stuck job that was asked to abort is ended by a reset, as the library would, and not run again (%s)',
  async (version) => {
    const { adapter, pool, statuses } = await placeForTest(version);
    const { ids } = await makeActive(pool, 2, { queue: 'email', worker: 'crashed', secondsAgo: 900 });
    await pool.query('UPDATE procrastinate_jobs SET abort_requested = true WHERE id = $1', [ids[0]]);
    const stuck = { ...inState('email', 'active'), stuck: true };
    const { outcomes } = await act(opsOf({ adapter }, 'reset'), stuck, { verb: 'reset' });
    expect(told(outcomes)).toEqual(all(ids, 'done'));
    expect(await statuses()).toEqual({ [nth(ids, 0)]: 'failed', [nth(ids, 1)]: 'todo' });
  },
);

it.each(procrastinateVersions)(
  'a scheduled event in the future is not when a job died, nor since when it waits (%s)',
  async (version) => {
    const { adapter, pool } = await placeForTest(version);
    const [dead] = (await makeDead(pool, 1, { queue: 'email', secondsAgo: 7200 })) as [string];
    const waiting = await defer(pool, { queue: 'email' });
    await pool.query(
      `INSERT INTO procrastinate_events (job_id, type, at) SELECT id, 'scheduled', now() + interval '3 days' FROM procrastinate_jobs`,
    );
    const now = await adapter.now();
    const job = await jobOf(adapter, 'email', dead);
    expect(job.since?.localeCompare(earlier(now, 7190))).toBe(-1);
    expect((await jobOf(adapter, 'email', waiting)).since?.localeCompare(now)).toBe(-1);
    const old = { ...whole('email'), before: earlier(now, 3600) };
    expect((await browseAll(adapter, old)).map(({ id }) => id)).toEqual([dead]);
    expect(await adapter.count({ ...whole('email'), after: now })).toEqual({ value: 0, exact: true });
    const detail = await adapter.find(dead);
    expect(detail?.timeline.at(-1)).toMatchObject({ event: 'scheduled', note: 'the time it was planned for' });
    const [stats] = await adapter.stats({ queues: ['email'] });
    expect(stats?.oldestWaitingSeconds).toBeLessThan(60);
    expect(stats?.oldestWaitingSeconds).toBeGreaterThanOrEqual(0);
  },
);

it.each(['3.2', '3.9'] as const)(
  'an orphan: doing, its worker row gone, worker_id NULL; stuck only after five minutes (%s)',
  async (version) => {
    const { adapter, pool, statuses } = await placeForTest(version);
    const old = await makeActive(pool, 1, { queue: 'email', worker: 'pruned', secondsAgo: 900 });
    const young = await makeActive(pool, 1, { queue: 'email', worker: 'pruned', secondsAgo: 60 });
    const alive = await makeActive(pool, 1, { queue: 'email', secondsAgo: 900 });
    const { rows } = await pool.query('SELECT worker_id FROM procrastinate_jobs WHERE id = $1', [old.ids[0]]);
    expect(rows).toEqual([{ worker_id: null }]);
    expect(await jobOf(adapter, 'email', old.ids[0])).toMatchObject({ stuck: 'its worker is no longer registered' });
    expect((await jobOf(adapter, 'email', young.ids[0])).stuck).toBeUndefined();
    const selection = { ...inState('email', 'active'), stuck: true };
    const { outcomes } = await act(opsOf({ adapter }, 'reset'), selection, { verb: 'reset' });
    expect(told(outcomes)).toEqual(all(old.ids, 'done'));
    expect(await statuses()).toEqual({
      [nth(old.ids, 0)]: 'todo',
      [nth(young.ids, 0)]: 'doing',
      [nth(alive.ids, 0)]: 'doing',
    });
  },
);
