import type { Action } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { idsOf, outcomes } from '../outcomes.ts';
import { bars } from './bars.ts';
import { isStuck, nowMs } from './expressions.ts';
import type { Layout } from './layout.ts';
import { replay } from './replay.ts';

/** Every batch is of one queue, and its rows are locked by now. One outcome a job, in the order given. */
export async function apply(db: Db, layout: Layout, action: Action, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  switch (action.verb) {
    case 'replay':
      return await replay(db, layout, jobs, action.keepAttempts);
    case 'reset':
      return await reset(db, layout, jobs);
    case 'remove':
      return await remove(db, layout, jobs, `<> 'active'`);
    case 'cancel':
      return await remove(db, layout, jobs, `IN ('waiting', 'delayed')`);
    case 'edit':
      return outcomes(jobs, await edit(db, layout, jobs, action.payload));
  }
}

const queueOf = (jobs: readonly SavedJob[]): string => jobs[0]?.job.queue ?? '';

/**
 * What the library's own look for stalled jobs does, to those chosen and at once, where it takes two looks; then its
 * function for a job that is given back, which wakes a worker. It counts as stalled once more.
 */
async function reset(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  const barred = await bars(db, layout, 'reset', jobs);
  const free = idsOf(jobs).filter((id) => !barred.has(id));
  const queue = queueOf(jobs);
  const changed = await db.query<{ id: string }>(
    `UPDATE ${layout.job} j SET stalled_count = j.stalled_count + 1, stalled_marked = false
      WHERE j.queue = $1 AND j.id = ANY ($2) AND ${isStuck} RETURNING j.id`,
    [queue, free],
  );
  await db.query(
    `SELECT ${layout.call('move_active_to_wait')}($1, id, '0', ${nowMs}) FROM unnest($2::text[]) AS s (id)`,
    [queue, changed.map(({ id }) => id)],
  );
  return outcomes(jobs, changed, barred);
}

/** As the library removes one job, with its hold on its deduplication id; but never one that a parent or a scheduler counts on. */
async function remove(db: Db, layout: Layout, jobs: readonly SavedJob[], states: string): Promise<Outcome[]> {
  const barred = await bars(db, layout, 'remove', jobs);
  const free = idsOf(jobs).filter((id) => !barred.has(id));
  const changed = await db.query<{ id: string }>(
    `WITH gone AS (DELETE FROM ${layout.job} j WHERE j.queue = $1 AND j.id = ANY ($2) AND j.state ${states} RETURNING j.queue, j.id, j.dedup_id),
          freed AS (DELETE FROM ${layout.dedup} h USING gone g WHERE h.queue = g.queue AND h.dedup_id = g.dedup_id AND h.job_id = g.id)
     SELECT id FROM gone`,
    [queueOf(jobs), free],
  );
  return outcomes(jobs, changed, barred);
}

const edit = (db: Db, { job }: Layout, jobs: readonly SavedJob[], payload: string): Promise<{ id: string }[]> =>
  db.query<{ id: string }>(
    `UPDATE ${job} j SET data = $3::jsonb, stalled_marked = false
      WHERE j.queue = $1 AND j.id = ANY ($2) AND j.state = 'failed' RETURNING j.id`,
    [queueOf(jobs), idsOf(jobs), payload],
  );
