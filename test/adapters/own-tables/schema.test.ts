import { expect, it, onTestFinished } from 'vitest';
import type { TablesMapping } from '../../../src/adapters/postgres/own-tables/mapping.ts';
import { openSchemaAdmin } from '../../../src/adapters/postgres/schema.ts';
import type { SchemaFinding } from '../../../src/domain/schema.ts';
import { createOwnTables } from '../../conformance/own-tables-bench.ts';
import { openShop } from './shop.ts';

async function findingsOf(url: string, tables: TablesMapping, writes = true): Promise<readonly SchemaFinding[]> {
  const admin = openSchemaAdmin({ url, where: 'postgres://test', tables });
  onTestFinished(() => admin.close());
  const check = await admin.check({ writes });
  expect(check.backend).toBe('postgres/own-tables');
  return check.findings;
}

const prisma: TablesMapping = { preset: 'prisma', write: true };
const textsOf = (findings: readonly SchemaFinding[], ...levels: SchemaFinding['level'][]): string[] =>
  findings.filter(({ level }) => levels.includes(level)).map(({ text }) => text);
/** Makes the catalog believe that the table is a large one. */
const grown = (table: string): string => `UPDATE pg_class SET reltuples = 1000000 WHERE oid = '"${table}"'::regclass`;

it("the runbook's tables: they fit, and nothing needs to be done", async () => {
  const shop = await openShop();
  const findings = await findingsOf(shop.url, prisma);
  expect(textsOf(findings, 'warning', 'problem')).toEqual([]);
  expect(findings[0]).toEqual({ level: 'ok', text: 'The mapping fits Job, DeadLetterJob in schema public.' });
  expect(textsOf(findings, 'hint').join()).toMatch(/read and written as UTC: .*Job.createdAt/);
});

it('indexes that a large table lacks: what is slow, what one costs, and the statement is enough', async () => {
  const shop = await openShop(
    `DROP INDEX "Job_status_createdAt_idx", "DeadLetterJob_jobId_idx"; ${grown('Job')}; ${grown('DeadLetterJob')};`,
  );
  const missing = (await findingsOf(shop.url, prisma)).filter(({ text }) => text.startsWith('No index'));
  expect(missing.map(({ level }) => level)).toEqual([...missing.slice(1).map(() => 'warning'), 'hint']);
  expect(missing.map(({ text }) => text.split(':')[0])).toEqual([
    'No index of Job begins with status, createdAt',
    'No index of Job begins with status, queue',
    'No index of Job begins with finished_at',
    'No index of DeadLetterJob begins with jobId',
    'No index of Job holds what stats asks of jobs that wait, run or are dead',
  ]);
  expect(missing[0]?.text).toMatch(/about 1,000,000 rows: from 1 s/);
  for (const { next } of missing) await shop.pool.query(next ?? '');
  const found = await findingsOf(shop.url, prisma);
  expect(textsOf(found, 'warning', 'problem')).toEqual([]);
  expect(textsOf(found, 'hint').join()).not.toMatch(/No index/);
});

it('an index that was never finished is named, and does not count as one', async () => {
  const shop = await openShop(
    `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"Job_status_createdAt_idx"'::regclass;`,
  );
  const findings = await findingsOf(shop.url, prisma);
  expect(findings).toContainEqual({
    level: 'warning',
    text: 'The index Job_status_createdAt_idx is invalid: building it was cut short, and it is only written to.',
    next: 'REINDEX INDEX CONCURRENTLY "Job_status_createdAt_idx";',
  });
  expect(textsOf(findings, 'hint').join()).toMatch(/No index of Job begins with status, createdAt/);
});

it('foreign keys that take other rows along', async () => {
  const shop = await openShop(
    `CREATE TABLE invoice (id int, job text REFERENCES "Job" (id) ON DELETE CASCADE);
     CREATE TABLE note (id int, job text REFERENCES "Job" (id) ON DELETE SET NULL);`,
  );
  const findings = await findingsOf(shop.url, prisma);
  expect(textsOf(findings, 'warning')).toEqual([
    expect.stringMatching(/deletes rows of invoice with it \(invoice_job_fkey\): jobctl never removes from Job/),
  ]);
  expect(textsOf(findings, 'hint').join()).toMatch(/changes columns of note \(note_job_fkey, ON DELETE SET NULL\)/);
  expect(textsOf(await findingsOf(shop.url, { preset: 'prisma' }), 'warning'), 'read only').toEqual([]);
});

