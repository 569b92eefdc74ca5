import { makeWorkerUtils as utils16 } from 'graphile-worker16';
import { makeWorkerUtils as utils18 } from 'graphile-worker18';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Claim } from '../../../src/domain/claim.ts';
import { act, all, inState, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import {
  addJob,
  type GraphileDatabase,
  graphileVersions,
  makeDead,
  runAll,
  startWorker,
  takeOne,
} from '../../setup/graphile.ts';
import { Seen, scene } from './scene.ts';

/** Without a notification a worker would look again in an hour. */
const never = { pollInterval: 3_600_000 };

async function helperReschedules({ version, url }: GraphileDatabase, id: string): Promise<void> {
  const utils = await (version === '0.16' ? utils16 : utils18)({ connectionString: url });
  await utils.rescheduleJobs([id], { attempts: 0 });
  await utils.release();
}

describe.each(graphileVersions)('graphile-worker %s with its own workers', (version) => {
  it('replays where the helper of the library leaves the job dead (trap 13)', async () => {
    const { database, adapter, replayAll, row } = await scene(version);
    const [id = ''] = await makeDead(database, 'mail', [{}]);
    await helperReschedules(database, id);
    expect((await adapter.find(id))?.job).toMatchObject({ state: 'dead', attempts: 1, maxAttempts: 1 });

    expect(told((await replayAll('mail')).outcomes)).toEqual([`${id}: done`]);
    expect((await adapter.find(id))?.job).toMatchObject({
      state: 'waiting',
      attempts: 0,
      error: { message: 'no such user' },
    });
    expect(await runAll(database, { mail: async () => {} })).toEqual([id]);
    expect(await adapter.find(id)).toBeUndefined();
    expect(await row('SELECT count(*)::int FROM _private_jobs')).toEqual([0]);
  });

  it('wakes idle workers, as many as there are jobs', async () => {
    const { database, replayAll } = await scene(version);
    const ids = await makeDead(database, 'mail', [{}, {}, {}]);
    const seen = new Seen();
    const worker = await startWorker(
      database,
      {
        hello: () => seen.add('hello'),
        mail: (_payload, { job }) => seen.add(job.id),
      },
      never,
    );
    onTestFinished(() => worker.stop());
    // its first look is over, and it listens
    await addJob(database, 'hello');
    await seen.reaches(1);
    await replayAll('mail');
    await seen.reaches(4);
    expect(seen.ids.slice(1).sort()).toEqual(ids);
  });

  it('keeps a lane alive that a dead worker held, where unlocking its job alone does not (trap 15)', async () => {
    const { database, adapter, row } = await scene(version);
    const raw = [await addJob(database, 'mail', { lane: 'eu' }), await addJob(database, 'mail', { lane: 'eu' })];
    await takeOne(database, 'mail', 'worker-gone');
    await database.pool.query('UPDATE _private_jobs SET locked_at = NULL, locked_by = NULL');
    expect(await runAll(database, { mail: async () => {} })).toEqual([]);
    for (const id of raw) {
      const detail = await adapter.find(id);
      expect(detail?.job.state).toBe('blocked');
      expect(detail?.links).toEqual([{ relation: 'lane held by', to: 'worker worker-gone' }]);
      expect(detail?.notes.join()).toMatch(/although none of the lane's jobs is/);
    }

    await database.pool.query(`SELECT force_unlock_workers(ARRAY['worker-gone']); DELETE FROM _private_jobs`);
    const ids = [await addJob(database, 'mail', { lane: 'eu' }), await addJob(database, 'mail', { lane: 'eu' })];
    await takeOne(database, 'mail', 'worker-gone');
    const other = await addJob(database, 'fax', { lane: 'us' });
    await takeOne(database, 'fax', 'worker-gone');
    const { outcomes } = await act(opsOf({ adapter }, 'reset'), inState('mail', 'active'), { verb: 'reset' });
    expect(told(outcomes)).toEqual([`${ids[0]}: done`]);
    expect(await row(`SELECT locked_by FROM _private_job_queues WHERE queue_name = 'us'`)).toEqual(['worker-gone']);
    expect((await adapter.find(other))?.job).toMatchObject({ state: 'active', worker: 'worker-gone' });
    expect((await runAll(database, { mail: async () => {}, fax: async () => {} })).sort()).toEqual([...ids].sort());
  });

  it('never touches a job in the hands of a worker', async () => {
    const { database, adapter } = await scene(version);
    const id = await addJob(database, 'mail');
    const seen = new Seen();
    const end = Promise.withResolvers<void>();
    const worker = await startWorker(database, {
      mail: async (_payload, { job }) => {
        seen.add(job.id);
        await end.promise;
      },
    });
    onTestFinished(() => worker.stop());
    onTestFinished(() => end.resolve());
    await seen.reaches(1);
    const job = (await adapter.find(id))?.job;
    expect(job).toMatchObject({ state: 'active', native: 'locked', attempts: 1, worker: expect.stringMatching(/\S/) });
    expect(job?.stuck).toBeUndefined();
    for (const verb of ['remove', 'replay', 'edit'] as const) {
      const action =
        verb === 'replay' ? { verb, keepAttempts: false } : verb === 'edit' ? { verb, payload: '{}' } : { verb };
      const { outcomes } = await act(
        opsOf({ adapter }, verb),
        { ...inState('mail', 'active', 'dead'), ids: [id] },
        action,
      );
      expect(told(outcomes), verb).toEqual([`${id}: skipped state-changed`]);
    }
    const proven = { ...inState('mail', 'active'), stuck: true };
    expect((await act(opsOf({ adapter }, 'reset'), proven, { verb: 'reset' })).outcomes).toEqual([]);
  });

  it('holds what it claims: workers pass it over and go on with the rest', async () => {
    const { database, adapter } = await scene(version);
    const ids = [await addJob(database, 'mail'), await addJob(database, 'mail'), await addJob(database, 'mail')];
    const request = { selection: inState('mail', 'waiting'), action: { verb: 'remove' }, size: 2 } as const;
    const claim: Claim = (await opsOf({ adapter }, 'remove').claim(request)[Symbol.asyncIterator]().next()).value;
    expect(await runAll(database, { mail: async () => {} })).toEqual([ids[2]]);
    expect(told(await claim.apply(claim.jobs))).toEqual(all(ids.slice(0, 2), 'done'));
    await claim.release();
  });

  it('tells when and why a job died, and gives it one more run when its attempts are kept', async () => {
    const { database, adapter } = await scene(version);
    const id = await addJob(database, 'mail', { maxAttempts: 1 });
    const fail = async () => {
      throw new Error('mailbox full');
    };
    const before = await adapter.now();
    await runAll(database, { mail: fail });
    const after = await adapter.now();
    const detail = await adapter.find(id);
    expect(detail?.job).toMatchObject({ state: 'dead', attempts: 1, error: { message: 'mailbox full' } });
    expect(detail?.job.since ?? '').toSatisfy((since: string) => before <= since && since <= after);
    expect(detail?.timeline.map(({ event }) => event)).toEqual(['added', 'failed']);

    const kept = { verb: 'replay', keepAttempts: true } as const;
    await act(opsOf({ adapter }, 'replay'), inState('mail', 'dead'), kept);
    expect((await adapter.find(id))?.job).toMatchObject({
      state: 'waiting',
      attempts: 1,
      maxAttempts: 2,
      retrying: true,
    });
    await runAll(database, { mail: fail });
    expect((await adapter.find(id))?.job).toMatchObject({ state: 'dead', attempts: 2, maxAttempts: 2 });
  });

  it('calls delayed and retrying what the library will try again', async () => {
    const { database, adapter } = await scene(version);
    const id = await addJob(database, 'mail', { maxAttempts: 3 });
    await runAll(database, {
      mail: async () => {
        throw new Error('mailbox full');
      },
    });
    expect((await adapter.find(id))?.job).toMatchObject({ state: 'delayed', retrying: true, attempts: 1 });
    const [stats] = await adapter.stats({ queues: ['mail'] });
    expect(stats?.counts).toMatchObject({ delayed: 1, dead: 0, waiting: 0 });
  });
});
