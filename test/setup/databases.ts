import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { searchPath } from '../../src/demo/worker.ts';

export type ProcrastinateVersion = '1.1' | '2.15' | '3.0' | '3.2' | '3.9';
export const procrastinateVersions: readonly ProcrastinateVersion[] = ['1.1', '2.15', '3.0', '3.2', '3.9'];

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A database with a library's tables in one schema. */
export interface SchemaDatabase extends TestDatabase {
  readonly schema: string;
  /** Unqualified names mean `schema`. */
  readonly pool: pg.Pool;
}

/** An empty database of the test server; the name only helps whoever looks at the server. */
export async function createDatabase(name = 'test'): Promise<TestDatabase> {
  return create(name, 'template0');
}

/** A database as `make` leaves an empty one. It makes a single one of that name, and the others are copies. */
export async function createFilled(
  name: string,
  schema: string,
  make: (draft: SchemaDatabase) => Promise<unknown>,
): Promise<SchemaDatabase> {
  return opened(await create(name, await template(`template_${name}_${schema}`, schema, make)), schema);
}

/** A database with the tables of this Procrastinate version. */
export const createProcrastinate = (
  version: ProcrastinateVersion,
  { schema = 'public' }: { schema?: string } = {},
): Promise<SchemaDatabase> =>
  createFilled(`procrastinate_${version}`, schema, async ({ pool }) =>
    pool.query(`CREATE SCHEMA IF NOT EXISTS ${pg.escapeIdentifier(schema)}; ${await schemaSql(version)}`),
  );

/** The end of a pool does not wait for its connections: one that goes with the database is no failure, and a query tells of others. */
export const poolOf = (config: pg.PoolConfig): pg.Pool =>
  new pg.Pool(config).on('error', () => {}).on('connect', (client) => void client.on('error', () => {}));

function opened(database: TestDatabase, schema: string): SchemaDatabase {
  const pool = poolOf({ connectionString: database.url, options: searchPath(schema), max: 5 });
  return {
    url: database.url,
    schema,
    pool,
    async drop() {
      await pool.end();
      await database.drop();
    },
  };
}

async function create(name: string, from: string): Promise<TestDatabase> {
  const unique = `${name.slice(0, 40)}_${randomUUID().slice(0, 13)}`;
  const quoted = pg.escapeIdentifier(unique);
  await onServer((server) =>
    server.query(`CREATE DATABASE ${quoted} TEMPLATE ${pg.escapeIdentifier(from)} STRATEGY file_copy`),
  );
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${unique}`;
  return {
    url: url.href,
    drop: () => onServer(async (server) => void (await server.query(`DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`))),
  };
}

/** Made by whichever test process comes first; the others wait for its lock and find it. */
async function template(
  name: string,
  schema: string,
  make: (draft: SchemaDatabase) => Promise<unknown>,
): Promise<string> {
  await onServer(async (server) => {
    await server.query('SELECT pg_advisory_lock(hashtext($1))', [name]);
    const { rowCount } = await server.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount !== 0) return;
    const draft = opened(await create('draft', 'template0'), schema);
    await make(draft);
    await draft.pool.end();
    const draftName = pg.escapeIdentifier(new URL(draft.url).pathname.slice(1));
    await server.query(`ALTER DATABASE ${draftName} RENAME TO ${pg.escapeIdentifier(name)}`);
  });
  return name;
}

async function schemaSql(version: ProcrastinateVersion): Promise<string> {
  const path = version === '3.9' ? '../../assets/demo/procrastinate.sql' : `../schemas/procrastinate-${version}.sql`;
  return readFile(new URL(path, import.meta.url), 'utf8');
}

async function onServer<T>(work: (server: pg.Client) => Promise<T>): Promise<T> {
  const server = new pg.Client(inject('postgresUrl'));
  await server.connect();
  try {
    return await work(server);
  } finally {
    await server.end();
  }
}
