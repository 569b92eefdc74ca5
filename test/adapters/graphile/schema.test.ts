import { describe, expect, it, onTestFinished } from 'vitest';
import { openSchemaAdmin } from '../../../src/adapters/postgres/schema.ts';
import type { SchemaFinding } from '../../../src/domain/schema.ts';
import { createGraphile, type GraphileVersion, graphileVersions } from '../../setup/graphile.ts';

async function fresh(version: GraphileVersion) {
  const database = await createGraphile(version);
  onTestFinished(() => database.drop());
  return database;
}

async function findingsOf(url: string, writes = true): Promise<readonly SchemaFinding[]> {
  const admin = openSchemaAdmin({ url, where: 'postgres://test' });
  onTestFinished(() => admin.close());
  return (await admin.check({ writes })).findings;
}

describe('schema check of graphile-worker', () => {
  it.each(graphileVersions)('finds nothing wrong with the tables as %s makes them', async (version) => {
    expect(await findingsOf((await fresh(version)).url)).toEqual([
      {
        level: 'ok',
        text: expect.stringMatching(
          /^graphile-worker 0.1.*in schema graphile_worker: its tables, functions and indexes/,
        ),
      },
    ]);
  });

  it('names what is missing, and an index that is, with the statement that is enough', async () => {
    const { url, pool } = await fresh('0.18');
    await pool.query(`DROP FUNCTION reschedule_jobs; DROP TABLE _private_known_crontabs; DROP INDEX jobs_main_index;
      DELETE FROM migrations WHERE id = 7; UPDATE pg_class SET reltuples = 1000000 WHERE oid = '_private_jobs'::regclass`);
    const findings = await findingsOf(url);
    expect(findings.map(({ level, text }) => `${level}: ${text.split(':')[0]}`)).toEqual([
      'ok: graphile-worker 0.17+ (revision 20) in schema graphile_worker.',
      'problem: The table _private_known_crontabs is missing.',
      'problem: The function reschedule_jobs is missing',
      "warning: The library's list of migrations lacks 7, and has later ones.",
      'warning: The index jobs_main_index of _private_jobs is missing',
      'hint: No index holds the locked and the dead',
      'hint: No index finds what waits by its task',
    ]);
    for (const { next = '' } of findings.filter((one) => one.next?.startsWith('CREATE'))) await pool.query(next);
    expect((await findingsOf(url)).map(({ text }) => text).join()).not.toMatch(/index/);
  });

  it.each([
    [
      'DROP COLUMN is_available CASCADE',
      '_private_job_queues',
      /^_private_job_queues has no column is_available\.$/,
      'ADD COLUMN "is_available" boolean GENERATED ALWAYS AS ((locked_at IS NULL)) STORED NOT NULL',
    ],
    [
      'DROP CONSTRAINT tasks_identifier_key',
      '_private_tasks',
      /^The index tasks_identifier_key of _private_tasks is missing: add_job fails for every job\.$/,
      'CREATE UNIQUE INDEX CONCURRENTLY "tasks_identifier_key"',
    ],
    [
      'DROP CONSTRAINT jobs_key_key1',
      '_private_jobs',
      /^The index jobs_key_key1 of _private_jobs is missing: add_job fails for jobs with a key\./,
      'CREATE UNIQUE INDEX CONCURRENTLY "jobs_key_key1"',
    ],
  ])('%s of %s: named, with the statement that is enough', async (sql, table, text, next) => {
    const { url, pool } = await fresh('0.18');
    await pool.query(`ALTER TABLE ${table} ${sql}`);
    const [, fault, ...others] = await findingsOf(url);
    expect(others).toEqual([]);
    expect(fault).toEqual({
      level: 'problem',
      text: expect.stringMatching(text),
      next: expect.stringContaining(next),
    });
    await pool.query(fault?.next ?? '');
    expect((await findingsOf(url)).map(({ level }) => level)).toEqual(['ok']);
  });

  it('a role that sees nothing, or only the view: findings with their grants', async () => {
    const { url, pool } = await fresh('0.18');
    const role = `graphile_${process.pid}`;
    await pool.query(`CREATE ROLE ${role} LOGIN`);
    onTestFinished(async () => void (await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`).catch(() => {})));
    const as = url.replace('postgres@', `${role}@`);
    expect(await findingsOf(as)).toEqual([
      { level: 'problem', text: expect.stringMatching(/may not read the jobs/), next: expect.stringMatching(/GRANT/) },
    ]);
    await pool.query(`GRANT USAGE ON SCHEMA graphile_worker TO ${role}; GRANT SELECT ON jobs TO ${role}`);
    expect((await findingsOf(as, false)).map(({ level }) => level)).toEqual(['ok', 'hint']);
    const [, lack] = await findingsOf(as);
    expect(lack).toMatchObject({
      level: 'warning',
      text: expect.stringMatching(/No right to replay.*only through a view/),
    });
  });
});
