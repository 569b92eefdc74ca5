import type { Made, Standing, Tables } from './made.ts';
import { quoted } from './sql.ts';

export interface LackingColumn extends Made {
  /** The indexes that went with it. */
  readonly indexes: readonly string[];
}

export interface LackingIndex extends Made {
  /** What another index has that goes by its name. */
  readonly instead: string | undefined;
}

export interface Lacking {
  readonly tables: readonly string[];
  readonly functions: readonly string[];
  readonly columns: readonly LackingColumn[];
  readonly indexes: readonly LackingIndex[];
}

/** What should be there and is not; of a table that is not there, the table alone. An index may go by another name. */
export function lackingOf(expected: Tables, there: Standing): Lacking {
  const tables = expected.tables.filter((name) => !there.tables.includes(name));
  const inPlace = ({ table }: Made): boolean => there.tables.includes(table);
  const key = ({ table }: Made, mark: string): string => JSON.stringify([table, mark]);
  const names = new Set(there.columns.map((one) => key(one, one.name)));
  const definitions = new Set(there.indexes.map((one) => key(one, one.sql)));
  const byName = new Map(there.indexes.map((one) => [key(one, one.name), one.sql]));
  const columns = expected.columns.filter((one) => inPlace(one) && !names.has(key(one, one.name)));
  const indexes = expected.indexes.filter((one) => inPlace(one) && !definitions.has(key(one, one.sql)));
  const needs = (index: Made, column: Made): boolean =>
    (there.wholes[index.table] ?? index.table) === column.table &&
    new RegExp(`\\b${column.name}\\b`).test(index.sql.replaceAll(/'[^']*'/g, ''));
  return {
    tables,
    functions: expected.functions.filter((name) => !there.functions.includes(name)),
    columns: columns.map((column) => ({
      ...column,
      indexes: indexes.filter((index) => needs(index, column)).map(({ name }) => name),
    })),
    indexes: indexes
      .filter((index) => !columns.some((column) => needs(index, column)))
      .map((index) => ({ ...index, instead: byName.get(key(index, index.name)) })),
  };
}

/** The statement that is enough. */
export const addColumn = (there: Standing, { table, name, sql }: Made): string =>
  `ALTER TABLE ${quoted(there.schema)}.${quoted(table)} ADD COLUMN ${quoted(name)} ${placed(there, sql)};`;

/** The statements that are enough; a table with parts cannot be indexed while it is written to. */
export function createIndex(there: Standing, { table, name, sql, instead }: LackingIndex): string {
  const [unique, on] = sql.startsWith('UNIQUE ') ? ['UNIQUE ', sql.slice('UNIQUE '.length)] : ['', sql];
  const meanwhile = there.parted.includes(table) ? '' : 'CONCURRENTLY ';
  const schema = quoted(there.schema);
  const drop = instead === undefined ? '' : `DROP INDEX ${meanwhile}${schema}.${quoted(name)}; `;
  return `${drop}CREATE ${unique}INDEX ${meanwhile}${quoted(name)} ON ${schema}.${quoted(table)} USING ${placed(there, on)};`;
}

/** The names of its types with the schema they are in. */
const placed = ({ schema, enums }: Standing, sql: string): string =>
  enums.reduce(
    (text, name) => text.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), `${quoted(schema)}.${quoted(name)}`),
    sql,
  );
