import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import { openSchemaAdmin } from '../../../src/adapters/postgres/schema.ts';
import { act, inState, replay } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { createPgBoss, createQueue, type PgBossDatabase, type PgBossVersion } from '../../setup/pgboss.ts';

async function fresh(version: PgBossVersion): Promise<PgBossDatabase> {
  const database = await createPgBoss(version);
  onTestFinished(() => database.drop());
  return database;
}

async function findingsOf({ url }: { readonly url: string }, writes = true) {
  const admin = openSchemaAdmin({ url, where: 'postgres://test' });
  onTestFinished(() => admin.close());
  return (await admin.check({ writes })).findings;
}

/** The same database as another role, which may do only what it is granted. */
async function asRole(database: PgBossDatabase, ...grants: readonly string[]): Promise<string> {
  const role = `reader_${Math.random().toString(36).slice(2, 10)}`;
  await database.pool.query(`CREATE ROLE ${role} LOGIN`);
  for (const grant of grants) await database.pool.query(`${grant} TO ${role}`);
  onTestFinished(async () => {
    const client = new pg.Client(database.url.replace(/[^/]*$/, 'postgres'));
    await client.connect();
    await client.query(`DROP ROLE IF EXISTS ${role}`).catch(() => {});
    await client.end();
  });
  const url = new URL(database.url);
  url.username = role;
  return url.href;
}

