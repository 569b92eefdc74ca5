import type { Db } from './connection.ts';
import type { Standing } from './dialect.ts';
import { quoted } from './sql.ts';

/** A row as the JSON text that Postgres made of it (`row_to_json`): it comes back field for field, whatever the columns are. */
export interface SavedRow {
  readonly id: string;
  readonly row: string;
}

/** A table whose rows are saved and put back. */
export interface SavedTable {
  /** Quoted, with its schema. */
  readonly name: string;
  /** Those that can be written, in the table's order. */
  readonly columns: readonly string[];
  /** Name of the column that is its key; `id` when missing. */
  readonly id?: string;
  /** Type of that column. */
  readonly idType: 'bigint' | 'uuid' | 'text';
  readonly state: StateColumn;
  /** References that the backend sets to NULL by itself: that does not make it another job. */
  readonly references: readonly string[];
  /** Columns that the backend counts on as other jobs end: a job that differs in nothing else is the same. */
  readonly counted?: readonly string[];
  /** SQL over `j` of the JSON that a row is saved as; `row_to_json(j)` when missing. */
  readonly image?: string;
  /** SQL over `r`, the saved row, for columns that do not come back just as they were. */
  readonly values: Readonly<Record<string, string>>;
  /** SQL over `j` that holds for all rows in question, where `id` alone does not lead an index. */
  readonly among?: string;
}

export interface StateColumn {
  readonly column: string;
  /** Values under which a job runs, or will by itself. */
  readonly starting: readonly string[];
  /** What they become when the job is to come back without starting. */
  readonly parked: string;
  /** Columns that are set along with it then: they tell nothing of whether it is the same job. */
  readonly along?: readonly string[];
}

const idOf = ({ id }: Pick<SavedTable, 'id'>): string => quoted(id ?? 'id');
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const only = ({ among }: Pick<SavedTable, 'among'>): string => (among === undefined ? '' : ` AND ${among}`);
const startsAs = ({ starting }: StateColumn, value: string): string =>
  `${value} IN (${starting.map(literal).join(', ')})`;

/** What stands where each of these rows stood. Ids that are not in the answer are missing. */
export async function standings(db: Db, table: SavedTable, saved: readonly SavedRow[]): Promise<Map<string, Standing>> {
  const { column, parked, along = [] } = table.state;
  const minus = (names: readonly string[]): string => names.map((name) => ` - ${literal(name)}`).join('');
  const [uncounted, less] = [minus(table.counted ?? []), minus(along)];
  const forgiven = table.references.map(
    (name) =>
      ` || CASE WHEN n.there -> ${literal(name)} = 'null' THEN ${literal(`{"${name}": null}`)}::jsonb ELSE '{}' END`,
  );
  const rows = await db.query<{ id: string; standing: Standing }>(
    `SELECT j.${idOf(table)}::text AS id,
            CASE WHEN n.there = w.was THEN 'same'
                 WHEN ${startsAs(table.state, `w.was ->> ${literal(column)}`)} AND n.there${less} = (w.was || ${literal(JSON.stringify({ [column]: parked }))})${less} THEN 'parked'
                 ELSE 'different' END AS standing
       FROM unnest($1::${table.idType}[], $2::text[]) AS s (id, row) JOIN ${table.name} j ON j.${idOf(table)} = s.id${only(table)},
            LATERAL (SELECT ${table.image ?? 'row_to_json(j)'}::jsonb${uncounted} AS there) n,
            LATERAL (SELECT (s.row::jsonb${uncounted})${forgiven.join('')} AS was) w`,
    [saved.map(({ id }) => id), saved.map(({ row }) => row)],
  );
  return new Map(rows.map((row) => [row.id, row.standing]));
}

/** Locks the rows that are there and free. `ours`: their last writer was the transaction `mark`, nobody has touched them since. */
export async function holdRows(
  db: Db,
  table: Pick<SavedTable, 'name' | 'id' | 'idType' | 'among'> & { readonly state: Pick<StateColumn, 'column'> },
  ids: readonly string[],
  mark: string | undefined,
): Promise<Map<string, { ours: boolean; state: string }>> {
  const rows = await db.query<{ id: string; ours: boolean | null; state: string }>(
    `SELECT j.${idOf(table)}::text AS id, j.xmin::text = ($2::bigint % 4294967296)::text AS ours, j.${quoted(table.state.column)}::text AS state
       FROM ${table.name} j WHERE j.${idOf(table)} = ANY ($1::${table.idType}[])${only(table)} ORDER BY j.${idOf(table)} FOR UPDATE OF j SKIP LOCKED`,
    [ids, mark ?? null],
  );
  return new Map(rows.map(({ id, ours, state }) => [id, { ours: ours === true, state }]));
}

/** Gives rows that are there all their saved values again. Answers which were changed. */
export async function replaceRows(db: Db, table: SavedTable, saved: readonly SavedRow[]): Promise<{ id: string }[]> {
  const columns = table.columns.filter((column) => column !== (table.id ?? 'id'));
  return await db.query<{ id: string }>(
    `UPDATE ${table.name} j SET (${columns.map(quoted).join(', ')}) = ROW (${columns.map((column) => savedValue(table, column)).join(', ')})
       FROM (SELECT (json_populate_record(NULL::${table.name}, row::json)).* FROM unnest($1::text[]) AS s (row)) r
      WHERE j.${idOf(table)} = r.${idOf(table)}${only(table)} RETURNING j.${idOf(table)}::text AS id`,
    [saved.map(({ row }) => row)],
  );
}

/** Inserts rows that are gone, under their own ids. Unless `asWas`, what would start by itself comes back parked. */
export async function insertRows(
  db: Db,
  table: SavedTable,
  saved: readonly SavedRow[],
  asWas: boolean,
): Promise<{ id: string }[]> {
  const { column: stateColumn, parked } = table.state;
  const parking = `CASE WHEN ${startsAs(table.state, `r.${quoted(stateColumn)}::text`)} THEN ${literal(parked)} ELSE r.${quoted(stateColumn)} END`;
  const values = table.columns.map((column) =>
    column === stateColumn && !asWas ? parking : savedValue(table, column),
  );
  return await db.query<{ id: string }>(
    `INSERT INTO ${table.name} AS j (${table.columns.map(quoted).join(', ')}) OVERRIDING SYSTEM VALUE
     SELECT ${values.join(', ')} FROM unnest($1::text[]) AS s (row), json_populate_record(NULL::${table.name}, s.row::json) r
     ON CONFLICT DO NOTHING RETURNING j.${idOf(table)}::text AS id`,
    [saved.map(({ row }) => row)],
  );
}

export const savedValue = (table: Pick<SavedTable, 'values'>, column: string): string =>
  table.values[column] ?? `r.${quoted(column)}`;

/**
 * In a database that was made anew a sequence may lie behind the ids that come back: the next new row would clash. One that
 * this role may not read is left alone: nearly always it lies before them.
 */
export async function raiseSequence(
  db: Db,
  table: string,
  highest: string,
  values: readonly string[],
  column = 'id',
): Promise<void> {
  await db.query(
    `SELECT setval(s.name, m.id) FROM (SELECT pg_get_serial_sequence($1, $3)::regclass AS name) s, (${highest}) AS m (id)
      WHERE CASE WHEN has_sequence_privilege(s.name, 'USAGE, SELECT') THEN coalesce(pg_sequence_last_value(s.name), 0) < m.id END`,
    [table, values, column],
  );
}
