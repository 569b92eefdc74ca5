import type { SchemaFinding } from '../../../domain/schema.ts';
import { addColumn, createIndex, type Lacking, type LackingIndex } from '../lacking.ts';
import type { Standing } from '../made.ts';
import { costOf, type TableSize } from '../table-size.ts';
import { type Store, without } from './expected.ts';
import type { Layout } from './layout.ts';

/** A migration is carried out once: what was dropped since, none brings back. */
const COMPARE =
  'Let the library make its tables in an empty database (jobctl schema apply --dialect pg-boss), and take over what is missing here.';

/** What the version says is there and this database has not: a migration that was cut short, or somebody's DROP. */
export function drift({ number }: Layout, { tables, functions, columns }: Lacking, there: Standing): SchemaFinding[] {
  const lacks = (what: string, next: string): SchemaFinding => ({
    level: 'problem',
    text: `The version says ${number}, but ${what}: a migration was cut short, or it was dropped.`,
    next,
  });
  return [
    ...tables.map((name) => lacks(`there is no table ${name}`, COMPARE)),
    ...columns.map((column) => {
      const also = column.indexes.length === 0 ? '' : `, and no index ${column.indexes.join(', ')}, which needs it`;
      return lacks(`${column.table} has no column ${column.name}${also}`, addColumn(there, column));
    }),
    ...functions.map((name) => lacks(`there is no function ${name}`, COMPARE)),
  ];
}

/** While the library still builds an index in the background, that it is not there is no fault. */
export function indexFaults(
  { indexes }: Lacking,
  there: Standing,
  stores: readonly (Store & TableSize)[],
  building: (name: string) => boolean,
): SchemaFinding[] {
  const told = ({ table, name, sql, instead }: LackingIndex): string => {
    const store = stores.find((one) => one.name === table);
    const short = store === undefined ? name : name.slice(table.length + 1);
    const cost = store === undefined ? '' : ` ${costOf(store)}`;
    const missed = without({ table, name, sql }, stores);
    return instead === undefined
      ? `${table} has no index ${short}: ${missed}.${cost}`
      : `The index ${short} of ${table} is not the library's, but ${instead}: ${missed}.${cost}`;
  };
  return indexes.map((index) => ({
    level: building(index.name) ? 'hint' : index.sql.startsWith('UNIQUE ') ? 'problem' : 'warning',
    text: told(index),
    next: createIndex(there, index),
  }));
}
