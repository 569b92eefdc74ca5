import { grouped } from '../../domain/grouped.ts';
import type { SchemaFinding } from '../../domain/schema.ts';
import type { Db } from './connection.ts';

/** What the catalog says of the size of a table: nothing is counted. */
export interface TableSize {
  /** An estimate, as of the last ANALYZE; -1 where there was none. */
  readonly rows: number;
  /** `411 MB`. */
  readonly size: string;
}

/** Columns of a query over `c`, a row of pg_class. */
export const tableSize = 'c.reltuples::float8 AS rows, pg_size_pretty(pg_relation_size(c.oid)) AS size';

/** From here on a scan is slower than people wait. */
const LARGE = 100_000;

export const isLarge = ({ rows }: TableSize): boolean => rows >= LARGE;

/** About a second for a million rows on an idle server: measured, and only good for the order of magnitude. */
const ROWS_A_SECOND = 1_000_000;

/** What an index on this table would cost. */
export function costOf({ rows, size }: TableSize): string {
  if (rows < 0) return `Building it reads the table twice (${size}; never analyzed), and every write keeps it up.`;
  const seconds = Math.max(1, Math.ceil(rows / ROWS_A_SECOND));
  return `Building it reads the table twice (${size}, about ${grouped(rows)} rows: from ${seconds} s), and every write keeps it up.`;
}

export interface TableFacts extends TableSize {
  /** Indexes that were never finished: writes keep them up, and no read uses them. */
  readonly invalid: readonly string[];
}

/** Of each of these tables, named as SQL names them, that is there. */
export async function tableFacts(db: Db, tables: readonly string[]): Promise<Map<string, TableFacts>> {
  const found = await db.query<TableFacts & { name: string }>(
    `SELECT t.name, ${tableSize}, ARRAY(SELECT i.oid::regclass::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
                                         WHERE x.indrelid = c.oid AND NOT x.indisvalid ORDER BY 1) AS invalid
       FROM unnest($1::text[]) AS t (name) JOIN pg_class c ON c.oid = to_regclass(t.name)`,
    [tables],
  );
  return new Map(found.map(({ name, ...facts }) => [name, facts]));
}

/** `name` as SQL names it. */
export const invalidIndex = (name: string): SchemaFinding => ({
  level: 'warning',
  text: `The index ${name.replaceAll('"', '').replace(/^.*\./, '')} is invalid: building it was cut short, and it is only written to.`,
  next: `REINDEX INDEX CONCURRENTLY ${name};`,
});
