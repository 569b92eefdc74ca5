import type { SavedJob } from '../../../domain/claim.ts';
import type { Db } from '../connection.ts';
import type { Layout } from './layout.ts';
import { savedJobsOf } from './rows.ts';

/** A job scheduler as it was, with its next run while that is still to come. */
export interface SavedScheduler {
  readonly id: string;
  /** Its row as JSON text, but for the template. */
  readonly row: string;
  /** What each run is made of, as the text of JSON: numbers of any length stay what they are. */
  readonly data: string | null;
  readonly opts: string | null;
  readonly next?: SavedJob;
  /** It was paused when it was saved. */
  readonly paused?: true;
}

/** What is understood of its row. */
export interface SchedulerRow {
  readonly name: string | null;
  readonly next_run_ms: number | null;
  readonly pattern: string | null;
  readonly every_ms: number | null;
  readonly tz: string | null;
  readonly start_date_ms: number | null;
  readonly end_date_ms: number | null;
  readonly limit_count: number | null;
  readonly iteration_count: number;
}

export const rowIn = ({ row }: SavedScheduler): SchedulerRow => JSON.parse(row) as SchedulerRow;

/** Under this name the library itself knows the run for that time. */
export const runId = (id: string, ms: number): string => `repeat:${id}:${ms}`;

/** Whose paused schedulers these settings of a queue are; the library reads its settings by their own names only. */
export const PAUSED = 'jobctl:paused-scheduler:';

/** The scheduler as it is at work now, locked: no worker goes on to the run after the next one, no application changes it. */
export async function liveScheduler(
  db: Db,
  layout: Layout,
  queue: string,
  id: string,
): Promise<SavedScheduler | undefined> {
  const [found] = await db.query<Pick<SavedScheduler, 'row' | 'data' | 'opts'>>(
    `SELECT (to_jsonb(s) - 'template_data' - 'template_opts')::text AS row, s.template_data::text AS data, s.template_opts::text AS opts
       FROM ${layout.scheduler} s WHERE s.queue = $1 AND s.scheduler_id = $2 FOR UPDATE`,
    [queue, id],
  );
  if (found === undefined) return undefined;
  const saved = { id, ...found };
  const { next_run_ms: ms } = rowIn(saved);
  const places = await db.query<{ queue: string; id: string }>(
    `SELECT j.queue, j.id FROM ${layout.job} j WHERE j.queue = $1 AND j.id = $2 AND j.state = 'delayed' FOR UPDATE`,
    [queue, ms === null ? '' : runId(id, ms)],
  );
  const [next] = await savedJobsOf(db, layout, places);
  return { ...saved, ...(next !== undefined && { next }) };
}

/** What is kept of a paused one, as it lies there, locked. */
export async function pausedScheduler(
  db: Db,
  { meta }: Layout,
  queue: string,
  id: string,
): Promise<SavedScheduler | undefined> {
  const [kept] = await db.query<{ value: string }>(
    `SELECT m.value FROM ${meta} m WHERE m.queue = $1 AND m.field = $2 FOR UPDATE`,
    [queue, `${PAUSED}${id}`],
  );
  return kept === undefined ? undefined : { ...(JSON.parse(kept.value) as SavedScheduler), paused: true };
}
