import type { SavedJob } from '../../../domain/claim.ts';
import type { SavedRow, SavedTable } from '../saved-rows.ts';
import { quoted } from '../sql.ts';
import type { Column, Table } from './catalog.ts';
import { ref } from './column-sql.ts';
import { type Home, letterIs, letterKey } from './homes.ts';
import type { Layout } from './layout.ts';

/** What the snapshot of a job holds. Without `letters` the payload is left out of `row`: it is the job's. */
interface OwnSnapshot {
  readonly row?: string;
  /** The payload was NULL. */
  readonly bare?: true;
  readonly letters?: readonly SavedRow[];
  /** The job of the letters was there in a state of its own: it is no part of what was saved. */
  readonly apart?: true;
}

export interface SnapshotRow {
  readonly row: string | null;
  readonly bare: boolean;
  readonly letters: readonly SavedRow[] | null;
  readonly apart: boolean;
}

const isJson = ({ kind }: Column): boolean => kind === 'json' || kind === 'jsonb';

/**
 * A row as JSON, its JSON columns as texts: so a JSON null is not a NULL, and escapes that only `json` holds are kept.
 * What the table works out by itself is left out.
 */
export const imageOf = (columns: readonly Column[], alias: string): string =>
  `(SELECT row_to_json(x) FROM (SELECT ${columns
    .filter(({ generated }) => !generated)
    .map((column) => (isJson(column) ? `${ref(alias, column)}::text AS ${quoted(column.name)}` : ref(alias, column)))
    .join(', ')}) x)`;

/** How such rows are compared and written back. */
export const savedAs = ({ columns }: Table): Pick<SavedTable, 'columns' | 'image' | 'values'> => ({
  columns: columns.filter(({ generated }) => !generated).map(({ name }) => name),
  image: imageOf(columns, 'j'),
  values: Object.fromEntries(
    columns.filter(isJson).map(({ name, type }) => [name, `(r.${quoted(name)} #>> '{}')::${type}`]),
  ),
});

/** The columns of a query that `toSnapshot` reads. */
export function snapshotColumns(layout: Layout, home: Home): string {
  const { letters, job, jobs } = layout;
  if (home.name === 'job' || letters === undefined) {
    const kept = jobs.columns.filter(({ name }) => name !== job.payload?.name);
    return `${imageOf(kept, 'j')}::text AS row, ${job.payload === undefined ? 'false' : `${ref('j', job.payload)} IS NULL`} AS bare, NULL::json AS letters, false AS apart`;
  }
  const { table, columns } = letters;
  return `CASE WHEN ${home.original} THEN ${imageOf(jobs.columns, 'o')}::text END AS row, false AS bare,
          ${ref('o', job.id)} IS NOT NULL AND (${home.original}) IS NOT TRUE AS apart,
          (SELECT json_agg(json_build_object('id', ${ref('l', columns.id)}::text, 'row', ${imageOf(table.columns, 'l')}::text) ORDER BY ${ref('l', columns.id)})
             FROM ${table.sql} l WHERE ${letterKey(letters, 'l')} = ${home.id} AND ${letterIs(letters, 'l', home.handled)}) AS letters`;
}

export const toSnapshot = ({ row, bare, letters, apart }: SnapshotRow): OwnSnapshot => ({
  ...(row === null ? {} : { row }),
  ...(bare ? { bare } : {}),
  ...(letters === null ? {} : { letters }),
  ...(apart ? { apart } : {}),
});

/** The saved row of the jobs table; undefined of a dead letter whose job was gone. */
export function jobRowOf({ job: { payload } }: Layout, saved: SavedJob): SavedRow | undefined {
  const { row, bare, letters } = saved.snapshot as OwnSnapshot;
  if (row === undefined) return undefined;
  const { id, payload: text } = saved.job;
  if (letters !== undefined || payload === undefined) return { id, row };
  return { id, row: `${row.slice(0, -1)},${JSON.stringify(payload.name)}:${bare ? 'null' : JSON.stringify(text)}}` };
}

export const letterRowsOf = (saved: SavedJob): readonly SavedRow[] => (saved.snapshot as OwnSnapshot).letters ?? [];

export const isApart = (saved: SavedJob): boolean => (saved.snapshot as OwnSnapshot).apart === true;

/** Whether a letter stood for the job. */
export const isLetter = (saved: SavedJob): boolean => (saved.snapshot as OwnSnapshot).letters !== undefined;
