import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { openSchemaAdmin } from '../../../src/adapters/postgres/schema.ts';
import type { SchemaCheck, SchemaFinding } from '../../../src/domain/schema.ts';
import { createDatabase, procrastinateVersions } from '../../setup/databases.ts';
import { defer, dumpAll } from '../../setup/procrastinate.ts';
import { placeForTest } from './place.ts';

interface Asked {
  readonly schema?: string;
  readonly dialect?: string;
  readonly writes?: boolean;
}

async function checkOf(url: string, { writes = true, ...wanted }: Asked = {}): Promise<SchemaCheck> {
  const admin = openSchemaAdmin({ url, where: 'postgres://there/jobs', ...wanted });
  try {
    return await admin.check({ writes });
  } finally {
    await admin.close();
  }
}

const faultsIn = ({ findings }: SchemaCheck): SchemaFinding[] => findings.filter(({ level }) => level !== 'ok');

it.each(procrastinateVersions)('a whole schema has no faults (%s)', async (version) => {
  const schema = version === '3.0' ? 'Back office' : 'public';
  const { database, pool } = await placeForTest(version, schema);
  const before = await dumpAll(pool, schema);
  const check = await checkOf(database.url);
  const named = { '1.1': '1.x', '2.15': '2.6+', '3.0': '3.0', '3.2': '3.2', '3.9': '3.4+' }[version];
  expect(check).toEqual({
    backend: 'postgres/procrastinate',
    version: named,
    where: 'postgres://there/jobs',
    findings: [{ level: 'ok', text: expect.stringContaining(`Procrastinate ${named} in schema ${schema}: all its`) }],
  });
  expect(await dumpAll(pool, schema)).toEqual(before);
});

const J = 'procrastinate_jobs';

const damages: [what: string, sql: string, level: SchemaFinding['level'], text: RegExp][] = [
  [
    'a trigger was dropped',
    `DROP TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 ON ${J}`,
    'problem',
    /trigger procrastinate_jobs_notify_queue_job_inserted is missing: workers are not woken/,
  ],
  [
    'a trigger is disabled',
    `ALTER TABLE ${J} DISABLE TRIGGER procrastinate_trigger_status_events_update_v1`,
    'problem',
    /procrastinate_trigger_status_events_update_v1 is disabled: the times/,
  ],
  [
    'a function was dropped, and the old one of that name is still there',
    `ALTER FUNCTION procrastinate_finish_job_v1 RENAME TO procrastinate_finish_job`,
    'problem',
    /function procrastinate_finish_job is missing/,
  ],
  ['a column was dropped', `ALTER TABLE ${J} DROP COLUMN worker_id`, 'problem', /has no column worker_id/],
  ['a table was dropped', 'DROP TABLE procrastinate_events', 'problem', /table procrastinate_events is missing/],
  [
    'an index was dropped',
    'DROP INDEX procrastinate_events_job_id_fkey_v1',
    'warning',
    /procrastinate_events_job_id_fkey_v1 is missing: every look at a job reads all events.*\(\d+ (kB|bytes)\)/,
  ],
  [
    'a unique index was dropped',
    'DROP INDEX procrastinate_jobs_lock_idx_v1',
    'problem',
    /two jobs may run under one lock/,
  ],
  [
    'an index was built only half',
    `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'procrastinate_jobs_queue_name_idx_v1'::regclass`,
    'warning',
    /procrastinate_jobs_queue_name_idx_v1 is invalid/,
  ],
  [
    'a function of a version to come',
    'CREATE FUNCTION procrastinate_fetch_job_v3() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'warning',
    /newer than jobctl knows \(procrastinate_fetch_job_v3\)/,
  ],
  [
    'a state of a version to come',
    `ALTER TYPE procrastinate_job_status ADD VALUE 'suspended'`,
    'warning',
    /newer than jobctl knows \(state suspended\)/,
  ],
  [
    'a migration that was left halfway',
    'CREATE FUNCTION procrastinate_defer_job(text) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'hint',
    /from before 3\.0 are still there \(procrastinate_defer_job\)/,
  ],
];

it.each(damages)('%s', async (_what, sql, level, text) => {
  const { database, pool } = await placeForTest();
  await pool.query(sql);
  const faults = faultsIn(await checkOf(database.url));
  expect(faults).toContainEqual({
    level,
    text: expect.stringMatching(text),
    next: expect.stringMatching(/\S/),
  });
  // what it says to do is enough
  for (const { next = '' } of faults.filter((one) => /^(CREATE|ALTER|REINDEX) /.test(one.next ?? ''))) {
    await pool.query(next);
    expect(faultsIn(await checkOf(database.url)).map((one) => one.text)).not.toContainEqual(
      expect.stringMatching(text),
    );
  }
});

it('an index of another name that begins with the same columns does as well', async () => {
  const { database, pool } = await placeForTest();
  await pool.query(
    'DROP INDEX procrastinate_events_job_id_fkey_v1; CREATE INDEX ours ON procrastinate_events (job_id, type)',
  );
  expect(faultsIn(await checkOf(database.url))).toEqual([]);
});