it('columns that are not what one would think', async () => {
  const database = await createOwnTables('plain-jobs');
  onTestFinished(() => database.drop());
  await database.pool.query(`ALTER TABLE "Back office".tasks DROP COLUMN label, DROP CONSTRAINT tasks_pkey, ALTER body TYPE text,
      ALTER state TYPE char(12), ALTER state DROP NOT NULL;
    INSERT INTO "Back office".tasks (lane, state) SELECT 'email', CASE WHEN n % 2 = 0 THEN 'new' ELSE 'parked' END FROM generate_series(1, 20) n;
    ANALYZE "Back office".tasks`);
  const tables: TablesMapping = {
    schema: 'Back office',
    table: 'tasks',
    write: true,
    columns: { id: 'task_no', queue: 'lane', status: 'state', payload: 'body', createdAt: 'made' },
    statuses: { new: 'waiting', taken: 'active', bad: 'dead' },
  };
  const findings = await findingsOf(database.url, tables);
  expect(textsOf(findings, 'problem')).toEqual([
    expect.stringMatching(/No unique index is of tasks.task_no alone: .* nothing is written/),
  ]);
  expect(textsOf(findings, 'warning')).toEqual([
    expect.stringMatching(/jobs with the status "parked", which tables.statuses does not map/),
  ]);
  expect(textsOf(findings, 'hint').join()).toMatch(/state is a char.*state may be NULL.*body is text.*means completed/);
  const adapter = await database.open(tables);
  expect((await adapter.stats({}))[0]).toMatchObject({ counts: { waiting: 10, blocked: 10 }, other: { parked: 10 } });
});

it('a mapping that does not fit is a finding, not a failure', async () => {
  const shop = await openShop();
  expect(await findingsOf(shop.url, { preset: 'prisma', columns: { error: 'lastEror' } })).toEqual([
    { level: 'problem', text: expect.stringMatching(/no column "lastEror"/), next: expect.stringMatching(/lastError/) },
  ]);
});

it('says what this role may not do, with the grants that are enough', async () => {
  const shop = await openShop();
  const role = `own_${process.pid}`;
  await shop.pool.query(`CREATE ROLE ${role} LOGIN; GRANT SELECT ON "DeadLetterJob" TO ${role}`);
  const url = shop.url.replace('postgres@', `${role}@`);
  try {
    const [unread] = (await findingsOf(url, prisma, false)).filter(({ level }) => level === 'problem');
    expect(unread?.text).toMatch(/cannot read "public"."Job"/);
    await shop.pool.query(unread?.next ?? '');
    const [unwritten] = (await findingsOf(url, prisma)).filter(({ level }) => level === 'warning');
    expect(unwritten?.text).toMatch(/No right to replay, reset, remove, cancel, edit, restore, revert: /);
    await shop.pool.query(unwritten?.next ?? '');
    const [unheard] = (await findingsOf(url, prisma)).filter(({ level }) => level === 'problem');
    expect(unheard?.text).toMatch(/cannot show any job.*: it lacks SELECT on "WorkerHeartbeat"/);
    await shop.pool.query(unheard?.next ?? '');
    expect(textsOf(await findingsOf(url, prisma), 'warning', 'problem')).toEqual([]);
  } finally {
    await shop.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

it('the flag that pauses a queue: what a role lacks to see it and to set it', async () => {
  const shop = await openShop('CREATE TABLE "QueueConfig" (name text PRIMARY KEY, paused boolean, note text);');
  const role = `flag_${process.pid}`;
  await shop.pool.query(`CREATE ROLE ${role} LOGIN; GRANT ALL ON "Job", "DeadLetterJob", "WorkerHeartbeat" TO ${role}`);
  const url = shop.url.replace('postgres@', `${role}@`);
  const tables: TablesMapping = { ...prisma, pause: { table: 'QueueConfig', queue: 'name', paused: 'paused' } };
  const lacks = async (writes = true) =>
    (await findingsOf(url, tables, writes)).filter(({ level }) => level === 'problem' || level === 'warning');
  try {
    expect((await lacks()).map(({ level, text }) => [level, text.replace(/^The role \S+ /, '')])).toEqual([
      ['problem', 'cannot show stats, nor tell what is paused: it lacks SELECT on "QueueConfig".'],
      ['warning', 'cannot pause or resume a queue: it lacks INSERT on "QueueConfig", UPDATE on "QueueConfig".'],
    ]);
    expect(await lacks(false)).toHaveLength(1);
    for (const { next } of await lacks()) await shop.pool.query(next ?? '');
    expect(await lacks()).toEqual([]);
  } finally {
    await shop.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});
