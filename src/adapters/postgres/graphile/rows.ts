import type { BrowseOptions } from '../../../domain/adapter.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Job, JobState } from '../../../domain/job.ts';
import type { Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import type { Page } from '../dialect.ts';
import { instant, Parameters, quoted } from '../sql.ts';
import { where } from './conditions.ts';
import { nativeOf, proofOf, since, sourceOf, stateOf } from './expressions.ts';
import type { Layout } from './layout.ts';

/** Payload bytes, as stored, that one page may hold: a page of huge payloads becomes a short one. */
const PAGE_BYTES = 8 * 1024 * 1024;

/** What brings a job back: its row as Postgres tells it, and the names of what it points to, whose ids may be others by then. */
export interface GraphileSnapshot {
  /** All columns but the payload, which is the job's own. */
  readonly row: string;
  readonly task: string;
  readonly lane: string | null;
  /** The lock on its lane that goes with the job's own: as JSON text, null without one. */
  readonly hold: string | null;
}

interface JobRow {
  readonly id: string;
  readonly queue: string;
  readonly state: JobState;
  readonly native: string;
  readonly attempts: number;
  readonly max: number;
  readonly priority: number;
  readonly lane: string | null;
  readonly key: string | null;
  readonly payload: string;
  readonly error: string | null;
  readonly worker: string | null;
  readonly since: string;
  readonly created: string;
  readonly stuck: string | null;
}

export interface Walk extends BrowseOptions {
  readonly cursor: string | undefined;
  /** Lock the rows, passing over those that others hold. */
  readonly lock: boolean;
}

/** One step through the primary key; the ids in order, and where to go on. */
export async function idsOf(db: Db, layout: Layout, selection: Selection, walk: Walk): Promise<Page<string>> {
  const { size, order, cursor, lock } = walk;
  const parameters = new Parameters();
  const conditions = [where(layout, selection, parameters)];
  if (cursor !== undefined) {
    conditions.push(`j.id ${order === 'newest' ? '<' : '>'} ${parameters.add(cursor)}::bigint`);
  }
  const weight = layout.sight.through === 'view' ? '0' : 'pg_column_size(j.payload)';
  const rows = await db.query<{ id: string; bytes: number }>(
    `SELECT j.id::text AS id, ${weight} AS bytes FROM ${sourceOf(layout).rows} WHERE ${conditions.join(' AND ')}
      ORDER BY j.id ${order === 'newest' ? 'DESC' : 'ASC'} LIMIT ${parameters.add(size)} ${lock ? 'FOR UPDATE OF j SKIP LOCKED' : ''}`,
    parameters.values,
  );
  const items: string[] = [];
  let room = PAGE_BYTES;
  for (const { id, bytes } of rows) {
    room -= bytes;
    if (room < 0 && items.length > 0) break;
    items.push(id);
  }
  return { items, cursor: items.length < size && items.length === rows.length ? undefined : items.at(-1) };
}

/** The jobs with these ids, in id order. */
export async function jobsOf(
  db: Db,
  layout: Layout,
  ids: readonly string[],
  order: BrowseOptions['order'] = 'oldest',
): Promise<Job[]> {
  if (ids.length === 0) return [];
  const rows = await db.query<JobRow>(
    `SELECT ${columnsOf(layout)} FROM ${sourceOf(layout).named}
      WHERE j.id = ANY ($1::bigint[]) ORDER BY j.id ${order === 'newest' ? 'DESC' : 'ASC'}`,
    [ids],
  );
  return rows.map(toJob);
}

/** The same jobs, oldest first, with all that is needed to bring them back. */
export async function savedJobsOf(db: Db, layout: Layout, ids: readonly string[]): Promise<SavedJob[]> {
  if (ids.length === 0) return [];
  const rows = await db.query<JobRow & GraphileSnapshot>(
    `SELECT ${columnsOf(layout)}, ${rowText(layout)} AS row, j.queue AS task,
            (SELECT json_build_object('locked_at', q.locked_at, 'locked_by', q.locked_by)::text FROM ${layout.lanes} q
              WHERE q.id = j.job_queue_id AND q.locked_by = j.locked_by) AS hold
       FROM ${sourceOf(layout).named} WHERE j.id = ANY ($1::bigint[]) ORDER BY j.id`,
    [ids],
  );
  return rows.map((found) => {
    const { row, task, lane, hold } = found;
    return { job: toJob(found), snapshot: { row, task, lane, hold } satisfies GraphileSnapshot };
  });
}

/** The row of `j` as JSON text, without the payload: as `json` it may hold what no parser of Postgres takes, so it stays text. */
export const rowText = ({ columns }: Layout): string =>
  `(SELECT row_to_json(x)::text FROM (SELECT ${columns
    .filter((column) => column !== 'payload')
    .map((column) => `j.${quoted(column)}`)
    .join(', ')}) x)`;

const columnsOf = (
  layout: Layout,
): string => `j.id::text AS id, j.queue, ${stateOf(sourceOf(layout))} AS state, ${nativeOf} AS native,
       j.attempts, j.max_attempts AS max, j.priority, j.lane, j.key, j.text AS payload, j.last_error AS error, j.locked_by AS worker,
       ${instant(since)} AS since, ${instant('j.created_at')} AS created, ${proofOf(layout)} AS stuck`;

const toJob = (row: JobRow): Job => ({
  id: row.id,
  queue: row.queue,
  type: row.queue,
  state: row.state,
  native: row.native,
  retrying: row.attempts > 0 && row.state !== 'active' && row.state !== 'dead',
  attempts: row.attempts,
  maxAttempts: row.max,
  payload: row.payload,
  error: row.error === null ? undefined : { message: row.error },
  since: row.since,
  createdAt: row.created,
  priority: row.priority,
  lane: row.lane ?? undefined,
  key: row.key ?? undefined,
  worker: row.worker ?? undefined,
  stuck: row.stuck ?? undefined,
});
