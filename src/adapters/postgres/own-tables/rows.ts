import type { SavedJob } from '../../../domain/claim.ts';
import type { Job, JobState } from '../../../domain/job.ts';
import type { Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import type { Page } from '../dialect.ts';
import { instant, Parameters } from '../sql.ts';
import { isOneOf, where } from './conditions.ts';
import { type Home, homesOf } from './homes.ts';
import type { Layout } from './layout.ts';
import { type SnapshotRow, snapshotColumns, toSnapshot } from './snapshot.ts';

/** Payload bytes, as stored, that one page may hold: a page of huge payloads becomes a short one. */
const PAGE_BYTES = 8 * 1024 * 1024;

export interface PageRequest {
  readonly size: number;
  readonly order: 'newest' | 'oldest';
  readonly cursor: string | undefined;
}

/** Where a job stands. */
export interface Place {
  readonly id: string;
  readonly home: Home['name'];
}

interface PlaceRow extends Place {
  readonly at: string | null;
  readonly bytes: number;
}

/** Places in the order of the page, cut short where the payloads grow large; then where to go on. */
export async function placesOf(db: Db, layout: Layout, selection: Selection, page: PageRequest): Promise<Page<Place>> {
  const parameters = new Parameters();
  const sql = placesQuery(layout, selection, page, parameters);
  const rows = await db.query<PlaceRow>(sql, parameters.values);
  let bytes = 0;
  const cut = rows.findIndex((row, index) => {
    bytes += row.bytes;
    return bytes > PAGE_BYTES && index > 0;
  });
  const items = cut === -1 ? rows : rows.slice(0, cut);
  const last = items.at(-1);
  const isEnd = last === undefined || (rows.length < page.size && cut === -1);
  return { items, cursor: isEnd ? undefined : JSON.stringify([last.at, last.id]) };
}

export function placesQuery(layout: Layout, selection: Selection, page: PageRequest, parameters: Parameters): string {
  const direction = page.order === 'newest' ? 'DESC' : 'ASC';
  const byTime = layout.pageBy === 'createdAt';
  const limit = parameters.add(page.size);
  const branch = (home: Home, ...more: readonly string[]): string => {
    const conditions = [where(home, layout.job.id, selection, parameters), ...more];
    if (page.cursor !== undefined) conditions.push(beyond(layout, home, page.order, page.cursor, parameters));
    return `SELECT ${home.id} AS key, '${home.name}' AS home, ${byTime ? home.orderTime : 'NULL::timestamptz'} AS made, ${home.bytes} AS bytes
      FROM ${home.from} WHERE ${conditions.join(' AND ')}
     ORDER BY ${byTime ? `${home.order} ${direction}, ` : ''}${home.id} ${direction} LIMIT ${limit}`;
  };
  const homes = homesOf(layout, selection);
  const letters = homes.find(({ name }) => name === 'letter');
  const bounds = (home: Home): string[] =>
    letters === undefined || !byTime ? [] : [withinPage(home, page.order, limit)];
  const branches = homes.map((home) =>
    home === letters ? 'SELECT * FROM letters' : `(${branch(home, ...bounds(home))})`,
  );
  return `${letters === undefined ? '' : `WITH letters AS MATERIALIZED (${branch(letters)}) `}SELECT key::text AS id, home, ${instant('made')} AS at, bytes
      FROM (${branches.join(' UNION ALL ')}) p
     ORDER BY ${byTime ? `made ${direction}, ` : ''}key ${direction} LIMIT ${limit}`;
}

/** A full page of letters leaves no place for jobs beyond the last of them: those need not be looked at. */
function withinPage(home: Home, order: PageRequest['order'], limit: string): string {
  const [sign, last, all] = order === 'newest' ? ['>=', 'min', '-infinity'] : ['<=', 'max', 'infinity'];
  const bound = `coalesce((SELECT ${last}(made) FROM letters HAVING count(*) >= ${limit}), '${all}')`;
  return `${home.order} ${sign} ${home.orderValue(bound)}`;
}

/** The bound on the time alone, which the comparison of both implies, is what an index can use. */
function beyond(
  layout: Layout,
  home: Home,
  order: PageRequest['order'],
  cursor: string,
  parameters: Parameters,
): string {
  const [at, id] = JSON.parse(cursor) as [string | null, string];
  const sign = order === 'newest' ? '<' : '>';
  const key = `${parameters.add(id)}::${layout.job.id.type}`;
  if (layout.pageBy === 'id') return `${home.id} ${sign} ${key}`;
  const time = home.orderValue(`${parameters.add(at)}::timestamptz`);
  return `${home.order} ${sign}= ${time} AND (${home.order}, ${home.id}) ${sign} (${time}, ${key})`;
}

interface JobRow extends SnapshotRow {
  readonly id: string;
  readonly queue: string;
  readonly type: string;
  readonly state: JobState;
  readonly native: string;
  readonly attempts: number;
  readonly max_attempts: number | null;
  readonly priority: number | null;
  readonly key: string | null;
  readonly lane: string | null;
  readonly tenant: string | null;
  readonly payload: string;
  readonly message: string | null;
  readonly class: string | null;
  readonly stack: string | null;
  readonly worker: string | null;
  readonly since: string | null;
  readonly created: string | null;
  readonly stuck: string | null;
  readonly resolved: string | null;
}

/** The jobs at these places, in this order. */
export const jobsAt = async (
  db: Db,
  layout: Layout,
  places: readonly Place[],
  selection?: Pick<Selection, 'resolved'>,
): Promise<Job[]> => (await rowsAt(db, layout, places, { saving: false, resolved: selection?.resolved })).map(toJob);

/** The same with all that is needed to bring them back; with a selection, only those that it still means. */
export async function savedAt(
  db: Db,
  layout: Layout,
  places: readonly Place[],
  selection?: Selection,
): Promise<SavedJob[]> {
  const rows = await rowsAt(db, layout, places, { saving: true, selection });
  return rows.map((row) => ({ job: toJob(row), snapshot: { ...toSnapshot(row) } }));
}

interface Reading {
  readonly saving: boolean;
  readonly selection?: Selection | undefined;
  readonly resolved?: true | undefined;
}

async function rowsAt(db: Db, layout: Layout, places: readonly Place[], reading: Reading): Promise<JobRow[]> {
  const found = new Map<string, JobRow>();
  for (const home of homesOf(layout, reading.selection ?? { resolved: reading.resolved })) {
    const ids = places.filter((place) => place.home === home.name).map((place) => place.id);
    if (ids.length === 0) continue;
    const parameters = new Parameters();
    const sql = jobQuery(layout, home, ids, reading, parameters);
    for (const row of await db.query<JobRow>(sql, parameters.values)) found.set(`${home.name} ${row.id}`, row);
  }
  return places.flatMap(({ home, id }) => found.get(`${home} ${id}`) ?? []);
}

function jobQuery(
  layout: Layout,
  home: Home,
  ids: readonly string[],
  { saving, selection }: Reading,
  parameters: Parameters,
): string {
  const condition =
    selection === undefined
      ? `${isOneOf(home, layout.job.id, ids, parameters)} AND ${home.shown}`
      : where(home, layout.job.id, { ...selection, ids }, parameters);
  return `
    SELECT ${home.id}::text AS id, ${home.queue} AS queue, ${home.type} AS type, ${home.state} AS state, ${home.native} AS native,
           ${home.attempts}::int AS attempts, ${home.maxAttempts}::int AS max_attempts, ${home.priority}::int AS priority, ${home.key} AS key,
           ${home.lane} AS lane, ${home.tenant} AS tenant,
           ${home.payload} AS payload, ${home.error.message} AS message, ${home.error.class} AS class, ${home.error.stack} AS stack,
           ${home.worker} AS worker, ${instant(home.since)} AS since, ${instant(home.created)} AS created, ${home.proof} AS stuck, ${home.resolved} AS resolved
           ${saving ? `, ${snapshotColumns(layout, home)}` : ''}
      FROM ${home.from} WHERE ${condition}`;
}

const toJob = (row: JobRow): Job => ({
  id: row.id,
  queue: row.queue,
  type: row.type,
  state: row.state,
  native: row.native,
  retrying: (row.state === 'waiting' || row.state === 'delayed') && row.attempts > 0,
  attempts: row.attempts,
  maxAttempts: row.max_attempts ?? undefined,
  payload: row.payload,
  error:
    row.message === null
      ? undefined
      : { message: row.message, class: row.class ?? undefined, stack: row.stack ?? undefined },
  since: row.since ?? undefined,
  createdAt: row.created ?? undefined,
  priority: row.priority ?? undefined,
  key: row.key ?? undefined,
  lane: row.lane ?? undefined,
  tenant: row.tenant ?? undefined,
  worker: row.worker ?? undefined,
  stuck: row.stuck ?? undefined,
  resolved: row.resolved ?? undefined,
});
