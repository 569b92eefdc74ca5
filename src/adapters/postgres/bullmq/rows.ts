import type { BrowseOptions } from '../../../domain/adapter.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Job, JobError } from '../../../domain/job.ts';
import type { Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import { instantOf, isStuck, sinceMs, stateOf } from './expressions.ts';
import type { Layout } from './layout.ts';
import { type BullmqSnapshot, snapshotColumns, snapshotOf } from './snapshot.ts';

/** The primary key of a job: an id is unique only within its queue. */
export interface Place {
  readonly queue: string;
  readonly id: string;
}

export interface Walk extends BrowseOptions {
  readonly selection: Selection;
  readonly cursor: string | undefined;
  /** Lock the rows, passing over those that others hold; and stay within one queue, so that a batch's ids are unique. */
  readonly lock: boolean;
}

interface JobRow extends Place {
  readonly name: string;
  readonly native: string;
  readonly attempts: number;
  readonly max: number;
  readonly priority: number;
  readonly payload: string;
  readonly reason: string | null;
  readonly stack: string | null;
  readonly since: number | null;
  readonly added: number;
  readonly key: string | null;
  readonly worker: string | null;
  readonly stuck: boolean;
  readonly until: number | null;
}

/** The latest stack is the last of the list. */
const jobColumns = `j.queue, j.id, j.name, j.state::text AS native, j.attempts_made AS attempts, j.max_attempts AS max, j.priority,
       j.data::text AS payload, j.failed_reason AS reason, j.stacktrace ->> -1 AS stack, ${sinceMs}::float8 AS since,
       j.added_at_ms::float8 AS added, j.dedup_id AS key, j.processed_by AS worker, ${isStuck} AS stuck, j.locked_until_ms::float8 AS until`;

/** The jobs at these places, in the same order. */
export const jobsOf = async (db: Db, layout: Layout, places: readonly Place[]): Promise<Job[]> =>
  (await rowsOf<JobRow>(db, layout, places, jobColumns)).map(toJob);

/** The same jobs with all that is needed to bring them back. */
export async function savedJobsOf(db: Db, layout: Layout, places: readonly Place[]): Promise<SavedJob[]> {
  const columns = `${jobColumns}, ${snapshotColumns(layout)}`;
  const rows = await rowsOf<JobRow & BullmqSnapshot>(db, layout, places, columns);
  return rows.map((row) => ({ job: toJob(row), snapshot: { ...snapshotOf(row) } }));
}

export const keyOf = ({ queue, id }: Place): string => JSON.stringify([queue, id]);

async function rowsOf<Row extends JobRow>(
  db: Db,
  { job }: Layout,
  places: readonly Place[],
  columns: string,
): Promise<Row[]> {
  if (places.length === 0) return [];
  const rows = await db.query<Row>(
    `SELECT ${columns} FROM unnest($1::text[], $2::text[]) AS p (queue, id) JOIN ${job} j ON j.queue = p.queue AND j.id = p.id`,
    [places.map(({ queue }) => queue), places.map(({ id }) => id)],
  );
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return places.flatMap((place) => byKey.get(keyOf(place)) ?? []);
}

function toJob(row: JobRow): Job {
  const { queue, id, native, attempts } = row;
  const state = stateOf(native);
  const error = errorOf(row);
  return {
    queue,
    id,
    type: row.name,
    state,
    native,
    retrying: (state === 'waiting' || state === 'delayed') && attempts > 0 && error !== undefined,
    attempts,
    maxAttempts: Math.max(1, row.max),
    payload: row.payload,
    error,
    since: instantOf(row.since),
    createdAt: instantOf(row.added),
    priority: row.priority,
    lane: String(row.priority),
    key: row.key ?? undefined,
    worker: state === 'active' ? (row.worker ?? undefined) : undefined,
    stuck: row.stuck ? proofOf(row) : undefined,
  };
}

function proofOf({ until }: JobRow): string {
  const ended = instantOf(until);
  return ended === undefined
    ? 'it is active without a lock: no worker keeps it alive'
    : `its lock ended at ${ended.slice(0, 19).replace('T', ' ')} UTC: no worker keeps it alive`;
}

function errorOf({ reason, stack }: JobRow): JobError | undefined {
  if (reason === null && (stack === null || stack === '')) return undefined;
  const first = stack?.split('\n', 1)[0] ?? '';
  const [, kind] = /^(?:Uncaught )?([A-Z]\w*(?:Error|Exception)?)(?:: |$)/.exec(first) ?? [];
  return { message: reason ?? first, class: kind, stack: stack === null || stack === '' ? undefined : stack };
}
