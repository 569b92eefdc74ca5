import type { SavedJob } from '../../../domain/claim.ts';
import type { Job, JobState } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import type { Page } from '../dialect.ts';
import { fitting, instant, type Parameters, quoted } from '../sql.ts';
import { savedParents } from './dependencies.ts';
import { attemptsOf, errorOf, limitOf, proofOf, sinceOf, stateOf } from './expressions.ts';
import type { Layout } from './layout.ts';
import type { Parent } from './places.ts';

/** The primary key of a job. */
export interface Place {
  readonly name: string;
  readonly id: string;
}

interface JobRow extends Place {
  readonly state: JobState;
  readonly native: string;
  readonly attempts: number;
  readonly retry_limit: number | null;
  readonly priority: number;
  readonly lane: string | null;
  readonly key: string | null;
  readonly payload: string;
  readonly since: string | null;
  readonly created: string | null;
  readonly stuck: string | null;
  readonly message: string | null;
  readonly class: string | null;
  readonly stack: string | null;
}

interface SavedRow extends JobRow {
  readonly row: string;
  readonly nulls: readonly string[];
  readonly parents: readonly Parent[] | null;
}

export interface PageRequest {
  readonly size: number;
  readonly order: 'newest' | 'oldest';
  readonly cursor: string | undefined;
  /** By the primary key, which every version has. */
  readonly asClaimed: boolean;
  /** Lock the rows, passing over those that others hold. */
  readonly lock?: true;
}

/**
 * Keys in the order of the page, cut short where the payloads grow large; then where to go on. By age where an index has
 * that order (schema 46); else by the primary key, whose ids are random: one scan of the whole table a page is the price
 * of sorting.
 */
export async function pageOfPlaces(
  db: Db,
  layout: Layout,
  condition: string,
  parameters: Parameters,
  page: PageRequest,
): Promise<Page<Place>> {
  const [direction, beyond] = page.order === 'newest' ? ['DESC', '<'] : ['ASC', '>'];
  const aged = layout.byAge && !page.asClaimed;
  const keys = aged ? ['j.name', 'j.created_on', 'j.id'] : ['j.name', 'j.id'];
  const types = aged ? ['text', 'timestamptz', 'uuid'] : ['text', 'uuid'];
  const last = page.cursor === undefined ? undefined : (JSON.parse(page.cursor) as string[]);
  const places = last?.map((value, index) => `${parameters.add(value)}::${types[index]}`).join(', ');
  const rows = await db.query<Place & { bytes: number; created: string }>(
    `SELECT j.name, j.id::text AS id, coalesce(pg_column_size(j.data), 0) AS bytes, ${instant(layout.col('created_on'))} AS created
       FROM ${layout.job} j
      WHERE ${condition} ${places === undefined ? '' : `AND (${keys.join(', ')}) ${beyond} (${places})`}
      ORDER BY ${keys.map((key) => `${key} ${direction}`).join(', ')} LIMIT ${parameters.add(page.size)} ${page.lock ? 'FOR UPDATE OF j SKIP LOCKED' : ''}`,
    parameters.values,
  );
  const items = fitting(rows);
  const end = items.at(-1);
  const done = end === undefined || (items.length === rows.length && rows.length < page.size);
  const cursor = aged ? [end?.name, end?.created, end?.id] : [end?.name, end?.id];
  return { items, cursor: done ? undefined : JSON.stringify(cursor) };
}

/** The jobs at these places, in the same order. */
export async function jobsOf(db: Db, layout: Layout, places: readonly Place[]): Promise<Job[]> {
  return (await rowsOf<JobRow>(db, layout, places, false)).map((row) => toJob(row, layout));
}

/** The same jobs with all that is needed to bring them back. */
export async function savedJobsOf(db: Db, layout: Layout, places: readonly Place[]): Promise<SavedJob[]> {
  const rows = await rowsOf<SavedRow>(db, layout, places, true);
  return rows.map((row) => ({
    job: toJob(row, layout),
    snapshot: {
      row: row.row,
      ...(row.nulls.length === 0 ? {} : { nulls: row.nulls }),
      ...(row.parents === null ? {} : { parents: row.parents }),
    },
  }));
}

export const keyOf = ({ name, id }: Place): string => `${id} ${name}`;

async function rowsOf<Row extends JobRow>(
  db: Db,
  layout: Layout,
  places: readonly Place[],
  snapshot: boolean,
): Promise<Row[]> {
  if (places.length === 0) return [];
  const rows = await db.query<Row>(jobQuery(layout, snapshot), [
    [...new Set(places.map(({ name }) => name))],
    places.map(({ id }) => id),
  ]);
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return places.flatMap((place) => byKey.get(keyOf(place)) ?? []);
}

function jobQuery(layout: Layout, snapshot: boolean): string {
  const { col } = layout;
  const error = errorOf(layout);
  return `
    SELECT j.id::text AS id, j.name, ${stateOf(layout)} AS state, j.state::text AS native,
           ${attemptsOf(layout)} AS attempts, ${limitOf(layout)} AS retry_limit, j.priority,
           ${layout.has('group_id') ? 'j.group_id' : 'NULL::text'} AS lane, ${col('singleton_key')} AS key,
           coalesce(j.data::text, 'null') AS payload, ${instant(sinceOf(layout))} AS since,
           ${instant(col('created_on'))} AS created, ${proofOf(layout)} AS stuck,
           ${error.message} AS message, ${error.class} AS class, ${error.stack} AS stack
           ${snapshot ? `, ${snapshotOf(layout)}` : ''}
      FROM ${layout.job} j
     WHERE j.name = ANY ($1::text[]) AND j.id = ANY ($2::uuid[])`;
}

/**
 * All that is needed to bring the job back. Its data are left out: they are its payload, which can be huge. `nulls` names
 * the columns that hold a JSON null, which the row's text cannot tell from no value.
 */
function snapshotOf(layout: Layout): string {
  const columns = layout.columns.filter((column) => column !== 'data').map((column) => `j.${quoted(column)}`);
  const nulls = layout.jsonColumns.map(
    (column) => `CASE WHEN jsonb_typeof(j.${quoted(column)}) = 'null' THEN '${column}' END`,
  );
  return `(SELECT row_to_json(x)::text FROM (SELECT ${columns.join(', ')}) x) AS row,
          array_remove(ARRAY[${nulls.join(', ')}]::text[], NULL) AS nulls, ${savedParents(layout)} AS parents`;
}

const toJob = (row: JobRow, layout: Layout): Job => ({
  id: row.id,
  queue: row.name,
  type: row.name,
  state: row.state,
  native: row.native,
  retrying: row.native === 'retry',
  attempts: row.attempts,
  maxAttempts: row.retry_limit === null ? undefined : row.retry_limit + 1,
  payload: row.payload,
  error:
    row.message === null
      ? undefined
      : { message: row.message, class: row.class ?? undefined, stack: row.stack ?? undefined },
  since: row.since ?? undefined,
  createdAt: row.created ?? undefined,
  priority: row.priority,
  lane: layout.has('group_id') ? (row.lane ?? undefined) : undefined,
  key: row.key ?? undefined,
  stuck: row.stuck ?? undefined,
});
