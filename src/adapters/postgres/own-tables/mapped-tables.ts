import { nearest } from '../../../domain/nearest.ts';
import type { Db } from '../connection.ts';
import { readTables, type Table, tableNames } from './catalog.ts';
import { fault } from './columns.ts';
import type { TablesMapping } from './mapping.ts';
import type { Preset } from './preset.ts';

/** The tables that a mapping may name. */
export interface Tables {
  named(name: string): Table | undefined;
  /** Throws where it is not there, with the names that are near. */
  required(key: string, name: string): Promise<Table>;
}

export const furtherNames = ({ deadLetter, heartbeats, pause }: TablesMapping, preset: Preset | undefined): string[] =>
  [deadLetter?.table ?? preset?.deadLetter.table, heartbeats?.table ?? preset?.heartbeats.table, pause?.table].filter(
    (name) => name !== undefined,
  );

export async function tablesOf(db: Db, schema: string, names: readonly string[]): Promise<Tables> {
  const found = await readTables(db, schema, names);
  return {
    named: (name) => found.get(name),
    required: async (key, name) => found.get(name) ?? (await missing(db, schema, key, name)),
  };
}

async function missing(db: Db, schema: string, key: string, name: string): Promise<never> {
  const names = await tableNames(db, schema);
  const close = nearest(name, names);
  throw fault(
    key,
    `there is no table "${name}" in the schema ${schema}`,
    close.length > 0
      ? `Did you mean ${close.join(' or ')}?`
      : names.length > 0
        ? `There are: ${names.slice(0, 10).join(', ')}.`
        : 'Is it another schema? Set tables.schema.',
  );
}
