import { describe, expect, it, onTestFinished } from 'vitest';
import { openSchemaAdmin } from '../../../src/adapters/postgres/schema.ts';
import { act, inState } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { answerOf } from '../../e2e/answer.ts';
import { homeForTest } from '../../e2e/jobctl.ts';
import { addJob, type GraphileDatabase, graphileVersions, takeOne } from '../../setup/graphile.ts';
import { scene } from './scene.ts';

/** What is left when somebody unlocks jobs by hand: the lane stays with the worker. */
async function unlockJobsAlone({ pool }: GraphileDatabase): Promise<void> {
  await pool.query('UPDATE _private_jobs SET locked_at = NULL, locked_by = NULL');
}

async function findingsOf(url: string) {
  const admin = openSchemaAdmin({ url, where: 'postgres://test' });
  onTestFinished(() => admin.close());
  return (await admin.check({ writes: true })).findings;
}

describe.each(graphileVersions)('graphile-worker %s: a lane that is locked without a job (trap 15)', (version) => {
  it('is told with its worker, by the plan of a reset and by schema check, with the statement that frees it', async () => {
    const { database, adapter, row } = await scene(version);
    const ids = [await addJob(database, 'mail', { lane: 'eu' }), await addJob(database, 'mail', { lane: 'eu' })];
    await takeOne(database, 'mail', "worker-o'gone");
    await unlockJobsAlone(database);
    await addJob(database, 'fax', { lane: 'us' });
    await takeOne(database, 'fax', 'worker-busy');

    const freedBy = `SELECT "graphile_worker".force_unlock_workers(ARRAY['worker-o''gone']);`;
    expect(await adapter.workers?.()).toMatchObject([
      { id: "worker-o'gone", active: 0, silent: false, lanes: { names: ['eu'], freedBy } },
      { id: 'worker-busy', active: 1, silent: false },
    ]);
    expect((await adapter.workers?.())?.[1]?.lanes).toBeUndefined();
    const told = [expect.stringMatching(/lane eu is locked by worker-o'gone .*force_unlock_workers/)];
    expect((await adapter.cautions?.(inState('mail', 'active'), 'reset'))?.lines).toEqual(told);
    expect((await adapter.cautions?.(inState('fax', 'active'), 'reset'))?.lines).toEqual([]);
    expect((await findingsOf(database.url)).filter(({ level }) => level !== 'ok')).toEqual([
      {
        level: 'warning',
        text: expect.stringMatching(/lane eu is locked by worker-o'gone/),
        next: expect.stringContaining(freedBy),
      },
    ]);

    const detail = await adapter.find(ids[0] ?? '');
    expect(detail?.notes.join()).toContain(freedBy);
    expect(await takeOne(database, 'mail', 'worker-next')).toBeUndefined();
    await database.pool.query(freedBy);
    expect(await adapter.workers?.()).toMatchObject([{ id: 'worker-busy' }]);
    expect((await findingsOf(database.url)).map(({ level }) => level)).toEqual(['ok']);
    expect(await takeOne(database, 'mail', 'worker-next')).toBe(ids[0]);
    expect(await row(`SELECT locked_by FROM _private_job_queues WHERE queue_name = 'us'`)).toEqual(['worker-busy']);
  });

  it('counts for the silence of its worker, and is one line with the jobs that it has', async () => {
    const { database, adapter } = await scene(version);
    await addJob(database, 'mail', { lane: 'eu' });
    await takeOne(database, 'mail', 'worker-gone');
    await unlockJobsAlone(database);
    await database.pool.query(`UPDATE _private_job_queues SET locked_at = now() - interval '5 hours'`);
    expect(await adapter.workers?.()).toMatchObject([{ id: 'worker-gone', active: 0, silent: true }]);
    await addJob(database, 'fax');
    await takeOne(database, 'fax', 'worker-gone');
    expect(await adapter.workers?.()).toMatchObject([
      { id: 'worker-gone', active: 1, silent: false, lanes: { names: ['eu'] } },
    ]);
  });

  it('is no finding while a job of it runs, nor once a reset gave that back', async () => {
    const { database, adapter } = await scene(version);
    await addJob(database, 'mail', { lane: 'eu' });
    await takeOne(database, 'mail', 'worker-1');
    expect((await findingsOf(database.url)).map(({ level }) => level)).toEqual(['ok']);
    await act(opsOf({ adapter }, 'reset'), inState('mail', 'active'), { verb: 'reset' });
    expect((await findingsOf(database.url)).map(({ level }) => level)).toEqual(['ok']);
    expect(await adapter.workers?.()).toEqual([]);
  });
});

it('the screen of worker list names the lane, and what frees it', async () => {
  const { database } = await scene('0.18');
  await addJob(database, 'mail', { lane: 'eu' });
  await takeOne(database, 'mail', 'ghost');
  await unlockJobsAlone(database);
  const home = await homeForTest(database.url);
  const { stdout } = await home.warm(['worker', 'list']);
  expect(stdout.replace(/\s+/g, ' ')).toMatch(
    /ghost \S+ ago has a lane 0 .*ghost keeps the lane eu locked without a job of it: nothing in it runs\. Once that worker is gone, this frees it: next: SELECT "graphile_worker"\.force_unlock_workers\(ARRAY\['ghost'\]\);/,
  );
  expect(answerOf(await home.warm(['worker', 'list', '--json']), 'worker-list')).toMatchObject({
    workers: [{ id: 'ghost', active: 0, lanes: { names: ['eu'] } }],
  });
  const doctor = await home.warm(['doctor', '--json']);
  expect(doctor.code).toBe(10);
  expect(doctor.stdout).toContain('lane eu is locked by ghost');
});
