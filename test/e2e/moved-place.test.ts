import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../src/demo/postgres-binaries.ts';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { makeDead } from '../setup/procrastinate.ts';
import { answerOf, expectFailure } from './answer.ts';
import { type Home, homeForTest, until } from './jobctl.ts';
import { openShop, type Shop } from './shop.ts';

/** The same server, called by another name. */
const renamed = (url: string) => ({ env: { JOBCTL_URL: url.replace('127.0.0.1', 'localhost') } });
const moved =
  /was made on postgres:\/\/127\.0\.0\.1\S+ \(schema public\); the same database answers at postgres:\/\/localhost/;
const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

async function shopForTest(): Promise<{ shop: Shop; home: Home }> {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  return { shop, home: await homeForTest(shop.url) };
}

async function replayed(home: Home, ...place: string[]): Promise<string> {
  const ended = await home.warm(['replay', 'email', '--limit', '2', '--yes', '--json', ...place]);
  expect(ended).toMatchObject({ code: 0 });
  return answerOf<{ run: string }>(ended, 'report').run;
}

it('undo finds the same database under another host name, and says so', async () => {
  const { shop, home } = await shopForTest();
  const before = await shop.dump();
  const run = await replayed(home);
  const undone = await home.warm(['undo', run, '--yes'], renamed(shop.url));
  expect(undone).toMatchObject({ code: 0 });
  expect(oneLine(undone.stderr)).toMatch(moved);
  expect(await shop.dump()).toEqual(before);
});

it('run resume goes on there, too', async () => {
  const { shop, home } = await shopForTest();
  const running = home.start(['replay', 'email', '--rate', '2/s', '--batch', '1', '--yes', '--json']);
  onTestFinished(() => void running.child.kill('SIGKILL'));
  await until(
    'the first job replayed',
    async () => Object.values(await shop.states()).filter((state) => state === 'failed').length < 8,
  );
  running.child.kill('SIGTERM');
  const { run } = answerOf<{ run: string }>(await running.ended, 'report');
  const other = await home.run(['replay', 'email', '--dry-run'], renamed(shop.url));
  expect(oneLine(other.stderr)).toContain(`is unfinished: jobctl run resume ${run}`);
  const resumed = await home.run(['run', 'resume', run, '--yes', '--json'], renamed(shop.url));
  expect(answerOf(resumed, 'report')).toMatchObject({ complete: true, outcomes: { done: 6 } });
  expect(oneLine(resumed.stderr)).toMatch(moved);
});

it('the ledger counts what was replayed under the other name', async () => {
  const { shop, home } = await shopForTest();
  const replay = ['replay', 'email', ...shop.dead.slice(0, 2).flatMap((id) => ['--id', id]), '--yes'];
  for (const where of [undefined, renamed(shop.url)]) {
    const ended = await home.warm(replay, where);
    expect(ended).toMatchObject({ code: 0 });
    await shop.database.pool.query(`UPDATE procrastinate_jobs SET status = 'failed' WHERE id = ANY ($1)`, [shop.dead]);
  }
  expectFailure(await home.warm(replay), 4, /2 jobs were replayed twice within a day/);
});

it('without the right to ask, a name is all there is', async () => {
  const { shop, home } = await shopForTest();
  const run = await replayed(home);
  const { pool } = shop.database;
  const role = `nameless_${process.pid}`;
  await pool.query(`CREATE ROLE ${role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role};
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role};
    REVOKE EXECUTE ON FUNCTION pg_control_system FROM PUBLIC`);
  onTestFinished(async () => void (await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
  const url = shop.url.replace('postgres@', `${role}@`);
  expectFailure(await home.warm(['undo', run, '--yes'], renamed(url)), 4, /was made on/);
  expect(await home.warm(['undo', run, '--yes'], { env: { JOBCTL_URL: url } })).toMatchObject({ code: 0 });
});

it('another database of the same server is refused', async () => {
  const { home } = await shopForTest();
  const run = await replayed(home);
  const other = await openShop();
  onTestFinished(() => other.database.drop());
  expectFailure(await home.warm(['undo', run, '--yes'], renamed(other.url)), 4, /was made on/);
});

const copyOf = async (folder: string): Promise<string> => {
  const copy = `${folder}-copy-${Math.random().toString(36).slice(2)}`;
  await promisify(execFile)('cp', ['-a', folder, copy]);
  onTestFinished(() => rm(copy, { recursive: true, force: true }));
  return copy;
};

async function serve(dataDir: string): Promise<PostgresServer> {
  const server = await startPostgres({ dataDir, settings: { fsync: 'off' } });
  onTestFinished(() => server.stop());
  return server;
}

it('after a failover the context says where the database is now; a copy of it is not it', async () => {
  const dataDir = await mkdtemp(join(await temporaryFolder(), 'jobctl-moved-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const first = await serve(dataDir);
  const pool = new pg.Pool({ connectionString: first.url });
  pool.on('error', () => {});
  await pool.query(await readFile(new URL('../../assets/demo/procrastinate.sql', import.meta.url), 'utf8'));
  await makeDead(pool, 3, { queue: 'email' });
  await pool.end();
  await first.stop();
  const before = await copyOf(dataDir);
  const second = await serve(dataDir);
  const home = await homeForTest();
  const config = async (prod: string, staging = prod): Promise<void> =>
    void (await home.file(
      'jobctl.yaml',
      `version: 1\ncontexts:\n  prod:\n    url: ${prod}\n  staging:\n    url: ${staging}\n`,
    ));
  await config(second.url);
  const run = await replayed(home, '-c', 'prod');
  await second.stop();
  const copy = await serve(await copyOf(dataDir));
  const old = await serve(before);
  const third = await serve(dataDir);
  await config(third.url, copy.url);
  const undo = (...more: string[]) => home.warm(['undo', run, '--yes', ...more]);
  expectFailure(await undo('-c', 'staging'), 4, /was made on/);
  expectFailure(await undo('--url', copy.url), 4, /was made on/);
  await config(old.url);
  expectFailure(await undo('-c', 'prod'), 4, /was made on/);
  await config(third.url);
  expect(oneLine((await undo('-c', 'prod')).stderr)).toMatch(/the same database answers at/);
});
