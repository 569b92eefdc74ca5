import { readFile, writeFile } from 'node:fs/promises';
import pg from 'pg';
import { expect, inject, it, onTestFinished } from 'vitest';
import { createDatabase, createProcrastinate } from '../setup/databases.ts';
import { answerOf, expectFailure } from './answer.ts';
import { homeForTest } from './jobctl.ts';
import { shopForFile } from './shop.ts';

const shop = await shopForFile();

it('nothing listens there: exit code 8, for a read and for a write', async () => {
  const home = await homeForTest('postgres://postgres@127.0.0.1:1/jobs');
  expectFailure(
    await home.run(['stats']),
    8,
    /nothing listens at postgres:\/\/127\.0\.0\.1:1\/jobs: connection refused/,
  );
  expectFailure(await home.run(['replay', 'email', '--yes']), 8, /connection refused/);
});

it('a host that does not exist', async () => {
  const home = await homeForTest('postgres://postgres@no-such-host.invalid/jobs');
  expectFailure(await home.run(['stats']), 8, /host of postgres:\/\/no-such-host\.invalid\/jobs is not known/);
});

it('a database that does not exist', async () => {
  const home = await homeForTest(shop.url.replace(/[^/]+$/, 'nowhere'));
  expectFailure(await home.run(['stats']), 8, /database "nowhere" does not exist/);
});

it('a wrong password', async () => {
  const database = await createDatabase('guarded');
  onTestFinished(() => database.drop());
  const server = new pg.Client(inject('postgresUrl'));
  await server.connect();
  try {
    // this database alone asks for a password
    const name = new URL(database.url).pathname.slice(1);
    const { rows } = await server.query<{ hba_file: string }>('SHOW hba_file');
    const file = rows[0]?.hba_file as string;
    await writeFile(file, `host "${name}" all 127.0.0.1/32 scram-sha-256\n${await readFile(file, 'utf8')}`);
    await server.query('SELECT pg_reload_conf()');
  } finally {
    await server.end();
  }
  const home = await homeForTest(database.url.replace('postgres@', 'postgres:wrong-one@'));
  expectFailure(await home.run(['stats']), 8, /refused the password.*PGPASSWORD/);
});

it('a database without queue tables: exit code 2, and is it the right one?', async () => {
  const database = await createDatabase('empty');
  onTestFinished(() => database.drop());
  const home = await homeForTest(database.url);
  expectFailure(await home.run(['stats']), 2, /has no queue tables.*right database/);
});

it('two queues in one database: which is meant?', async () => {
  const database = await createProcrastinate('3.9');
  onTestFinished(() => database.drop());
  await database.pool.query(
    'CREATE SCHEMA other; CREATE TABLE other.procrastinate_jobs (LIKE public.procrastinate_jobs INCLUDING ALL)',
  );
  const home = await homeForTest(database.url);
  expectFailure(await home.run(['stats']), 2, /holds several queues.*schema other.*--schema/);
  expectFailure(
    await home.run(['stats', '--schema', 'third']),
    2,
    /schema third; it has procrastinate in schema other/,
  );
});

it('a role that may read and not write: reads work, a write says what is missing', async () => {
  const { pool, url } = shop.database;
  const role = `looker_${process.pid}`;
  await pool.query(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA public TO ${role};
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
  onTestFinished(async () => void (await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
  const home = await homeForTest(url.replace('postgres@', `${role}@`));
  const before = await shop.dump();
  const id = shop.dead[0] as string;
  for (const read of [
    'stats --by lane',
    'job list',
    'dlq groups',
    `job show ${id}`,
    'dlq export email',
    'capabilities',
  ])
    expect(await home.run(read.split(' ')), read).toMatchObject({ code: 0 });
  const dry = await home.run(['replay', 'email', '--dry-run', '--json']);
  expect(dry).toMatchObject({ code: 0 });
  const { warnings } = answerOf<{ warnings: string[] }>(dry, 'report');
  expect(warnings).toEqual([
    expect.stringMatching(/lacks INSERT on .*procrastinate_events, which replay needs.*GRANT/),
  ]);
  expect(dry.stderr.replace(/\s+/g, ' ')).toMatch(/It would be refused.*lacks INSERT on .*which replay needs/);
  const purge = await home.run(['dlq', 'purge', 'email', '--dry-run', '--json']);
  expect(answerOf<{ warnings: string[] }>(purge, 'report').warnings.join()).toMatch(
    /lacks DELETE on .*which remove needs/,
  );
  const ended = await home.run(['replay', 'email', '--yes']);
  expectFailure(ended, 8, /lacks INSERT on .*procrastinate_events, which replay needs.*GRANT/);
  expect(await shop.dump()).toEqual(before);
  const list = answerOf<{ runs: { id: string }[] }>(await home.run(['run', 'list', '--json']), 'run-list');
  expect(list.runs).toMatchObject([
    {
      state: 'refused',
      stopped: expect.stringMatching(/lacks INSERT on .*procrastinate_events/),
      outcomes: { done: 0 },
    },
  ]);
  expect((await home.run(['run', 'list'])).stdout).toMatch(/refused .* the role looker_\d+ lack/);
  const shown = (await home.run(['run', 'show', list.runs[0]?.id ?? ''])).stdout.replace(/\s+/g, ' ');
  expect(shown).toMatch(/· refused .*Nothing was changed\. At postgres.* lacks INSERT on/);
  expect(shown).not.toMatch(/run resume|NOT finished/);
});

it('a plan that was refused for its rights is applied once they are given', async () => {
  const { pool, url } = shop.database;
  const role = `late_${process.pid}`;
  await pool.query(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA public TO ${role};
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
  onTestFinished(async () => void (await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
  const home = await homeForTest(url.replace('postgres@', `${role}@`));
  expect(await home.run(['replay', 'reports', '--plan-out', 'later.json'])).toMatchObject({ code: 0 });
  expectFailure(await home.run(['apply', 'later.json', '--yes']), 8, /which replay needs/);
  await pool.query(
    `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role}`,
  );
  expect(await home.run(['apply', 'later.json', '--yes'])).toMatchObject({ code: 0 });
  expectFailure(await home.run(['apply', 'later.json', '--yes']), 6, /was applied already/);
});

it.each(['redis://127.0.0.1:1', 'postgres://127.0.0.1:1/jobs'])('nothing listens at %s', async (url) => {
  const home = await homeForTest(url);
  expectFailure(await home.run(['dlq', 'list', 'email']), 8, /nothing listens at/i);
});

it('a backend that jobctl does not know', async () => {
  const home = await homeForTest('mysql://127.0.0.1:1');
  expectFailure(await home.run(['stats']), 2, /must begin with postgres:\/\/, redis:\/\//);
});
