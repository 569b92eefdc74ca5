import { describe, expect, it } from 'vitest';
import type { SavedJob } from '../../../src/domain/claim.ts';
import { act, inState, putBack, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { addJob, dumpTables, endOne, graphileVersions, makeDead, takeOne } from '../../setup/graphile.ts';
import { type Scene, scene } from './scene.ts';

/** As `json` keeps them: to the letter, with what `jsonb` refuses or changes. */
const texts = [
  '{ "b" : 1,\n  "a": 1.0, "a": 2 }',
  String.raw`"caf\u00e9"`,
  String.raw`{"nul":"\u0000","half":"\ud800"}`,
  'null',
  '12345678901234567890.10',
];

const removeAll = async ({ adapter }: Scene, task: string): Promise<readonly SavedJob[]> =>
  (await act(opsOf({ adapter }, 'remove'), inState(task, 'dead', 'waiting', 'delayed'), { verb: 'remove' })).saved;

const restoreAll = async ({ adapter }: Scene, saved: readonly SavedJob[], asWas: boolean) =>
  putBack(opsOf({ adapter }, 'restore'), saved, asWas, adapter);

describe.each(graphileVersions)('graphile-worker %s: what comes back', (version) => {
  it('brings back every payload to the letter, by restore and by undo', async () => {
    const place = await scene(version);
    const ids = await makeDead(
      place.database,
      'mail',
      texts.map((payload) => ({ payload })),
    );
    const before = await dumpTables(place.database);
    expect(told((await restoreAll(place, await removeAll(place, 'mail'), false)).outcomes)).toEqual(
      ids.map((id) => `${id}: done`),
    );
    expect(await dumpTables(place.database)).toBe(before);

    const edit = { verb: 'edit', payload: '{"other":  1}' } as const;
    const { saved, marks } = await act(opsOf(place, 'edit'), inState('mail', 'dead'), edit);
    expect(await place.row('SELECT DISTINCT payload::text FROM _private_jobs')).toEqual([edit.payload]);
    const { outcomes } = await putBack(opsOf(place, 'revert'), saved, true, place.adapter, marks[0]);
    expect(told(outcomes)).toEqual(ids.map((id) => `${id}: done`));
    expect(await dumpTables(place.database)).toBe(before);
  });

  it('notices a payload that differs only in its spaces', async () => {
    const place = await scene(version);
    const ids = await makeDead(place.database, 'mail', [{ payload: '{"a":1}' }]);
    const saved = await removeAll(place, 'mail');
    await restoreAll(place, saved, false);
    await act(opsOf(place, 'edit'), inState('mail', 'dead'), { verb: 'edit', payload: '{"a": 1}' });
    expect(told((await restoreAll(place, saved, false)).outcomes)).toEqual([`${ids[0]}: skipped conflict`]);
  });

  it('brings back task and lane by name after the library has cleaned them up', async () => {
    const place = await scene(version);
    const { database, adapter } = place;
    const [id = ''] = await makeDead(database, 'mail', [{ lane: 'eu' }]);
    const saved = await removeAll(place, 'mail');
    await database.pool.query('DELETE FROM _private_tasks; DELETE FROM _private_job_queues');
    // their old ids go to others
    await database.pool.query(
      `ALTER TABLE _private_tasks ALTER id RESTART; ALTER TABLE _private_job_queues ALTER id RESTART`,
    );
    await addJob(database, 'fax', { lane: 'us' });
    await restoreAll(place, saved, false);
    expect((await adapter.find(id))?.job).toMatchObject({ queue: 'mail', lane: 'eu', state: 'dead' });
    expect(told((await restoreAll(place, saved, false)).outcomes)).toEqual([`${id}: skipped unchanged`]);
  });

  it('keeps the key over a replay, and leaves out what would bear the key of another job', async () => {
    const place = await scene(version);
    const { database, adapter, replayAll } = place;
    const [id = ''] = await makeDead(database, 'mail', [{ key: 'once' }]);
    await replayAll('mail');
    expect((await adapter.find(id))?.job).toMatchObject({ key: 'once', state: 'waiting' });
    const saved = await removeAll(place, 'mail');
    const other = await addJob(database, 'mail', { key: 'once' });
    const before = await dumpTables(database);
    for (const asWas of [true, false]) {
      expect((await restoreAll(place, saved, asWas)).outcomes).toEqual([
        { ref: { queue: 'mail', id }, result: 'skipped', why: 'duplicate', note: `key once is held by ${other}` },
      ]);
    }
    expect(await dumpTables(database)).toBe(before);
  });

  it('gives a job that ran its lane again when its reset is undone, unless another runs in it', async () => {
    const place = await scene(version);
    const { database, adapter, row } = place;
    const id = await addJob(database, 'mail', { lane: 'eu' });
    await takeOne(database, 'mail', 'worker-slow');
    const before = await dumpTables(database);
    const reset = () => act(opsOf(place, 'reset'), inState('mail', 'active'), { verb: 'reset' });
    const undo = ({ saved, marks }: Awaited<ReturnType<typeof reset>>) =>
      putBack(opsOf(place, 'revert'), saved, true, adapter, marks[0]);
    expect(told((await undo(await reset())).outcomes)).toEqual([`${id}: done`]);
    expect(await dumpTables(database)).toBe(before);

    const again = await reset();
    await addJob(database, 'fax', { lane: 'eu' });
    await takeOne(database, 'fax', 'worker-2');
    expect((await undo(again)).outcomes).toMatchObject([{ why: 'conflict', note: 'lane eu is held by worker-2' }]);
    expect((await adapter.find(id))?.job.state).toBe('blocked');
    expect(await row('SELECT locked_by FROM _private_job_queues')).toEqual(['worker-2']);
  });

  it('undoes a replay only for the jobs that no worker has touched since', async () => {
    const place = await scene(version);
    const { database, adapter, replayAll } = place;
    const [completed = '', failed = '', left = ''] = await makeDead(database, 'mail', [{}, {}, {}]);
    const before = (await adapter.find(left))?.job;
    const { saved, marks } = await replayAll('mail');
    for (const [id, end] of [[completed, 'completes'] as const, [failed, 'fails'] as const]) {
      expect(await takeOne(database, 'mail', 'worker-1')).toBe(id);
      await endOne(database, id, end);
    }
    const { outcomes } = await putBack(opsOf(place, 'revert'), saved, true, adapter, marks[0]);
    expect(told(outcomes)).toEqual(
      [`${completed}: skipped not-found`, `${failed}: skipped started`, `${left}: done`].sort(),
    );
    expect((await adapter.find(failed))?.job).toMatchObject({ attempts: 1, error: { message: 'It failed.' } });
    expect((await adapter.find(left))?.job).toEqual(before);
  });

  it('brings back dead, with its lane free, a job that was in the hands of a worker', async () => {
    const place = await scene(version);
    const { database, adapter, row } = place;
    const id = await addJob(database, 'mail', { lane: 'eu' });
    await takeOne(database, 'mail', 'worker-gone');
    const { saved } = await act(opsOf(place, 'reset'), inState('mail', 'active'), { verb: 'reset' });
    await database.pool.query('DELETE FROM _private_jobs');
    await restoreAll(place, saved, false);
    const job = (await adapter.find(id))?.job;
    expect(job).toMatchObject({ state: 'dead', attempts: 25, maxAttempts: 25 });
    expect(job?.worker).toBeUndefined();
    expect(await row('SELECT locked_by FROM _private_job_queues')).toEqual([null]);
    expect(told((await restoreAll(place, saved, false)).outcomes)).toEqual([`${id}: skipped unchanged`]);
  });

  it('tells of each job asked for by name why it was left alone', async () => {
    const place = await scene(version);
    const [dead = ''] = await makeDead(place.database, 'mail', [{}]);
    const waiting = await addJob(place.database, 'mail');
    const ids = [dead, waiting, '999', 'no-such-id'];
    const { outcomes } = await act(
      opsOf(place, 'replay'),
      { ...inState('mail', 'dead'), ids },
      { verb: 'replay', keepAttempts: false },
    );
    expect(told(outcomes)).toEqual(
      [
        `${dead}: done`,
        `${waiting}: skipped state-changed`,
        '999: skipped not-found',
        'no-such-id: skipped not-found',
      ].sort(),
    );
  });
});