describe('schema check of pg-boss', () => {
  it.each(['10', '11', '12'] as const)(
    'finds nothing wrong with the tables as version %s makes them',
    async (version) => {
      const findings = await findingsOf(await fresh(version));
      expect(findings.map(({ level }) => level)).toEqual(['ok']);
      expect(findings[0]?.text).toMatch(/pg-boss 1[012].*in schema pgboss: its tables are those of that version/);
    },
  );

  it.each(['10', '11', '12'] as const)(
    'finds nothing wrong with queues that have a table to themselves (%s)',
    async (version) => {
      const database = await fresh(version);
      const kinds = ['standard', 'short', 'singleton', 'stately', 'exclusive', 'key_strict_fifo'];
      for (const policy of kinds.slice(0, { 10: 4, 11: 5, 12: 6 }[version]))
        await createQueue(database, policy, { policy, partition: true });
      expect((await findingsOf(database)).map(({ level }) => level)).toEqual(['ok']);
    },
  );

  const dropped: readonly (readonly [what: string, sql: string, level: string, text: RegExp])[] = [
    [
      'a column of jobs',
      'ALTER TABLE job DROP COLUMN heartbeat_on',
      'problem',
      /says 46.*job has no column heartbeat_on:/,
    ],
    ['a column of queues', 'ALTER TABLE queue DROP COLUMN notify', 'problem', /says 46.*queue has no column notify:/],
    [
      'a column with its indexes',
      'ALTER TABLE job DROP COLUMN singleton_on CASCADE',
      'problem',
      /job has no column singleton_on, and no index job_common_i4, which needs it/,
    ],
    [
      'a unique index',
      'DROP INDEX job_common_i8',
      'problem',
      /job_common has no index i8: jobs that the policy key_strict_fifo keeps apart/,
    ],
    ['an index', 'DROP INDEX job_common_i17', 'warning', /job_common has no index i17: jobs that wait under a key/],
    [
      'an index, and another goes by its name',
      'DROP INDEX job_common_i1; CREATE UNIQUE INDEX job_common_i1 ON job_common (name, id, singleton_key)',
      'problem',
      /index i1 of job_common is not the library's, but UNIQUE btree \(name, id, singleton_key\): jobs that the policy short/,
    ],
    ['an index of another table', 'DROP INDEX queue_stats_i1', 'warning', /queue_stats has no index queue_stats_i1:/],
    ['a primary key', 'ALTER TABLE bam DROP CONSTRAINT bam_pkey', 'problem', /bam has no index bam_pkey:/],
  ];

  it.each(dropped)('names %s that is gone, with the statements that are enough', async (_what, sql, level, text) => {
    const database = await fresh('12');
    await database.pool.query(sql);
    const [, fault, ...others] = await findingsOf(database);
    expect(others).toEqual([]);
    expect(fault).toMatchObject({ level, text: expect.stringMatching(text) });
    for (let left = await findingsOf(database); left.length > 1; left = await findingsOf(database)) {
      const statements = left[1]?.next?.match(/[^;]+;/g) ?? [];
      expect(statements).not.toEqual([]);
      for (const statement of statements) await database.pool.query(statement);
      expect((await findingsOf(database)).map((one) => one.text)).not.toContain(left[1]?.text);
    }
  });

  it('takes an index of another name, and one that is still being built, for no fault', async () => {
    const database = await fresh('12');
    await database.pool.query(
      `ALTER INDEX job_common_i12 RENAME TO by_root; DROP INDEX job_common_i13;
       INSERT INTO bam (name, version, table_name, command) VALUES ('i13', 45, 'job_common', 'CREATE UNIQUE INDEX CONCURRENTLY job_common_i13 ON …')`,
    );
    expect((await findingsOf(database)).map(({ level }) => level)).toEqual(['ok', 'hint', 'hint']);
  });

  it('does not say of a newer version what it lacks', async () => {
    const database = await fresh('12');
    await database.pool.query('UPDATE version SET version = 47; ALTER TABLE queue DROP COLUMN notify');
    expect((await findingsOf(database)).map(({ text }) => text)).toEqual([
      'pg-boss 12 (schema 47) in schema pgboss.',
      'This pg-boss is newer than jobctl knows (schema 47).',
    ]);
  });

  it('names tables and functions that are gone, and indexes with the statement that is enough', async () => {
    const database = await fresh('11');
    await createQueue(database, 'own', { partition: true });
    await database.pool.query(
      'DROP TABLE subscription; DROP FUNCTION delete_queue; DROP INDEX job_i5; DROP INDEX job_i4',
    );
    const findings = await findingsOf(database);
    expect(findings.map(({ level, text }) => `${level}: ${text.split(': ')[0]}`)).toEqual([
      'ok: pg-boss 11 or 12.0 to 12.5 (schema 26) in schema pgboss.',
      'problem: The version says 26, but there is no table subscription',
      'problem: The version says 26, but there is no function delete_queue',
      'problem: job_common has no index i4',
      'warning: job_common has no index i5',
    ]);
    for (const { next = '' } of findings.filter((one) => one.next?.startsWith('CREATE')))
      await database.pool.query(next);
    expect((await findingsOf(database)).filter(({ text }) => /index/.test(text))).toEqual([]);
  });

  it('advises indexes on a large table, each with what it is for and what it costs', async () => {
    const database = await fresh('11');
    await database.pool.query(`UPDATE pg_class SET reltuples = 2500000 WHERE oid = 'job_common'::regclass`);
    const advice = (await findingsOf(database)).filter(({ level }) => level === 'hint');
    const of = ['stats reads the whole table', 'dlq list shows them in no order of time', 'stats tells no rates'];
    expect(advice.map(({ text }) => text)).toEqual(
      of.map((what) => expect.stringMatching(`${what}.*about 2,500,000 rows: from 3 s`)),
    );
    for (const { next = '' } of advice) await database.pool.query(next);
    expect((await findingsOf(database)).map(({ level }) => level)).toEqual(['ok']);
  });

  it('tells of an invalid index and of background work that failed', async () => {
    const database = await fresh('12');
    await database.pool.query(
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'pgboss.job_common_i16'::regclass`,
    );
    await database.pool.query(
      `INSERT INTO bam (name, version, status, table_name, command, error) VALUES ('i16', 46, 'failed', 'job_common', 'CREATE INDEX', 'disk full')`,
    );
    const findings = await findingsOf(database);
    expect(findings).toContainEqual({
      level: 'warning',
      text: 'The index job_common_i16 is invalid: building it was cut short, and it is only written to.',
      next: 'REINDEX INDEX CONCURRENTLY "pgboss"."job_common_i16";',
    });
    expect(findings.map(({ text }) => text).join()).toMatch(/background migrations failed: disk full/);
  });

  it('says what a reading role may not do, with the grants', async () => {
    const database = await fresh('12');
    await createQueue(database, 'email');
    const url = await asRole(database, 'GRANT USAGE ON SCHEMA pgboss', 'GRANT SELECT ON ALL TABLES IN SCHEMA pgboss');
    const rights = (await findingsOf({ url })).find(({ level }) => level === 'warning');
    expect(rights?.text).toMatch(/cannot replay, reset, cancel, edit, remove, restore, revert/);
    expect(rights?.next).toMatch(/GRANT UPDATE ON "pgboss".job TO/);
    const adapter = await openPostgres({ url, where: 'postgres://test' });
    onTestFinished(() => adapter.close());
    expect((await adapter.stats({})).map(({ queue }) => queue)).toEqual(['email']);
    await expect(act(opsOf({ adapter }, 'replay'), inState('email', 'dead'), replay)).rejects.toThrow(
      expect.objectContaining({ code: 'JOBCTL_UNREACHABLE', message: expect.stringMatching(/lacks UPDATE/) }),
    );
  });

  it('lets a role with the rights on the parent table move a copy into another partition', async () => {
    const database = await fresh('10');
    await createQueue(database, 'undelivered');
    await createQueue(database, 'email', { deadLetter: 'undelivered' });
    await database.pool.query(
      `INSERT INTO job (name, state, data, dead_letter, completed_on) VALUES ('email', 'failed', '{"n":1}', 'undelivered', now());
       INSERT INTO job (name, data, created_on) SELECT 'undelivered', data, completed_on FROM job`,
    );
    const url = await asRole(
      database,
      'GRANT USAGE ON SCHEMA pgboss',
      'GRANT SELECT, UPDATE ON job',
      'GRANT SELECT ON queue',
      'GRANT SELECT ON version',
    );
    const adapter = await openPostgres({ url, where: 'postgres://test' });
    onTestFinished(() => adapter.close());
    const { outcomes } = await act(opsOf({ adapter }, 'replay'), inState('undelivered', 'dead'), replay);
    expect(outcomes.map(({ result }) => result)).toEqual(['done']);
  });
});
