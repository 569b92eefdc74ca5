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

export interface ProcrastinateDatabase extends TestDatabase {
  readonly schema: string;
  /** Unqualified names mean `schema`. */
  readonly pool: pg.Pool;
}

/** An empty database of the test server; the name only helps whoever looks at the server. */
export async function createDatabase(name = 'test'): Promise<TestDatabase> {
  return create(name, 'template0');
}

/** A database with the tables of this Procrastinate version. */
export async function createProcrastinate(
  version: ProcrastinateVersion,
  { schema = 'public' }: { schema?: string } = {},
): Promise<ProcrastinateDatabase> {
  const plain = schema === 'public';
  const database = await create(`procrastinate_${version}`, plain ? await template(version) : 'template0');
  const pool = new pg.Pool({ connectionString: database.url, options: searchPath(schema), max: 5 });
  pool.on('error', () => {}); // an idle connection that the server ended: the next query tells
  if (!plain) await pool.query(`CREATE SCHEMA ${pg.escapeIdentifier(schema)}; ${await schemaSql(version)}`);
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
  return {
    url: urlOf(unique),
    drop: () => onServer(async (server) => void (await server.query(`DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`))),
  };
}

/** Made by whichever test process comes first; the others wait for its lock and find it. */
async function template(version: ProcrastinateVersion): Promise<string> {
  const name = `template_procrastinate_${version}`;
  await onServer(async (server) => {
    await server.query('SELECT pg_advisory_lock(hashtext($1))', [name]);
    const { rowCount } = await server.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount !== 0) return;
    const draft = await create('draft', 'template0');
    await onServer(async (fresh) => void (await fresh.query(await schemaSql(version))), draft.url);
    const draftName = pg.escapeIdentifier(new URL(draft.url).pathname.slice(1));
    await server.query(`ALTER DATABASE ${draftName} RENAME TO ${pg.escapeIdentifier(name)}`);
  });
  return name;
}

async function schemaSql(version: ProcrastinateVersion): Promise<string> {
  const path = version === '3.9' ? '../../assets/demo/procrastinate.sql' : `../schemas/procrastinate-${version}.sql`;
  return readFile(new URL(path, import.meta.url), 'utf8');
}

async function onServer<T>(work: (server: pg.Client) => Promise<T>, url = inject('postgresUrl')): Promise<T> {
  const server = new pg.Client(url);
  await server.connect();
  try {
    return await work(server);
  } finally {
    await server.end();
  }
}

function urlOf(database: string): string {
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${database}`;
  return url.href;
}
