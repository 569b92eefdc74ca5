import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { answerOf, errorOf, expectFailure, expectFits } from '../e2e/answer.ts';
import { type Home, homeForTest } from '../e2e/jobctl.ts';
import { ENTER, openTerminal } from '../e2e/terminal.ts';
import { createDatabase, createProcrastinate } from '../setup/databases.ts';

const scriptPath = fileURLToPath(new URL('../../assets/demo/procrastinate.sql', import.meta.url));
const script = await readFile(scriptPath, 'utf8');

interface Place {
  readonly home: Home;
  readonly url: string;
  query<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  tables(): Promise<string[]>;
}

/** An empty database, a context `new` for it, and the script as schema.sql. */
async function emptyPlace(): Promise<Place> {
  const database = await createDatabase('new');
  onTestFinished(() => database.drop());
  const home = await homeForTest();
  const contexts = `version: 1\ncontexts:\n  new: { url: "${database.url}" }\n  looking: { url: "${database.url}", readOnly: true }\n`;
  await home.file('jobctl.yaml', contexts);
  await home.file('schema.sql', script);
  const query: Place['query'] = async (sql) => {
    const client = new pg.Client(database.url);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const tables = async () =>
    (
      await query<{ name: string }>(
        `SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname !~ '^(pg_|information)' ORDER BY 1`,
      )
    ).map(({ name }) => name);
  return { home, url: database.url, query, tables };
}

const apply = (...more: string[]): string[] => ['schema', 'apply', '-c', 'new', '--file', 'schema.sql', ...more];
const all = ['events', 'jobs', 'periodic_defers', 'workers'].map((name) => `public.procrastinate_${name}`);

it('applies a script, says what it made, writes it into the audit; a second time is refused', async () => {
  const { home, tables } = await emptyPlace();
  const ended = await home.run(apply('--confirm', 'new', '--reason', 'new region'));
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/finished\n.*postgres\/procrastinate 3\.4\+/) });
  expectFits(ended.stdout);
  expect(await tables()).toEqual(all);
  const [entry] = (await readFile(join(home.stateDir, 'audit.ndjson'), 'utf8')).trim().split('\n');
  expect(JSON.parse(entry ?? '')).toMatchObject({
    verb: 'schema apply',
    context: 'new',
    reason: 'new region',
    outcome: 'postgres/procrastinate 3.4+ applied',
    exitCode: 0,
  });
  expectFailure(
    await home.run(apply('--confirm', 'new')),
    4,
    /has queue tables already: procrastinate in schema public/,
  );
  expect(await home.run(['schema', 'check', '-c', 'new'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/Nothing needs to be done/),
  });
});

it('a dry run shows the plan and makes nothing', async () => {
  const { home, tables } = await emptyPlace();
  const ended = await home.run(apply('--dry-run', '--json'));
  const answer = answerOf(ended, 'schema-apply');
  expect(answer).toMatchObject({ context: 'new', source: 'schema.sql', statements: 41, dryRun: true });
  expect(ended).toMatchObject({ code: 0, stderr: expect.stringMatching(/41 statements, in one\s+transaction/) });
  expect(await tables()).toEqual([]);
});

it('is severe: without the name of the context nothing is made', async () => {
  const { home, tables } = await emptyPlace();
  expectFailure(await home.run(apply()), 4, /without a terminal nobody is asked.*Add --confirm new/);
  expectFailure(await home.run(apply('--yes')), 4, /--yes is not enough/);
  expectFailure(await home.run(apply('--confirm', 'old')), 4, /says "old", but this is about "new"/);
  expectFailure(await home.run(apply('--yes', '--dry-run')), 2, /--dry-run/);
  expectFailure(
    await home.run(['schema', 'apply', '-c', 'looking', '--file', 'schema.sql', '--confirm', 'looking']),
    4,
    /context looking is readOnly/,
  );
  expect(await tables()).toEqual([]);
});

it.each([
  [
    'an error in the middle',
    (text: string) => text.replace('CREATE TABLE procrastinate_events', 'CREATE TABEL procrastinate_events'),
    /Line 56, CREATE TABEL procrastinate_events: syntax error/,
  ],
  [
    'an error of the last statement',
    (text: string) => `${text}\n-- once more\nCREATE TYPE procrastinate_job_status AS ENUM ('x');`,
    /Line 29\d, CREATE TYPE procrastinate_job_status: type .* already exists/,
  ],
  [
    'an end of the transaction',
    (text: string) => `BEGIN;\n${text}\nCOMMIT;`,
    /Line 1: BEGIN cannot be part of one transaction/,
  ],
  ['other tables', () => 'CREATE TABLE a (id int);', /made no queue tables in schema public. It was rolled back/],
  ['nothing', () => '-- later', /holds no statement/],
])('a script with %s leaves nothing behind', async (_what, change, message) => {
  const { home, tables } = await emptyPlace();
  await home.file('schema.sql', change(script));
  expectFailure(await home.run(apply('--confirm', 'new')), 2, message);
  expect(await tables()).toEqual([]);
});

it('two at once: one applies, the other finds the tables', async () => {
  const { home, tables } = await emptyPlace();
  const ended = await Promise.all([home.run(apply('--confirm', 'new')), home.run(apply('--confirm', 'new'))]);
  expect(ended.map(({ code }) => code).sort()).toEqual([0, 4]);
  expect(await tables()).toEqual(all);
});

