/** Writes what the migrations of pg-boss and graphile-worker make of their tables, number by number. A test compares it. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import pg from 'pg';
import { startPostgres } from '../src/demo/postgres-server.ts';
import { measureGraphile } from './library-tables/graphile.ts';
import { type EmptyDatabase, type Measured, planOf } from './library-tables/measure.ts';
import { measurePgBoss } from './library-tables/pgboss.ts';

const files: readonly (readonly [
  library: string,
  file: string,
  measure: (empty: EmptyDatabase) => Promise<Measured>,
])[] = [
  ['pg-boss', 'src/adapters/postgres/pgboss/plan.ts', measurePgBoss],
  ['graphile-worker', 'src/adapters/postgres/graphile/plan.ts', measureGraphile],
];

const server = await startPostgres({ settings: { fsync: 'off' } });
const clients: pg.Client[] = [];

async function connect(database: string): Promise<pg.Client> {
  const client = new pg.Client(server.url.replace(/[^/]*$/, database));
  await client.connect();
  clients.push(client);
  return client;
}

const admin = await connect('postgres');
const empty: EmptyDatabase = async () => {
  const name = `measured_${clients.length}`;
  await admin.query(`CREATE DATABASE ${name}`);
  const client = await connect(name);
  return async (text, values) => (await client.query(text, values && [...values])).rows as never[];
};

for (const [library, file, measure] of files) {
  const plan = planOf(await measure(empty));
  writeFileSync(
    file,
    `import type { Plan } from '../made.ts';

/** What the migrations of ${library} make: written by scripts/write-library-tables.ts. */
export const plan: Plan = ${JSON.stringify(plan)};
`,
  );
  spawnSync('biome', ['format', '--write', file], { stdio: 'inherit' });
}
for (const client of clients) await client.end();
await server.stop();
