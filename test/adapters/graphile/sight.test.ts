import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { act, browseAll, inState, replay, told, whole } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { addJob, type GraphileDatabase, graphileVersions, makeDead, takeOne } from '../../setup/graphile.ts';
import { openAs, scene } from './scene.ts';

/** A role of its own for the test; `grants` name it `:role`. */
async function roleWith({ pool }: GraphileDatabase, grants: string): Promise<string> {
  const role = `graphile_${randomUUID().slice(0, 8)}`;
  await pool.query(`CREATE ROLE ${role} LOGIN; ${grants.replaceAll(':role', role)}`);
  onTestFinished(async () => void (await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
  return role;
}

const readAll =
  'GRANT USAGE ON SCHEMA graphile_worker TO :role; GRANT SELECT ON ALL TABLES IN SCHEMA graphile_worker TO :role;';

const refusal = (message: RegExp, ...next: RegExp[]) =>
  expect.objectContaining({
    code: 'JOBCTL_UNREACHABLE',
    message: expect.stringMatching(message),
    next: expect.arrayContaining(next.map((line) => expect.stringMatching(line))),
  });

describe.each(graphileVersions)('graphile-worker %s under row-level security (trap 14)', (version) => {
  it('reads through the view where the tables look empty, says so, and refuses to write', async () => {
    const { database } = await scene(version);
    const [id = ''] = await makeDead(database, 'mail', [{ payload: '{"to":1}', lane: 'eu' }]);
    await addJob(database, 'fax');
    const role = await roleWith(database, readAll);
    const { rows } = await database.pool
      .query(`SET ROLE ${role}; SELECT count(*)::int AS n FROM _private_jobs; RESET ROLE`)
      .then((results) => (results as unknown as { rows: { n: number }[] }[])[1] ?? { rows: [] });
    expect(rows).toEqual([{ n: 0 }]);

    const adapter = await openAs(database, role);
    expect(adapter.backend.warnings).toEqual([
      expect.stringMatching(/row-level security.*view.*without their payloads/i),
    ]);
    expect((await adapter.queues()).map(({ queue }) => queue)).toEqual(['fax', 'mail']);
    expect(
      (await adapter.stats({ by: 'lane' })).map(({ queue, counts }) => [queue, counts.dead, counts.waiting]),
    ).toEqual([
      ['fax', 0, 1],
      ['mail', 1, 0],
    ]);
    expect(await browseAll(adapter, { ...whole('mail'), lane: 'eu' })).toMatchObject([
      { id, lane: 'eu', payload: '', error: { message: 'no such user' } },
    ]);
    expect((await adapter.count(inState('mail', 'dead'))).value).toBe(1);
    expect((await adapter.find(id))?.notes.join()).toMatch(/payload cannot be read/);
    await expect(act(opsOf({ adapter }, 'replay'), inState('mail', 'dead'), replay)).rejects.toThrow(
      refusal(/only through a view/, /^GRANT "postgres" TO/),
    );
  });

  it('tells the workers that hold jobs through the view as well', async () => {
    const { database } = await scene(version);
    await addJob(database, 'mail');
    await takeOne(database, 'mail', 'worker-7');
    const adapter = await openAs(database, await roleWith(database, readAll));
    expect(await adapter.workers?.()).toMatchObject([{ id: 'worker-7', active: 1, silent: false }]);
  });

  it('tells blocked from waiting through the view as well', async () => {
    const { database } = await scene(version);
    const ids = [await addJob(database, 'mail', { lane: 'eu' }), await addJob(database, 'mail', { lane: 'eu' })];
    await database.pool.query(`UPDATE _private_jobs SET locked_at = now(), locked_by = 'w' WHERE id = $1`, [ids[0]]);
    const adapter = await openAs(database, await roleWith(database, readAll));
    const states = (await browseAll(adapter, whole('mail'))).map((job) => job.state);
    expect(states).toEqual(['active', 'blocked']);
    expect((await adapter.find(ids[1] ?? ''))?.links).toEqual([{ relation: 'lane held by', to: `job ${ids[0]}` }]);
  });

  it('refuses rather than report an empty queue', async () => {
    const { database } = await scene(version);
    await makeDead(database, 'mail', [{}]);
    const noView = await roleWith(database, `${readAll} REVOKE SELECT ON graphile_worker.jobs FROM :role;`);
    await expect(openAs(database, noView)).rejects.toThrow(
      refusal(/would look empty/, /^GRANT SELECT ON "graphile_worker".jobs/, /^GRANT "postgres"/),
    );
    const nothing = await roleWith(database, '');
    await expect(openAs(database, nothing)).rejects.toThrow(refusal(/may not read/, /^GRANT USAGE ON SCHEMA/));
    // a view that reads with the caller's rights is as blind as the caller
    await database.pool.query('ALTER VIEW jobs SET (security_invoker = true)');
    await expect(openAs(database, await roleWith(database, readAll))).rejects.toThrow(refusal(/would look empty/));
  });

  it('reads and writes the tables where the role sees through: bypass, membership, a policy', async () => {
    const { database, adapter: own } = await scene(version);
    const writes = `${readAll} GRANT UPDATE ON ALL TABLES IN SCHEMA graphile_worker TO :role;`;
    const policies = ['_private_jobs', '_private_tasks', '_private_job_queues']
      .map((table) => `CREATE POLICY all_for_:role ON graphile_worker.${table} TO :role USING (true);`)
      .join(' ');
    const ways = [`${writes} ALTER ROLE :role BYPASSRLS;`, 'GRANT postgres TO :role;', `${writes} ${policies}`];
    for (const grants of ways) {
      const [id = ''] = await makeDead(database, 'mail', [{ payload: '{"to":1}' }]);
      const adapter = await openAs(database, await roleWith(database, grants));
      expect(adapter.backend.warnings.join()).toMatch(grants.includes('POLICY') ? /policies decide/ : /^$/);
      expect((await adapter.find(id))?.job.payload, grants).toBe('{"to":1}');
      const { outcomes } = await act(opsOf({ adapter }, 'replay'), inState('mail', 'dead'), replay);
      expect(told(outcomes), grants).toEqual([`${id}: done`]);
      expect((await own.find(id))?.job.state).toBe('waiting');
    }
  });

  it('names the privilege that a write lacks before it holds anything', async () => {
    const { database } = await scene(version);
    await makeDead(database, 'mail', [{}]);
    const adapter = await openAs(database, await roleWith(database, `${readAll} ALTER ROLE :role BYPASSRLS;`));
    await expect(act(opsOf({ adapter }, 'replay'), inState('mail', 'dead'), replay)).rejects.toThrow(
      refusal(/lacks UPDATE on "graphile_worker"._private_jobs, which replay needs/, /^GRANT UPDATE ON/),
    );
    await expect(opsOf({ adapter }, 'restore').hold([], { asWas: false, cutoff: await adapter.now() })).rejects.toThrow(
      refusal(/which restore needs/, /^GRANT INSERT/, /^GRANT UPDATE ON SEQUENCE/),
    );
  });
});
