import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { expect, it, onTestFinished, vi } from 'vitest';
import { answerOf, expectFailure, expectFits } from '../e2e/answer.ts';
import { type Home, homeForTest } from '../e2e/jobctl.ts';
import { createDatabase } from '../setup/databases.ts';
import { addJob, createGraphile, takeOne } from '../setup/graphile.ts';
import { createPgBoss, createQueue, startBoss, stopBoss } from '../setup/pgboss.ts';
import { dumpAll } from '../setup/procrastinate.ts';

// each starts the program several times
vi.setConfig({ testTimeout: 90_000 });

/** A project with this version of a library installed, and a context `shop` for the database. */
async function project(url: string, library?: 'pg-boss' | 'graphile-worker', version?: string): Promise<Home> {
  const home = await homeForTest();
  await home.file('jobctl.yaml', `version: 1\ncontexts:\n  shop: { url: "${url}" }\n`);
  if (library === undefined) return home;
  await mkdir(join(home.folder, 'node_modules'));
  await symlink(
    fileURLToPath(new URL(`../../node_modules/${library}${version}`, import.meta.url)),
    join(home.folder, 'node_modules', library),
  );
  return home;
}

const apply = (dialect: string, ...more: string[]): string[] => [
  'schema',
  'apply',
  '-c',
  'shop',
  '--dialect',
  dialect,
  ...more,
];
const go = ['--confirm', 'shop'];

async function empty(): Promise<string> {
  const database = await createDatabase('new');
  onTestFinished(() => database.drop());
  return database.url;
}

it('pg-boss: makes the tables of the version that is installed, once', async () => {
  const url = await empty();
  const home = await project(url, 'pg-boss', '11');
  const ended = await home.run(apply('pg-boss', ...go, '--reason', 'new region'));
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/finished\n.*pg-boss 11.*\(schema 26\)/) });
  expect(ended.stderr).toMatch(/Create the queue's tables[\s\S]*pg-boss 11\.\d+\.\d+, as it is installed here/);
  expectFits(ended.stderr);
  expect((await home.run(['schema', 'check', '-c', 'shop'])).code).toBe(0);
  const audit = await readFile(join(home.stateDir, 'audit.ndjson'), 'utf8');
  expect(JSON.parse(audit.trim())).toMatchObject({ verb: 'schema apply', reason: 'new region', exitCode: 0 });
  expectFailure(await home.run(apply('pg-boss', ...go)), 4, /at version 26 already.*Nothing was changed/);
});

it('pg-boss: brings older tables to the installed version, with all that is in them', async () => {
  const database = await createPgBoss('11');
  onTestFinished(() => database.drop());
  await createQueue(database, 'email');
  const old = await startBoss(database);
  const id = await old.send('email', { n: 1 });
  await stopBoss(old);
  const home = await project(database.url, 'pg-boss', '12');
  const before = await dumpAll(database.pool, 'pgboss');
  const dry = await home.run(apply('pg-boss', '--dry-run', '--json'));
  expect(answerOf(dry, 'schema-apply')).toMatchObject({
    dryRun: true,
    outside: 14,
    library: { dialect: 'pg-boss', schema: 'pgboss', from: 26, to: 46 },
  });
  expect(dry.stderr).toMatch(/Migrate the tables of pg-boss in schema pgboss: 26 to 46/);
  expect(dry.stderr).toMatch(/pg_dump first[\s\S]*older version may fail[\s\S]*nothing was changed/);
  expectFits(dry.stderr);
  expect(await dumpAll(database.pool, 'pgboss')).toEqual(before);
  const ended = await home.run(apply('pg-boss', ...go));
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/postgres\/pg-boss 12 \(schema 46\)/) });
  expect(await home.run(['schema', 'check', '-c', 'shop'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/its tables are those of that\s+version/),
  });
  const boss = await startBoss({ ...database, version: '12' });
  onTestFinished(() => stopBoss(boss));
  expect(((await boss.fetch('email')) ?? []).map((job) => job.id)).toEqual([id]);
});

it('pg-boss: what the installed version cannot bring up to date is left alone', async () => {
  const database = await createPgBoss('10');
  onTestFinished(() => database.drop());
  const before = await dumpAll(database.pool, 'pgboss');
  const far = await project(database.url, 'pg-boss', '12');
  expectFailure(await far.run(apply('pg-boss', ...go)), 4, /Cannot migrate pg-boss schema from version 24/);
  const back = await project(database.url, 'pg-boss', '9');
  expectFailure(await back.run(apply('pg-boss', ...go)), 4, /at version 24, newer than those of pg-boss 9/);
  expect(await dumpAll(database.pool, 'pgboss')).toEqual(before);
});

