import { readFile, writeFile } from 'node:fs/promises';
import pg from 'pg';
import { expect, inject, it, onTestFinished } from 'vitest';
import { createDatabase, createProcrastinate } from '../setup/databases.ts';
import { expectFailure } from './answer.ts';
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
  const ended = await home.run(['replay', 'email', '--yes']);
  expectFailure(ended, 8, /lacks INSERT on .*procrastinate_events, which replay needs.*GRANT/);
  expect(await shop.dump()).toEqual(before);
});

it.each(['redis://127.0.0.1:1', 'postgres://127.0.0.1:1/jobs'])('nothing listens at %s', async (url) => {
  const home = await homeForTest(url);
  expectFailure(await home.run(['dlq', 'list', 'email']), 8, /nothing listens at/i);
});

it('a backend that jobctl does not know', async () => {
  const home = await homeForTest('mysql://127.0.0.1:1');
  expectFailure(await home.run(['stats']), 2, /must begin with postgres:\/\/, redis:\/\//);
});
