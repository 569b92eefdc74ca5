import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openPostgres, type PostgresOptions } from '../../../src/adapters/postgres/index.ts';
import { openSchemaAdmin } from '../../../src/adapters/postgres/schema.ts';
import { type PostgresServer, startPostgres, stopPostgres } from '../../../src/demo/postgres-server.ts';
import { inState, whole } from '../../../src/testkit/act.ts';
import { createDatabase } from '../../setup/databases.ts';
import { makeDead } from '../../setup/procrastinate.ts';
import { placeForTest } from './place.ts';
import { proxyTo, silentServer } from './proxy.ts';

const open = (url: string, more: Partial<PostgresOptions> = {}) =>
  openPostgres({ url, where: 'postgres://there/jobs', ...more });

const unreachable = (message: RegExp, next: RegExp) =>
  expect.objectContaining({
    code: 'JOBCTL_UNREACHABLE',
    exitCode: 8,
    message: expect.stringMatching(message) as string,
    next: [expect.stringMatching(next)],
  });

describe('servers of its own', () => {
  const settings = { fsync: 'off' };
  let dataDir: string;
  let server: PostgresServer;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'jobctl-primary-'));
    server = await startPostgres({ dataDir, settings });
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query(await readFile(new URL('../../../assets/demo/procrastinate.sql', import.meta.url), 'utf8'));
    await client.query(`CREATE ROLE guarded LOGIN PASSWORD 'right'; GRANT SELECT ON procrastinate_jobs TO guarded`);
    await client.end();
    const pool = new pg.Pool({ connectionString: server.url });
    pool.on('error', () => {}); // the server may be stopped before the last connection is closed
    await makeDead(pool, 2, { queue: 'email' });
    await pool.end();
    const rules = join(dataDir, 'pg_hba.conf');
    await writeFile(rules, `host all guarded 127.0.0.1/32 scram-sha-256\n${await readFile(rules, 'utf8')}`);
    await server.stop();
    server = await startPostgres({ dataDir, settings, port: server.port });
  });
  afterAll(() => stopPostgres(server.pid, dataDir, { removeData: true }));

  it('a wrong password', async () => {
    const url = server.url.replace('postgres@', 'guarded:wrong@');
    await expect(open(url)).rejects.toThrow(unreachable(/refused the password/, /PGPASSWORD/));
    const right = await open(server.url.replace('postgres@', 'guarded:right@'));
    expect(await right.count(whole('email'))).toEqual({ value: 2, exact: true });
    await right.close();
  });

  it('no password where the server wants one', async () => {
    const url = server.url.replace('postgres@', 'guarded@');
    await expect(open(url)).rejects.toThrow(unreachable(/asks for a password, and none is given/, /PGPASSWORD/));
  });

  it('a database that does not exist', async () => {
    const url = server.url.replace(/[^/]+$/, 'nowhere');
    await expect(open(url)).rejects.toThrow(unreachable(/database "nowhere" does not exist/, /database name/));
  });

  /** A standby: the primary's files, told to follow and never to lead. */
  async function standby(): Promise<string> {
    await server.stop();
    const copy = await mkdtemp(join(tmpdir(), 'jobctl-standby-'));
    await rm(copy, { recursive: true });
    await promisify(execFile)('cp', ['-a', dataDir, copy]); // with its owner
    server = await startPostgres({ dataDir, settings, port: server.port });
    await writeFile(join(copy, 'standby.signal'), '');
    const replica = await startPostgres({ dataDir: copy, settings: { ...settings, hot_standby: 'on' } });
    onTestFinished(() => stopPostgres(replica.pid, copy, { removeData: true }));
    return replica.url;
  }

  it('a real replica: reads work, every write is refused beforehand and points to the primary', async () => {
    const url = await standby();
    const adapter = await open(url);
    onTestFinished(() => adapter.close());
    expect(adapter.backend.readOnlyServer).toBe(true);
    expect(await adapter.count(inState('email', 'dead'))).toEqual({ value: 2, exact: true });
    expect((await adapter.stats({}))[0]?.counts.dead).toBe(2);
    for (const [verb, capability] of Object.entries(adapter.can)) {
      expect(capability, verb).toMatchObject({
        level: 'none',
        refused: true,
        instead: expect.stringMatching(/primary/),
      });
    }
  });

  it('a real replica: schema check and schema apply say so', async () => {
    const url = await standby();
    const admin = openSchemaAdmin({ url, where: 'postgres://there/jobs' });
    onTestFinished(() => admin.close());
    const { findings } = await admin.check({ writes: true });
    expect(findings.at(-1)).toMatchObject({ level: 'warning', text: 'This server is a read-only replica.' });
    expect((await admin.check({ writes: false })).findings.map(({ level }) => level)).toEqual(['ok', 'hint']);
    // in a schema of its own nothing would stand in the way
    const other = openSchemaAdmin({ url, where: 'postgres://there/jobs', schema: 'pg_catalog' });
    onTestFinished(() => other.close());
    await expect(other.plan({ source: 'stdin', text: 'SELECT 1' })).rejects.toMatchObject({
      code: 'JOBCTL_REFUSED',
      message: expect.stringMatching(/read-only replica/),
    });
  });

  it('a server that is down, and comes back', async () => {
    const adapter = await open(server.url);
    onTestFinished(() => adapter.close());
    await server.stop();
    await expect(adapter.stats({})).rejects.toMatchObject({ code: 'JOBCTL_UNREACHABLE' });
    await expect(open(server.url)).rejects.toThrow(unreachable(/nothing listens/, /server running/));
    server = await startPostgres({ dataDir, settings, port: server.port });
    expect(await adapter.count(whole('email'))).toEqual({ value: 2, exact: true });
  });
});