it('a role that may only read: which verbs it cannot do, and the GRANTs that are enough', async () => {
  const { database, pool } = await placeForTest();
  const role = `checked_${process.pid}`;
  await pool.query(`CREATE ROLE ${role} LOGIN`);
  onTestFinished(async () => void (await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
  const url = database.url.replace('postgres@', `${role}@`);
  const [blind] = faultsIn(await checkOf(url));
  expect(blind).toMatchObject({ level: 'problem', text: expect.stringMatching(`role ${role} cannot read the jobs`) });
  await pool.query(blind?.next ?? '');
  const [reader] = faultsIn(await checkOf(url));
  expect(reader).toMatchObject({
    level: 'warning',
    text: expect.stringMatching(/cannot replay.*INSERT on procrastinate_events/),
  });
  expect(faultsIn(await checkOf(url, { writes: false }))).toEqual([]);
  await pool.query(reader?.next ?? '');
  expect(faultsIn(await checkOf(url))).toEqual([]);
});

it('no tables at all: a finding, and what to do', async () => {
  const database = await createDatabase('empty');
  onTestFinished(() => database.drop());
  expect(await checkOf(database.url)).toEqual({
    backend: 'postgres',
    version: 'none',
    where: 'postgres://there/jobs',
    findings: [{ level: 'problem', text: 'There are no queue tables in this database.', next: 'jobctl schema apply' }],
  });
});

it('several queues: each is looked at, and that other commands will ask is said', async () => {
  const { database, pool } = await placeForTest();
  await pool.query('CREATE SCHEMA old; CREATE TABLE old.oban_jobs (id int)');
  const check = await checkOf(database.url);
  expect(check).toMatchObject({ backend: 'postgres', version: 'several' });
  expect(check.findings.map(({ level }) => level).sort()).toEqual(['hint', 'ok', 'warning']);
  expect(check.findings.at(-1)).toMatchObject({
    text: expect.stringMatching(/several queues: oban in schema old, procrastinate in schema public/),
    next: expect.stringMatching(/--schema NAME or --dialect NAME/),
  });
  expect(faultsIn(await checkOf(database.url, { dialect: 'procrastinate' }))).toEqual([]);
  expect(faultsIn(await checkOf(database.url, { schema: 'nope' }))).toEqual([
    expect.objectContaining({ level: 'problem', text: expect.stringMatching(/in schema nope; there is oban/) }),
  ]);
});

it('transactions that are read-only by default: a warning, where writes are meant', async () => {
  const { database, pool } = await placeForTest();
  const name = pg.escapeIdentifier(new URL(database.url).pathname.slice(1));
  await pool.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  const level = async (writes: boolean) => faultsIn(await checkOf(database.url, { writes })).map((one) => one.level);
  expect(await level(true)).toEqual(['warning']);
  expect(await level(false)).toEqual(['hint']);
});

it('a role that may not even use the schema: a finding with its GRANT, not a failure', async () => {
  const { database, pool } = await placeForTest('3.9', 'Back office');
  const role = `outside_${process.pid}`;
  await pool.query(`CREATE ROLE ${role} LOGIN`);
  onTestFinished(async () => void (await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
  const url = database.url.replace('postgres@', `${role}@`);
  const [closed] = faultsIn(await checkOf(url));
  expect(closed).toMatchObject({ level: 'problem', text: expect.stringMatching(/schema Back office.*lacks USAGE/) });
  await pool.query(closed?.next ?? '');
  expect(faultsIn(await checkOf(url))).toMatchObject([{ text: expect.stringMatching(/cannot read the jobs/) }]);
});

it('row-level security that hides jobs from this role', async () => {
  const { database, pool } = await placeForTest();
  const role = `tenant_${process.pid}`;
  await pool.query(`CREATE ROLE ${role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role};
    ALTER TABLE ${J} ENABLE ROW LEVEL SECURITY`);
  onTestFinished(async () => void (await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
  const check = await checkOf(database.url.replace('postgres@', `${role}@`), { writes: false });
  expect(faultsIn(check)).toMatchObject([{ level: 'warning', text: expect.stringMatching(/Row-level security/) }]);
  expect(faultsIn(await checkOf(database.url))).toEqual([]);
});

it.each(procrastinateVersions)(
  'a large table: advises the index that finds failed jobs, and is content with it (%s)',
  async (version) => {
    const schema = version === '3.0' ? 'Back office' : 'public';
    const { database, pool, adapter } = await placeForTest(version, schema);
    await defer(pool, { queue: 'email' });
    await pool.query(`UPDATE pg_class SET reltuples = 2500000 WHERE relname = '${J}'`);
    const [hint, ...others] = faultsIn(await checkOf(database.url));
    expect(others).toEqual([]);
    expect(hint).toMatchObject({
      level: 'hint',
      text: expect.stringMatching(/finds failed jobs.*2,500,000 rows: from 3 s/),
    });
    await pool.query(hint?.next ?? '');
    await pool.query(`UPDATE pg_class SET reltuples = 2500000 WHERE relname = '${J}'`);
    expect(faultsIn(await checkOf(database.url))).toEqual([]);
    expect((await adapter.stats({}))[0]?.counts.waiting).toBe(1);
  },
);
