import { getRollbackPlans } from 'pg-boss12';
import { expect, it, onTestFinished } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import { openSchemaAdmin } from '../../../src/adapters/postgres/schema.ts';
import { act, all, inState, jobsOf, putBack, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { createPgBoss, createQueue, type PgBossDatabase } from '../../setup/pgboss.ts';

/** Those that brought or took columns of the jobs; 26 is the first that 12 knows. */
const layouts = [45, 44, 42, 40, 35, 33, 30, 29, 27, 26];

/** The library's own way back, one step at a time. */
async function rollBack(database: PgBossDatabase, to: number): Promise<void> {
  for (;;) {
    const { rows } = await database.pool.query<{ version: number }>('SELECT version FROM version');
    const version = rows[0]?.version ?? 0;
    if (version <= to) return;
    await database.pool.query(getRollbackPlans(database.schema, version));
  }
}

it('reads and writes every layout between 11 and 12.38', { timeout: 120_000 }, async () => {
  const database = await createPgBoss('12');
  onTestFinished(() => database.drop());
  await createQueue(database, 'undelivered');
  await createQueue(database, 'email', { deadLetter: 'undelivered' });
  for (const layout of layouts) {
    await rollBack(database, layout);
    await database.pool.query('DELETE FROM job');
    const adapter = await openPostgres({ url: database.url, where: 'postgres://test' });
    const admin = openSchemaAdmin({ url: database.url, where: 'postgres://test' });
    try {
      const about = `schema ${layout}`;
      expect(adapter.backend.version, about).toContain(`(schema ${layout})`);
      expect(
        (await admin.check({ writes: true })).findings.map(({ level }) => level),
        about,
      ).not.toContain('problem');
      const { rows } = await database.pool.query<{ id: string }>(
        `INSERT INTO job (name, data, state, dead_letter, started_on, completed_on)
         SELECT 'email', jsonb_build_object('n', n), 'failed', 'undelivered', now(), now() FROM generate_series(1, 2) n RETURNING id::text AS id`,
      );
      const [first = '', second = ''] = rows.map(({ id }) => id);
      const copy = await database.pool.query<{ id: string }>(
        `INSERT INTO job (name, data, created_on) SELECT 'undelivered', data, completed_on FROM job WHERE id = $1 RETURNING id::text AS id`,
        [first],
      );
      const [letter] = copy.rows.map(({ id }) => id);
      expect(
        (await adapter.stats({ by: 'lane' })).map(({ queue, counts }) => [queue, counts.dead]),
        about,
      ).toEqual([
        ['email', 2],
        ['undelivered', 1],
      ]);
      expect((await adapter.find(first))?.job.state, about).toBe('dead');
      const replayed = await act(opsOf({ adapter }, 'replay'), inState('email', 'dead'), replay);
      expect(told(replayed.outcomes), about).toEqual([`${first}: skipped duplicate`, `${second}: done`].sort());
      const moved = await act(opsOf({ adapter }, 'replay'), inState('undelivered', 'dead'), replay);
      expect(told(moved.outcomes), about).toEqual(all([letter ?? ''], 'done'));
      const before = await jobsOf(adapter, 'email');
      const removed = await act(opsOf({ adapter }, 'remove'), inState('email', 'waiting'), { verb: 'remove' });
      const back = await putBack(opsOf({ adapter }, 'restore'), removed.saved, true, adapter);
      expect(told(back.outcomes), about).toEqual(all([second, letter ?? ''], 'done'));
      expect(await jobsOf(adapter, 'email'), about).toEqual(before);
      const undone = await putBack(opsOf({ adapter }, 'revert'), replayed.saved, true, adapter, replayed.marks[0]);
      expect(
        undone.outcomes.map(({ result }) => result),
        about,
      ).toContain('skipped');
    } finally {
      await adapter.close();
      await admin.close();
    }
  }
});
