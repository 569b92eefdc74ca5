import { createRequire } from 'node:module';
import PgBoss9 from 'pg-boss9';
import PgBoss10 from 'pg-boss10';
import PgBoss11 from 'pg-boss11';
import type { Made, Tables } from '../../src/adapters/postgres/made.ts';
import { type EmptyDatabase, type Measured, type Query, tablesIn } from './measure.ts';

interface Migration {
  readonly version: number;
  readonly uninstall: readonly string[];
}

/** What the packages print leads to their newest number; the steps between are only inside. */
interface Store {
  getAll(schema: string): Migration[];
  migrateCommands(
    schema: string,
    from: number,
    migrations: readonly Migration[],
    noLocks: boolean,
    options: { inlineAsync: true; partitionTables: readonly unknown[] },
  ): { readonly sql: string; readonly concurrent: readonly string[] };
}

const require = createRequire(import.meta.url);
const SCHEMA = 'pgboss';

/** Up to 20 of 9, from 21 of 10, from 25 of 11, from 27 of 12. */
export async function measurePgBoss(empty: EmptyDatabase): Promise<Measured> {
  const nine = await empty();
  await nine(PgBoss9.getConstructionPlans(SCHEMA));
  const ten = await madeOf(empty, PgBoss10.getConstructionPlans(SCHEMA));
  await ownTables(ten, 'json');
  const eleven = await madeOf(empty, PgBoss11.getConstructionPlans(SCHEMA));
  const twelve = await madeOf(empty, PgBoss11.getConstructionPlans(SCHEMA));
  await ownTables(twelve, 'jsonb');
  const store = require('pg-boss12/dist/migrationStore.js') as Store;
  return new Map([
    [20, await bossTables(nine)],
    ...(await down(ten, 24, (require('pg-boss10/src/migrationStore.js') as Store).getAll(SCHEMA))).reverse(),
    ...(await down(eleven, 26, store.getAll(SCHEMA).slice(0, 1))).slice(1),
    [26, await bossTables(twelve)],
    ...(await up(twelve, 26, store)),
  ]);
}

async function madeOf(empty: EmptyDatabase, plans: string): Promise<Query> {
  const query = await empty();
  await query(plans);
  return query;
}

/** Queues that have a table to themselves: in 10 every queue has. */
async function ownTables(query: Query, type: 'json' | 'jsonb'): Promise<void> {
  for (const policy of ['standard', 'short', 'singleton', 'stately']) {
    await query(`SELECT ${SCHEMA}.create_queue($1, $2::${type})`, [
      policy,
      JSON.stringify({ policy, partition: true }),
    ]);
  }
}

async function down(query: Query, from: number, migrations: readonly Migration[]): Promise<[number, Tables][]> {
  const measured: [number, Tables][] = [[from, await bossTables(query)]];
  for (const { version, uninstall } of [...migrations].sort((a, b) => b.version - a.version)) {
    for (const statement of uninstall) await query(statement);
    measured.push([version - 1, await bossTables(query)]);
  }
  return measured;
}

async function up(query: Query, from: number, store: Store): Promise<[number, Tables][]> {
  const measured: [number, Tables][] = [];
  for (const migration of store.getAll(SCHEMA).filter(({ version }) => version > from)) {
    const partitionTables = await query(
      `SELECT table_name AS "tableName", policy FROM ${SCHEMA}.queue WHERE partition`,
    );
    const commands = store.migrateCommands(SCHEMA, migration.version - 1, [migration], false, {
      inlineAsync: true,
      partitionTables,
    });
    for (const statement of [commands.sql, ...commands.concurrent]) await query(statement);
    measured.push([migration.version, await bossTables(query)]);
  }
  return measured;
}

/** A table that holds jobs of queues is `job`, and the indexes of these are named by what the tables' names leave of theirs. */
async function bossTables(query: Query): Promise<Tables> {
  const { tables, functions, columns, indexes } = await tablesIn(query, SCHEMA);
  const whole = new Set(columns.map(({ table }) => table));
  const parted = whole.has('job') && indexes.some(({ table }) => isStore(table));
  const ofJobs = indexes.filter(({ table }) => (parted ? isStore(table) : table === 'job'));
  const each = new Map<string, Made>();
  for (const { table, name, sql } of ofJobs) {
    const made = { table: 'job', name: indexStem(table, name), sql };
    if ((each.get(made.name)?.sql ?? sql) !== sql) throw new Error(`Two tables have another ${made.name}.`);
    each.set(made.name, made);
  }
  return {
    tables: tables.filter((table) => whole.has(table) || table === 'job_common'),
    functions,
    columns,
    indexes: [...each.values(), ...indexes.filter(({ table }) => whole.has(table) && table !== 'job')],
  };
}

const isStore = (table: string): boolean => table === 'job_common' || /^j[0-9a-f]{56}$/.test(table);
const indexStem = (table: string, name: string): string =>
  [table, 'job'].reduce((rest, prefix) => (rest.startsWith(`${prefix}_`) ? rest.slice(prefix.length + 1) : rest), name);
