import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';

export type ColumnKind =
  | 'text'
  | 'enum'
  | 'uuid'
  | 'integer'
  | 'boolean'
  | 'json'
  | 'jsonb'
  | 'timestamp'
  | 'timestamptz'
  | 'other';

export interface Column {
  readonly name: string;
  /** As Postgres writes it, for casts. */
  readonly type: string;
  readonly kind: ColumnKind;
  readonly notNull: boolean;
  /** An INSERT may leave it out. */
  readonly defaulted: boolean;
  readonly generated: boolean;
  /** Of an enum, in its order. */
  readonly labels: readonly string[];
}

export interface UniqueIndex {
  readonly name: string;
  /** SQL of its keys and of its WHERE, over the bare column names. */
  readonly keys: readonly string[];
  readonly predicate: string | null;
  readonly primary: boolean;
  /** False of one whose building was cut short: rows that were there before may break it. */
  readonly valid: boolean;
}

export interface ForeignKey {
  readonly name: string;
  /** The table that refers to this one: as it stands in messages, then qualified and quoted. */
  readonly from: string;
  readonly sql: string;
  /** Its columns, each with the one of this table that it refers to. */
  readonly columns: readonly (readonly [from: string, to: string])[];
  /** Whether this role sees all rows of that table. */
  readonly visible: boolean;
  readonly onDelete: 'cascade' | 'set null' | 'set default' | 'restrict';
}

export interface Table {
  /** Bare, as it stands in messages. */
  readonly name: string;
  /** Qualified and quoted. */
  readonly sql: string;
  readonly columns: readonly Column[];
  readonly uniques: readonly UniqueIndex[];
  /** First columns of the indexes, to know what can be paged by. */
  readonly indexed: readonly (readonly string[])[];
  /** All columns of the indexes that cover only some rows. */
  readonly partly: readonly (readonly string[])[];
  readonly incoming: readonly ForeignKey[];
  /** Columns that become NULL when what they refer to is deleted. */
  readonly nulledReferences: readonly string[];
  readonly triggers: readonly string[];
}

interface CatalogRow {
  readonly name: string;
  readonly columns: readonly (Omit<Column, 'kind'> & { readonly base: string; readonly enum: boolean })[];
  readonly uniques: readonly UniqueIndex[];
  readonly indexed: readonly (readonly string[])[];
  readonly partly: readonly (readonly string[])[];
  readonly incoming: readonly (Omit<ForeignKey, 'sql'> & { readonly schema: string; readonly table: string })[];
  readonly nulled: readonly string[];
  readonly triggers: readonly string[];
}

/** One look into the catalog for all of these; needs no privilege on them. Those that are not there are left out. */
export async function readTables(db: Db, schema: string, names: readonly string[]): Promise<Map<string, Table>> {
  const rows = await db.query<CatalogRow>(CATALOG, [schema, names]);
  return new Map(rows.map((row) => [row.name, toTable(schema, row)]));
}

const toTable = (schema: string, { name, columns, nulled, incoming, ...rest }: CatalogRow): Table => ({
  name,
  sql: `${quoted(schema)}.${quoted(name)}`,
  ...rest,
  nulledReferences: nulled,
  incoming: incoming.map(({ schema: of, table, ...key }) => ({ ...key, sql: `${quoted(of)}.${quoted(table)}` })),
  columns: columns.map(({ base, enum: isEnum, ...column }) => ({
    ...column,
    kind: isEnum ? 'enum' : (kinds[base] ?? 'other'),
  })),
});

/** Names of the tables of a schema, for whoever mistyped one. */
export const tableNames = async (db: Db, schema: string): Promise<string[]> =>
  (
    await db.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') ORDER BY 1`,
      [schema],
    )
  ).map((row) => row.name);

const kinds: Readonly<Record<string, ColumnKind>> = {
  text: 'text',
  varchar: 'text',
  bpchar: 'text',
  citext: 'text',
  uuid: 'uuid',
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  bool: 'boolean',
  json: 'json',
  jsonb: 'jsonb',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
};

const indexes = (which: string): string =>
  `coalesce((SELECT json_agg((SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (att, n)
                                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.att))
         FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.${which} AND i.indkey[0] <> 0), '[]')`;

const CATALOG = `
  SELECT c.relname::text AS name, coalesce((SELECT json_agg(json_build_object(
           'name', a.attname, 'type', format_type(a.atttypid, NULL), 'base', t.typname, 'enum', t.typtype = 'e', 'notNull', a.attnotnull,
           'defaulted', a.atthasdef OR a.attidentity <> '', 'generated', a.attgenerated <> '',
           'labels', coalesce((SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid), '[]'))
           ORDER BY a.attnum)
         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS columns,
         coalesce((SELECT json_agg(json_build_object('name', x.relname, 'primary', i.indisprimary, 'valid', i.indisvalid, 'predicate', pg_get_expr(i.indpred, i.indrelid),
           'keys', (SELECT json_agg(pg_get_indexdef(i.indexrelid, n, true) ORDER BY n) FROM generate_series(1, i.indnkeyatts) n)) ORDER BY x.relname)
         FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisunique), '[]') AS uniques,
         ${indexes('indpred IS NULL')} AS indexed, ${indexes('indpred IS NOT NULL')} AS partly,
         coalesce((SELECT json_agg(json_build_object('name', f.conname, 'from', f.conrelid::regclass::text, 'schema', n.nspname, 'table', r.relname,
           'columns', (SELECT json_agg(json_build_array(a.attname, b.attname) ORDER BY k.n) FROM unnest(f.conkey, f.confkey) WITH ORDINALITY k (own, theirs, n)
             JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.own JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.theirs),
           'visible', has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(r.oid, 'SELECT') AND NOT row_security_active(r.oid), 'onDelete',
           CASE f.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' ELSE 'restrict' END) ORDER BY f.conname)
         FROM pg_constraint f JOIN pg_class r ON r.oid = f.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
        WHERE f.contype = 'f' AND f.confrelid = c.oid AND f.conparentid = 0), '[]') AS incoming,
         coalesce((SELECT json_agg(a.attname) FROM pg_constraint f JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (f.conkey)
         WHERE f.contype = 'f' AND f.conrelid = c.oid AND f.confdeltype = 'n'), '[]') AS nulled,
         coalesce((SELECT json_agg(t.tgname ORDER BY t.tgname) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'), '[]') AS triggers
    FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
   WHERE s.nspname = $1 AND c.relname = ANY ($2) AND c.relkind IN ('r', 'p')`;
