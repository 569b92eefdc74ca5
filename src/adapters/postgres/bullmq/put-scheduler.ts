import { JobctlError } from '../../../domain/errors.ts';
import type { Db } from '../connection.ts';
import { nowMs } from './expressions.ts';
import type { Layout } from './layout.ts';
import { countOf, neverAgain, runOptions, timeAfter } from './next-run.ts';
import { keepObliterationOff, restore } from './restore.ts';
import { rowIn, runId, type SavedScheduler } from './saved-scheduler.ts';

/** How many times are looked at for one whose run is not there as a job already. */
const SLOTS = 32;

/** With its next run: the one that was taken out while that is still to come, else one for the first time after now. */
export async function putIn(db: Db, layout: Layout, queue: string, saved: SavedScheduler): Promise<void> {
  await keepObliterationOff(db, queue);
  const { next_run_ms: planned } = rowIn(saved);
  const { now, there } = await look(db, layout, queue, planned === null ? '' : runId(saved.id, planned));
  const { next } = saved;
  if (next !== undefined && planned !== null && planned > now && there === null) {
    await insert(db, layout, queue, saved);
    const [outcome] = await restore(db, layout, [next], { asWas: true });
    if (outcome?.result !== 'done') throw busy(queue, saved.id);
    return;
  }
  // the run that was due then has not begun: whoever begins it makes the next one
  if (there === 'waiting' || there === 'delayed') return await insert(db, layout, queue, saved);
  const slot = await freeSlot(db, layout, queue, saved, now);
  // one that had no run to come was there all the same
  if (slot === undefined && next === undefined) return await insert(db, layout, queue, saved);
  if (slot === undefined) throw neverAgain(saved.id);
  await insert(db, layout, queue, saved, slot);
  const id = runId(saved.id, slot);
  const options = runOptions(saved, id, slot, now);
  await addRun(db, layout, queue, saved, { id, scheduler: saved.id, options, nowMs: now, delay: slot - now });
}

async function freeSlot(
  db: Db,
  layout: Layout,
  queue: string,
  saved: SavedScheduler,
  nowMs: number,
): Promise<number | undefined> {
  let after = nowMs;
  for (let n = 0; n < SLOTS; n += 1) {
    const time = await timeAfter(saved, after);
    if (time === undefined) return undefined;
    const { there } = await look(db, layout, queue, runId(saved.id, time));
    if (there === null) return time;
    after = time;
  }
  throw busy(queue, saved.id);
}

/** The server's clock, and the state of the job of this id, which no worker takes until we are done. */
async function look(
  db: Db,
  { job }: Layout,
  queue: string,
  id: string,
): Promise<{ now: number; there: string | null }> {
  const [found] = await db.query<{ now: number; there: string | null }>(
    `SELECT ${nowMs}::float8 AS now, (SELECT j.state::text FROM ${job} j WHERE j.queue = $1 AND j.id = $2 FOR UPDATE) AS there`,
    [queue, id],
  );
  return found ?? { now: 0, there: null };
}

/** `slot`: it runs next at another time than it was saved with. */
async function insert(db: Db, layout: Layout, queue: string, saved: SavedScheduler, slot?: number): Promise<void> {
  const { scheduler } = layout;
  const made = await db.query(
    `INSERT INTO ${scheduler} SELECT r.* FROM jsonb_populate_record(NULL::${scheduler}, $1::jsonb || $2::jsonb) r ON CONFLICT DO NOTHING RETURNING 1`,
    [
      saved.row,
      JSON.stringify({ queue, ...(slot !== undefined && { next_run_ms: slot, iteration_count: countOf(saved) }) }),
    ],
  );
  if (made.length === 0) throw exists(queue, saved.id);
  // a JSON null in a row's text could not be told from no value
  await db.query(
    `UPDATE ${scheduler} s SET template_data = $3::jsonb, template_opts = $4::jsonb WHERE s.queue = $1 AND s.scheduler_id = $2`,
    [queue, saved.id, saved.data, saved.opts],
  );
}

interface Run {
  /** Empty: the library gives it one. */
  readonly id: string;
  readonly scheduler: string | null;
  readonly options: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
  readonly delay: number;
}

/** One job of its template, by the library's own function, which wakes the workers. */
export async function addRun(
  db: Db,
  { call }: Layout,
  queue: string,
  saved: SavedScheduler,
  run: Run,
): Promise<string> {
  const { options } = run;
  const [added] = await db.query<{ id: string }>(
    `SELECT ${call('add_job')}($1, $2, $3, $4::jsonb, $5::jsonb, $6, $7, $8, $9, NULL, NULL, NULL, NULL, $10, $11) AS id`,
    [
      queue,
      run.id,
      rowIn(saved).name ?? saved.id,
      saved.data ?? '{}',
      JSON.stringify(options),
      Number(options['priority'] ?? 0),
      Math.max(0, run.delay),
      run.nowMs,
      Number(options['attempts'] ?? 0) || 1,
      run.scheduler,
      options['lifo'] === true,
    ],
  );
  return added?.id ?? '';
}

const busy = (queue: string, id: string): JobctlError =>
  new JobctlError('refused', `The next runs of the scheduler ${id} are all there as jobs already.`, {
    next: [`jobctl schedule list ${queue}`],
  });

export const exists = (queue: string, id: string): JobctlError =>
  new JobctlError('refused', `A scheduler ${id} is in ${queue} already: its application makes it when it starts.`, {
    next: [`jobctl schedule list ${queue}`],
  });