it('into a schema of its own, beside another queue', async () => {
  const { home, query, tables } = await emptyPlace();
  await home.run(apply('--confirm', 'new'));
  const into = apply('--schema', 'Back office', '--confirm', 'new');
  expectFailure(await home.run(into), 2, /has no schema Back office.*CREATE SCHEMA "Back office"/);
  await query('CREATE SCHEMA "Back office"');
  expect(await home.run(into)).toMatchObject({ code: 0 });
  expect(await tables()).toEqual([...all.map((name) => name.replace('public', 'Back office')), ...all]);
  const check = await home.run(['schema', 'check', '-c', 'new', '--json']);
  expect(check.code).toBe(10);
  expect(answerOf(check, 'schema-check')).toMatchObject({ version: 'several', ok: false });
});

/** A program called procrastinate, first on PATH. */
async function install(home: Home, body: string): Promise<Record<string, string>> {
  const bin = join(home.folder, 'bin');
  await mkdir(bin);
  await chmod(await home.file('bin/procrastinate', `#!/bin/sh\n${body}\n`), 0o755);
  return { PATH: `${bin}:${home.env['PATH']}` };
}

it('takes the script from the installed library, and applies it to the database of the context', async () => {
  const { home, tables } = await emptyPlace();
  const env = await install(home, `echo "$@" > asked; exec cat schema.sql`);
  const ended = await home.run(
    ['schema', 'apply', '-c', 'new', '--app', 'shop.queue.app', '--confirm', 'new', '--json'],
    { env },
  );
  expect(answerOf(ended, 'schema-apply')).toMatchObject({
    source: 'procrastinate --app shop.queue.app schema --read',
    backend: 'postgres/procrastinate',
    version: '3.4+',
    dryRun: false,
  });
  expect(await readFile(join(home.folder, 'asked'), 'utf8')).toBe('--app shop.queue.app schema --read\n');
  expect(await tables()).toEqual(all);
});

it('the library is not installed, or fails: what to do', async () => {
  const { home, tables } = await emptyPlace();
  const without = ['schema', 'apply', '-c', 'new', '--confirm', 'new'];
  expectFailure(
    await home.run(without),
    2,
    /procrastinate is not installed here.*pip install procrastinate.*--file schema\.sql/,
  );
  const env = await install(home, `echo "ModuleNotFoundError: No module named 'shop'" >&2; exit 3`);
  expectFailure(
    await home.run([...without, '--app', 'shop.app'], { env }),
    2,
    /failed \(3\): ModuleNotFoundError.*Is --app/,
  );
  expectFailure(await home.run([...without, '--app', 'x', '--file', 'schema.sql']), 2, /--app.*--file|--file.*--app/);
  expectFailure(await home.run([...without, '--file', 'gone.sql']), 2, /gone\.sql cannot be read/);
  expect(await tables()).toEqual([]);
});

it('reads the script from stdin', async () => {
  const { home, tables } = await emptyPlace();
  const args = ['schema', 'apply', '-c', 'new', '--file', '-', '--confirm', 'new'];
  expect(await home.run(args, { stdin: script })).toMatchObject({ code: 0 });
  expect(await tables()).toEqual(all);
});

it('check: findings for people and for programs, exit code 10, and it fits a terminal', async () => {
  const database = await createProcrastinate('3.9');
  onTestFinished(() => database.drop());
  await database.pool.query(
    `DROP TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 ON procrastinate_jobs; DROP INDEX procrastinate_events_job_id_fkey_v1`,
  );
  const home = await homeForTest(database.url);
  const ended = await home.run(['schema', 'check']);
  expect(ended).toMatchObject({ code: 10, stderr: '' });
  expect(ended.stdout).toMatch(
    /PROBLEM {2}The trigger .*\n[\s\S]*warning {2}The index [\s\S]*next: CREATE INDEX CONCURRENTLY/,
  );
  expectFits(ended.stdout.replace(/^ +next: CREATE.*$/m, ''));
  const json = await home.run(['schema', 'check', '--json']);
  expect(json.code).toBe(10);
  const answer = answerOf<{ ok: boolean; findings: { level: string }[] }>(json, 'schema-check');
  expect(answer.ok).toBe(false);
  expect(answer.findings.map(({ level }) => level)).toEqual(['ok', 'problem', 'warning']);
});

it('check in the wrong place or with wrong words', async () => {
  const home = await homeForTest('postgres://postgres@127.0.0.1:1/jobs');
  expectFailure(await home.run(['schema', 'check']), 8, /nothing listens/);
  const json = await home.run(['schema', 'check', '--json']);
  expect(json).toMatchObject({ code: 8, stdout: '' });
  expect(errorOf(json)).toMatchObject({ code: 'JOBCTL_UNREACHABLE', exitCode: 8 });
  expectFailure(await home.run(['schema', 'apply', '--file', scriptPath, '--confirm', 'x']), 8, /nothing listens/);
  expectFailure(await home.run(['schema', 'check', 'public']), 2, /no command "schema check public"/);
  expectFailure(await home.run(['schema', 'check', '--schemas', 'x']), 2, /Did you mean --schema/);
  const memory = await homeForTest('memory:');
  expectFailure(await memory.run(['schema', 'check']), 5, /memory: has no database schema/);
});

it('asks at a terminal for the name of the context: another name changes nothing, the right one applies', async () => {
  const { home, tables } = await emptyPlace();
  const wrong = openTerminal(home, apply());
  await wrong.waitFor('Type new to confirm');
  wrong.type(`newer${ENTER}`);
  expect(await wrong.ended).toBe(4);
  expect(await tables()).toEqual([]);
  const right = openTerminal(home, apply());
  await right.waitFor('Type new to confirm');
  right.type(`new${ENTER}`);
  expect(await right.ended).toBe(0);
  expect(await tables()).toEqual(all);
});
