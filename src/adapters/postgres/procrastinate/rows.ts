import type { SavedJob } from '../../../domain/claim.ts';
import type { Job, JobState } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import type { Page } from '../dialect.ts';
import { fitting, instant, type Parameters, quoted, quotedLiterals } from '../sql.ts';
import { endings, proofOf, queueings, stateOf } from './expressions.ts';
import type { Layout } from './layout.ts';

interface JobRow {
  readonly id: string;
  readonly queue: string;
  readonly type: string;
  readonly state: JobState;
  readonly native: string;
  readonly attempts: number;
  readonly priority: number | null;
  readonly lane: string | null;
  readonly key: string | null;
  readonly payload: string;
  readonly worker: string | null;
  readonly since: string | null;
  readonly created: string | null;
  readonly stuck: string | null;
}

interface SavedRow extends JobRow {
  readonly row: string;
  readonly events: string | null;
  readonly defers: string | null;
}

export interface PageRequest {
  readonly size: number;
  readonly order: 'newest' | 'oldest';
  readonly cursor: string | undefined;
  /** Lock the rows, passing over those that others hold. */
  readonly lock: boolean;
}

/** Ids in the order of the page, cut short where the payloads grow large; then where to go on. */
export async function pageOfIds(
  db: Db,
  layout: Layout,
  condition: string,
  parameters: Parameters,
  page: PageRequest,
): Promise<Page<string>> {
  const [direction, beyond] = page.order === 'newest' ? ['DESC', '<'] : ['ASC', '>'];
  const after = page.cursor === undefined ? '' : `AND j.id ${beyond} ${parameters.add(page.cursor)}::bigint`;
  const rows = await db.query<{ id: string; bytes: number }>(
    `SELECT j.id::text AS id, pg_column_size(j.args) AS bytes FROM ${layout.jobs} j
      WHERE ${condition} ${after} ORDER BY j.id ${direction} LIMIT ${parameters.add(page.size)} ${page.lock ? 'FOR UPDATE OF j SKIP LOCKED' : ''}`,
    parameters.values,
  );
  const items = fitting(rows).map((row) => row.id);
  return { items, cursor: items.length === rows.length && rows.length < page.size ? undefined : items.at(-1) };
}

/** The jobs with these ids, in id order. */
export async function jobsOf(
  db: Db,
  layout: Layout,
  ids: readonly string[],
  order: 'newest' | 'oldest',
): Promise<Job[]> {
  if (ids.length === 0) return [];
  const rows = await db.query<JobRow>(jobQuery(layout, false, order), [ids]);
  return rows.map((row) => toJob(row, layout));
}

/** The same jobs with all that is needed to bring them back. */
export async function savedJobsOf(db: Db, layout: Layout, ids: readonly string[]): Promise<SavedJob[]> {
  if (ids.length === 0) return [];
  const rows = await db.query<SavedRow>(jobQuery(layout, true, 'oldest'), [ids]);
  return rows.map((row) => ({
    job: toJob(row, layout),
    snapshot: { row: row.row, events: row.events ?? '[]', ...(row.defers === null ? {} : { defers: row.defers }) },
  }));
}

function jobQuery(layout: Layout, snapshot: boolean, order: 'newest' | 'oldest'): string {
  const since = `CASE WHEN j.status::text IN ('doing', 'aborting') THEN t.started WHEN j.status::text <> 'todo' THEN t.ended
                      WHEN j.scheduled_at > now() THEN j.scheduled_at ELSE greatest(j.scheduled_at, t.queued) END`;
  const latest = (pick: 'min' | 'max', types: readonly string[]): string =>
    `${pick}(e.at) FILTER (WHERE e.type IN ${quotedLiterals(types.filter((type) => layout.eventTypes.includes(type)))})`;
  return `
    SELECT j.id::text AS id, j.queue_name AS queue, j.task_name AS type, ${stateOf(layout)} AS state, j.status::text AS native,
           j.attempts, ${layout.priority ? 'j.priority' : 'NULL::int'} AS priority, j.lock AS lane, j.queueing_lock AS key,
           j.args::text AS payload, ${layout.workers === undefined ? 'NULL::text' : 'j.worker_id::text'} AS worker,
           ${instant(since)} AS since, ${instant('t.created')} AS created, ${proofOf(layout)} AS stuck
           ${snapshot ? `, ${snapshotOf(layout)}` : ''}
      FROM ${layout.jobs} j
      LEFT JOIN (
        SELECT e.job_id, ${latest('max', endings)} AS ended, ${latest('max', ['started'])} AS started,
               ${latest('max', queueings)} AS queued, ${latest('min', ['deferred'])} AS created
               ${snapshot ? ', json_agg(e ORDER BY e.id)::text AS events' : ''}
          FROM ${layout.events} e WHERE e.job_id = ANY ($1::bigint[]) GROUP BY e.job_id) t ON t.job_id = j.id
     WHERE j.id = ANY ($1::bigint[]) ORDER BY j.id ${order === 'newest' ? 'DESC' : 'ASC'}`;
}

/** All that is needed to bring the job back. Its args are left out: they are its payload, which can be huge. */
function snapshotOf(layout: Layout): string {
  const columns = layout.columns.filter((column) => column !== 'args').map((column) => `j.${quoted(column)}`);
  return `(SELECT row_to_json(x)::text FROM (SELECT ${columns.join(', ')}) x) AS row, t.events,
          (SELECT json_agg(d.id::text)::text FROM ${layout.periodicDefers} d WHERE d.job_id = j.id) AS defers`;
}

const toJob = (row: JobRow, layout: Layout): Job => ({
  id: row.id,
  queue: row.queue,
  type: row.type,
  state: row.state,
  native: row.native,
  retrying: row.native === 'todo' && row.attempts > 0,
  attempts: row.attempts,
  payload: row.payload,
  since: row.since ?? undefined,
  createdAt: row.created ?? undefined,
  priority: layout.priority ? (row.priority ?? undefined) : undefined,
  lane: row.lane ?? undefined,
  key: row.key ?? undefined,
  worker: row.worker ?? undefined,
  stuck: row.stuck ?? undefined,
});