it('a server that takes the connection and never answers: given up in time', async () => {
  const url = await silentServer();
  const start = performance.now();
  await expect(open(url, { timeoutMs: 300 })).rejects.toThrow(unreachable(/timeout/, /again/));
  expect(performance.now() - start).toBeLessThan(5000);
});

it('a server that falls silent in the middle: the call is given up, and so is closing', async () => {
  const { database } = await placeForTest();
  const proxy = await proxyTo(database.url);
  const adapter = await open(proxy.url, { timeoutMs: 300 });
  proxy.mute();
  await expect(adapter.stats({})).rejects.toMatchObject({ code: 'JOBCTL_UNREACHABLE' });
  await adapter.close();
}, 20_000);

it('a table that a migration has locked: said before the time is up', async () => {
  const { database, pool } = await placeForTest();
  const adapter = await open(database.url, { timeoutMs: 1000 });
  onTestFinished(() => adapter.close());
  const migration = await pool.connect();
  onTestFinished(() => migration.release(true));
  await migration.query('BEGIN; LOCK TABLE procrastinate_jobs IN ACCESS EXCLUSIVE MODE');
  await expect(adapter.stats({})).rejects.toMatchObject({
    code: 'JOBCTL_TIMEOUT',
    message: expect.stringMatching(/another session holds rows or tables/),
    next: [expect.stringMatching(/pg_stat_activity/)],
  });
});

it('a database without queue tables', async () => {
  const database = await createDatabase('empty');
  onTestFinished(() => database.drop());
  await expect(open(database.url)).rejects.toMatchObject({
    code: 'JOBCTL_USAGE',
    message: expect.stringMatching(/no queue tables/),
    next: [expect.stringMatching(/right database/), expect.stringMatching(/jobctl schema apply/)],
  });
});

it('two libraries in one database: asks which, and takes the answer', async () => {
  const { database, pool } = await placeForTest();
  await pool.query(
    `CREATE SCHEMA pgboss; CREATE TABLE pgboss.version (version int PRIMARY KEY); INSERT INTO pgboss.version VALUES (24);
     CREATE TYPE pgboss.job_state AS ENUM ('created', 'retry', 'active', 'completed', 'cancelled', 'failed');
     CREATE TABLE pgboss.job (id uuid, name text, state pgboss.job_state) PARTITION BY LIST (name)`,
  );
  await expect(open(database.url)).rejects.toMatchObject({
    code: 'JOBCTL_USAGE',
    message: expect.stringMatching(/several queues: pg-boss in schema pgboss, procrastinate in schema public/),
    next: [expect.stringMatching(/--schema NAME or --dialect NAME/)],
  });
  for (const choice of [{ dialect: 'procrastinate' }, { schema: 'public' }]) {
    const adapter = await open(database.url, choice);
    expect(adapter.backend.name).toBe('postgres/procrastinate');
    await adapter.close();
  }
  await expect(open(database.url, { dialect: 'pgboss' })).rejects.toMatchObject({
    code: 'JOBCTL_USAGE',
    message: 'There is no dialect "pgboss". Did you mean pg-boss?',
  });
  await expect(open(database.url, { dialect: 'graphile' })).rejects.toMatchObject({
    message: 'There is no dialect "graphile". Did you mean graphile-worker?',
  });
  await pool.query(
    `CREATE SCHEMA boss_two; CREATE TABLE boss_two.job (id uuid); CREATE TABLE boss_two.version ();
     CREATE TYPE boss_two.job_state AS ENUM ('created')`,
  );
  await expect(open(database.url, { dialect: 'pg-boss' }), 'only those that are still possible').rejects.toMatchObject({
    message: expect.stringMatching(/several queues: pg-boss in schema boss_two, pg-boss in schema pgboss$/),
    next: ['Say which: --schema NAME (or in the context).'],
  });
  await expect(open(database.url, { schema: 'nope' })).rejects.toMatchObject({
    message: expect.stringMatching(/schema nope; it has pg-boss/),
  });
});

it("a team's tables named job and version are no library's", async () => {
  const { database, pool } = await placeForTest();
  await pool.query(
    `CREATE SCHEMA app; CREATE TABLE app.job (id int); CREATE TABLE app.version (v int); CREATE TABLE app.job_state (name text)`,
  );
  const adapter = await open(database.url);
  expect(adapter.backend.name).toBe('postgres/procrastinate');
  await adapter.close();
  await expect(open(database.url, { schema: 'app' })).rejects.toMatchObject({
    message: expect.stringMatching(/no queue tables in schema app; it has procrastinate in schema public$/),
  });
});