it('pg-boss: what would leave the tables torn is rolled back', async () => {
  const damaged = await createPgBoss('11');
  onTestFinished(() => damaged.drop());
  await damaged.pool.query('DROP TABLE subscription');
  const before = await dumpAll(damaged.pool, 'pgboss');
  const home = await project(damaged.url, 'pg-boss', '12');
  expectFailure(
    await home.run(apply('pg-boss', ...go)),
    4,
    /After it the tables would not be whole: .*no table subscription.*rolled back/,
  );
  expect(await dumpAll(damaged.pool, 'pgboss')).toEqual(before);
  const old = await createPgBoss('9');
  onTestFinished(() => old.drop());
  const dump = await dumpAll(old.pool, 'pgboss');
  // 10 gives its plan from 21 on for any number below: its statements do not fit
  const next = await project(old.url, 'pg-boss', '10');
  expectFailure(await next.run(apply('pg-boss', ...go)), 2, /Line \d+, .*rolled back/);
  expect(await dumpAll(old.pool, 'pgboss')).toEqual(dump);
});

it('pg-boss: an index that cannot be built afterwards is told, with the statements that are left', async () => {
  const database = await createPgBoss('11');
  onTestFinished(() => database.drop());
  await createQueue(database, 'email');
  await database.pool.query(`INSERT INTO job (name, state, singleton_key, policy)
    SELECT 'email', 'failed', 'same', 'key_strict_fifo' FROM generate_series(1, 2)`);
  const home = await project(database.url, 'pg-boss', '12');
  const ended = await home.run(apply('pg-boss', ...go));
  expect(ended.code).toBe(3);
  expect(ended.stderr).toMatch(
    /are\s+migrated, but CREATE UNIQUE INDEX failed: [\s\S]*job_common_i8[\s\S]*job_common_i17/,
  );
  const check = await home.run(['schema', 'check', '-c', 'shop']);
  expect(check).toMatchObject({ code: 10, stdout: expect.stringMatching(/job_common_i8 is invalid/) });
});

it('graphile-worker: makes its tables, and brings older ones up to date by its own program', async () => {
  const fresh = await empty();
  const old = await project(fresh, 'graphile-worker', '16');
  expect(await old.run(apply('graphile-worker', '--schema', 'Back office', ...go))).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/postgres\/graphile-worker 0\.16 \(revision 18\)/),
  });
  const database = await createGraphile('0.16');
  onTestFinished(() => database.drop());
  const id = await addJob(database, 'mail');
  const home = await project(database.url, 'graphile-worker', '18');
  const dry = await home.run(apply('graphile-worker', '--dry-run'));
  expect(dry.stderr).toMatch(/in schema graphile_worker: 18 to 20[\s\S]*2 migrations,\s+a\s+transaction each/);
  expectFits(dry.stderr);
  expect((await database.pool.query('SELECT max(id)::int AS id FROM migrations')).rows).toEqual([{ id: 18 }]);
  const json = answerOf(await home.run(apply('graphile-worker', ...go, '--json')), 'schema-apply');
  expect(json).toMatchObject({ version: '0.17+ (revision 20)', library: { from: 18, to: 20 } });
  expect((await home.run(['schema', 'check', '-c', 'shop'])).code).toBe(0);
  expect(await takeOne({ ...database, version: '0.18' }, 'mail', 'worker-1')).toBe(id);
  expectFailure(await home.run(apply('graphile-worker', ...go)), 4, /at version 20 already/);
});

it('a library that is not installed in this folder: what to do', async () => {
  const url = await empty();
  const home = await project(url);
  for (const name of ['pg-boss', 'graphile-worker'])
    expectFailure(
      await home.run(apply(name, ...go)),
      2,
      new RegExp(`${name} is not installed in .*folder of the application.*npm install ${name}`),
    );
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query(`SELECT FROM pg_namespace WHERE nspname IN ('pgboss', 'graphile_worker')`);
  await client.end();
  expect(rows).toEqual([]);
});

it('says how to migrate, where tables of these libraries are already', async () => {
  const database = await createPgBoss('11');
  onTestFinished(() => database.drop());
  const home = await project(database.url);
  await home.file('schema.sql', 'CREATE TABLE procrastinate_jobs (id int);');
  expectFailure(
    await home.run(['schema', 'apply', '-c', 'shop', '--file', 'schema.sql', ...go]),
    4,
    /has queue tables already.*schema apply --dialect pg-boss/,
  );
});

it("a team's own tables are not changed: the indexes they lack are named instead", async () => {
  const url = await empty();
  const client = new pg.Client(url);
  await client.connect();
  await client.query(await readFile(new URL('../schemas/prisma.sql', import.meta.url), 'utf8'));
  await client.query('DROP INDEX "Job_status_createdAt_idx"');
  await client.end();
  const home = await homeForTest();
  await home.file(
    'jobctl.yaml',
    `version: 1\ncontexts:\n  shop: { url: "${url}", tables: { preset: prisma, write: true } }\n`,
  );
  expectFailure(
    await home.run(['schema', 'apply', '-c', 'shop', ...go]),
    5,
    /tables are your own.*CREATE INDEX CONCURRENTLY ON "public"."Job" \("status", "createdAt"\);/,
  );
  expect(await home.run(['schema', 'check', '-c', 'shop'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/The mapping fits Job, DeadLetterJob/),
  });
});
