import { describe, expect, it } from 'vitest';
import { act, browseAll, inState, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { addJob, graphileVersions, takeOne } from '../../setup/graphile.ts';
import { openAs, scene } from './scene.ts';

describe.each(graphileVersions)('graphile-worker %s: what is told of its tables', (version) => {
  it('names the version by the revision of the schema', async () => {
    const { adapter } = await scene(version);
    expect(adapter.backend).toMatchObject({
      name: 'postgres/graphile-worker',
      version: version === '0.16' ? '0.16 (revision 18)' : '0.17+ (revision 20)',
      priority: 'smaller-first',
      warnings: [],
    });
    expect(adapter.can.reset.level, 'a lock of four hours is a proof').toBe('native');
    expect(adapter.can.cancel).toMatchObject({ level: 'none', instead: expect.stringMatching(/job remove/) });
  });

  it('says which revision is newer than known, and whether the library calls it a breaking change', async () => {
    const { database } = await scene(version);
    await database.pool.query('INSERT INTO migrations (id, breaking) VALUES (21, false)');
    const newer = await openAs(database);
    expect(newer.backend).toMatchObject({ newerSchema: 'revision 21', warnings: [expect.stringMatching(/21.*newer/)] });
    await database.pool.query('INSERT INTO migrations (id, breaking) VALUES (22, true)');
    expect((await openAs(database)).backend.newerSchema).toMatch(/revision 22, which the library calls a breaking/);
  });

  it('shows tasks that have no job, for what succeeds is deleted', async () => {
    const { database, adapter } = await scene(version);
    await database.pool.query(`INSERT INTO _private_tasks (identifier) VALUES ('idle')`);
    expect(await adapter.queues()).toEqual([{ queue: 'idle' }]);
    const [stats] = await adapter.stats({});
    expect([stats?.queue, stats?.counts.waiting, stats?.oldestWaitingSeconds]).toEqual(['idle', 0, undefined]);
  });

  it('believes the registry of Worker Pro: a registered worker may hold a lock for longer than four hours', async () => {
    const { database } = await scene(version);
    const ids = [await addJob(database, 'mail'), await addJob(database, 'mail')];
    await takeOne(database, 'mail', 'worker-there');
    await takeOne(database, 'mail', 'worker-gone');
    await database.pool.query(`UPDATE _private_jobs SET locked_at = now() - interval '5 hours';
      CREATE TABLE _private_pro_workers (worker_id text); INSERT INTO _private_pro_workers VALUES ('worker-there')`);
    const adapter = await openAs(database);
    const proven = { ...inState('mail', 'active'), stuck: true };
    expect((await browseAll(adapter, proven)).map((job) => job.worker)).toEqual(['worker-gone']);
    const { outcomes } = await act(opsOf({ adapter }, 'reset'), proven, { verb: 'reset' });
    expect(told(outcomes)).toEqual([`${ids[1]}: done`]);
  });

  it('leaves dead a job that is given back from its last attempt, as the library does', async () => {
    const { database, adapter } = await scene(version);
    const id = await addJob(database, 'mail', { maxAttempts: 1 });
    await takeOne(database, 'mail', 'worker-gone');
    expect((await adapter.find(id))?.notes).toEqual([expect.stringMatching(/last attempt/)]);
    await act(opsOf({ adapter }, 'reset'), inState('mail', 'active'), { verb: 'reset' });
    expect((await adapter.find(id))?.job).toMatchObject({ state: 'dead', attempts: 1 });
  });
});
