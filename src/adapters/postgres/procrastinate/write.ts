import type { Action } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { idsOf, outcomes, type Skip } from '../outcomes.ts';
import { proofOf } from './expressions.ts';
import type { Layout } from './layout.ts';
import { wake } from './wake.ts';

/** One set-based statement a verb, by id and with the state checked again. One outcome a job, in the order given. */
export async function apply(db: Db, layout: Layout, action: Action, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  switch (action.verb) {
    case 'replay':
      return requeue(db, layout, jobs, {
        from: 'failed',
        set: `status = 'todo', scheduled_at = now()${action.keepAttempts ? '' : ', attempts = 0'}${clearAbort(layout)}`,
      });
    case 'reset':
      return requeue(db, layout, jobs, {
        from: 'doing',
        // as the library's own retry does: a job that was asked to stop ends as failed, any other has used up an attempt
        set: layout.abortRequested
          ? `status = (CASE WHEN abort_requested THEN 'failed' ELSE 'todo' END)::text::${layout.statusType},
             attempts = attempts + (CASE WHEN abort_requested THEN 0 ELSE 1 END),
             scheduled_at = CASE WHEN abort_requested THEN scheduled_at ELSE now() END`
          : `status = 'todo', attempts = attempts + 1, scheduled_at = now()`,
        // the rows are held, the heartbeats are not: a worker that was only slow keeps its job
        unless: {
          condition: `(${proofOf(layout)}) IS NULL`,
          ids: idsOf(jobs.filter(({ job }) => job.stuck !== undefined)),
        },
      });
    case 'remove':
      return outcomes(
        jobs,
        await db.query(
          `DELETE FROM ${layout.jobs} WHERE id = ANY ($1::bigint[]) AND status <> 'doing' RETURNING id::text AS id`,
          [idsOf(jobs)],
        ),
      );
    case 'cancel':
      return cancel(db, layout, jobs);
    case 'edit':
      return outcomes(
        jobs,
        await db.query(
          `UPDATE ${layout.jobs} SET args = $2::jsonb WHERE id = ANY ($1::bigint[]) AND status = 'failed' RETURNING id::text AS id`,
          [idsOf(jobs), action.payload],
        ),
      );
  }
}

interface Requeueing {
  readonly from: string;
  readonly set: string;
  /** Of the jobs with these ids, those of which this is true are left alone. */
  readonly unless?: { readonly condition: string; readonly ids: readonly string[] };
}

/** Back to todo. A job whose queueing lock another todo job holds would break the unique index: it is a duplicate, left as it is. */
async function requeue(
  db: Db,
  layout: Layout,
  jobs: readonly SavedJob[],
  { from, set, unless }: Requeueing,
): Promise<Outcome[]> {
  const duplicates = await twins(db, layout, jobs);
  const free = jobs.filter(({ job }) => !duplicates.has(job.id));
  const spared = unless === undefined ? '' : `AND NOT (j.id = ANY ($3::bigint[]) AND ${unless.condition})`;
  const changed = await db.query<{ id: string }>(
    `UPDATE ${layout.jobs} j SET ${set} WHERE j.id = ANY ($1::bigint[]) AND j.status = $2 ${spared} RETURNING j.id::text AS id`,
    [idsOf(free), from, ...(unless === undefined ? [] : [unless.ids])],
  );
  const done = new Set(changed.map((row) => row.id));
  await wake(
    db,
    layout,
    free.filter(({ job }) => done.has(job.id)),
  );
  return outcomes(jobs, changed, duplicates);
}

/** Jobs that may not be queued, and who holds their queueing lock: a todo job, or an earlier one of this very batch. */
async function twins(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<Map<string, Skip>> {
  const keyed = jobs.flatMap(({ job }) => (job.key === undefined ? [] : [{ id: job.id, key: job.key }]));
  if (keyed.length === 0) return new Map();
  const held = await db.query<{ key: string; id: string }>(
    `SELECT queueing_lock AS key, id::text AS id FROM ${layout.jobs} WHERE status = 'todo' AND queueing_lock = ANY ($1)`,
    [keyed.map((job) => job.key)],
  );
  const holder = new Map(held.map((row) => [row.key, row.id]));
  const found = new Map<string, Skip>();
  for (const { id, key } of keyed) {
    const twin = holder.get(key);
    if (twin === undefined) holder.set(key, id);
    else found.set(id, { why: 'duplicate', note: `queueing lock ${key} is held by ${twin}` });
  }
  return found;
}

async function cancel(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  const ask = layout.abortRequested ? `, abort_requested = (status = 'doing')` : '';
  return outcomes(
    jobs,
    await db.query<{ id: string }>(
      `UPDATE ${layout.jobs} SET status = CASE WHEN status = 'todo' THEN 'cancelled' ELSE status END${ask}
        WHERE id = ANY ($1::bigint[]) AND status IN ('todo'${layout.abortRequested ? `, 'doing'` : ''}) RETURNING id::text AS id`,
      [idsOf(jobs)],
    ),
  );
}

const clearAbort = (layout: Layout): string => (layout.abortRequested ? ', abort_requested = false' : '');
