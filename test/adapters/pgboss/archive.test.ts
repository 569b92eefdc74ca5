import { createRequire } from 'node:module';
import { expect, it, onTestFinished } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import { planAction } from '../../../src/operations/plan-action.ts';
import { browseAll, inState } from '../../../src/testkit/act.ts';
import { maintain } from '../../setup/pgboss.ts';
import { dumpAll } from '../../setup/procrastinate.ts';
import { place, sendDead, stateOf } from './place.ts';

/** The statement by which 9 archives: only its supervisor sends it, on a timer. */
const archive9 = (schema: string): string =>
  (createRequire(import.meta.url)('pg-boss9/src/plans.js') as { archive(...given: string[]): string }).archive(
    schema,
    '1 s',
    '1 s',
  );

it.each(['9', '10'] as const)(
  'pg-boss %s: what the library archived is found by its id, and told of',
  async (version) => {
    const at = await place(version, version === '10' ? { archiveCompletedAfterSeconds: 1 } : {});
    if (version === '10') await at.boss.createQueue('email', { name: 'email', policy: 'standard' });
    const [id = ''] = await sendDead(at, 'email', [{ n: 1 }]);
    const ended = version === '9' ? 'completedon' : 'completed_on';
    await at.database.pool.query(`UPDATE job SET ${ended} = now() - interval '40 days'`);
    if (version === '9') await at.database.pool.query(archive9(at.database.schema));
    else await maintain(at.database, at.boss, 'email');
    expect(await stateOf(at, id)).toBeUndefined();
    const dump = await dumpAll(at.database.pool, at.database.schema);
    const adapter = await openPostgres({ url: at.database.url, where: 'postgres://test' });
    onTestFinished(() => adapter.close());
    expect(adapter.backend.warnings).toEqual([
      expect.stringMatching(/lder jobs? lie in the library's archive: .*job show ID finds/),
    ]);
    for (const queue of [undefined, 'email']) {
      const found = await adapter.find(id, queue);
      expect(found?.job).toMatchObject({ id, queue: 'email', state: 'dead', payload: '{"n": 1}' });
      expect(found?.job.error?.message).toBe('no such user');
      expect(found?.timeline.map(({ event }) => event)).toContain('archived');
      expect(found?.notes).toEqual([expect.stringMatching(/archive: nothing runs it/)]);
    }
    expect(await adapter.find(id, 'reports')).toBeUndefined();
    expect(await browseAll(adapter, inState('email', 'dead'))).toEqual([]);
    expect((await adapter.count(inState('email', 'dead'))).value).toBe(0);
    const plan = await planAction(adapter, {
      verb: 'replay',
      context: 'test',
      protected: false,
      tests: {},
      action: { verb: 'replay', keepAttempts: false },
      selection: { ...inState('email', 'dead'), ids: [id] },
    });
    expect(plan.strays).toEqual([{ id, why: 'dead, in the archive of the library: no write reaches it' }]);
    expect(await dumpAll(at.database.pool, at.database.schema)).toEqual(dump);
  },
);
