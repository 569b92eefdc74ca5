import type { Action } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { outcomes, skip } from '../outcomes.ts';
import { deadLettered, early, upClose } from './expressions.ts';
import { keys, these } from './keys.ts';
import type { Layout } from './layout.ts';
import { replay } from './replay.ts';
import { reset } from './reset.ts';

/** One set-based statement a verb, by key and with the state checked again. One outcome a job, in the order given. */
export async function apply(db: Db, layout: Layout, action: Action, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  switch (action.verb) {
    case 'replay':
      return replay(db, layout, jobs, action.keepAttempts);
    case 'reset':
      return reset(db, layout, jobs);
    case 'remove':
      return remove(db, layout, jobs);
    case 'cancel':
      // the library's own cancel also takes active jobs: it would take them out of their workers' hands
      return outcomes(
        jobs,
        await db.query(
          `UPDATE ${layout.job} j SET state = 'cancelled', completed_on = now()
            WHERE ${these} AND ${early(layout)} AND NOT ${deadLettered(layout)} RETURNING j.id::text AS id`,
          keys(jobs),
        ),
      );
    case 'edit':
      return outcomes(
        jobs,
        await db.query(
          `UPDATE ${layout.job} j SET data = $3::jsonb
            WHERE ${these} AND (j.state = 'failed' OR (${early(layout)} AND ${deadLettered(upClose(layout))})) RETURNING j.id::text AS id`,
          [...keys(jobs), action.payload],
        ),
      );
  }
}

/** Other jobs wait for a parent until the library has seen that it completed: without it they would wait for ever. */
async function remove(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  const parents = layout.has('blocking')
    ? await db.query<{ id: string }>(
        `SELECT j.id::text AS id FROM ${layout.job} j WHERE ${these} AND j.blocking AND j.state <> 'active'`,
        keys(jobs),
      )
    : [];
  const kept = new Map(parents.map(({ id }) => [id, skip('conflict', 'other jobs wait for this one to complete')]));
  const removed = await db.query<{ id: string }>(
    `DELETE FROM ${layout.job} j
      WHERE ${these} AND j.state <> 'active' ${layout.has('blocking') ? 'AND NOT j.blocking' : ''} RETURNING j.id::text AS id`,
    keys(jobs),
  );
  return outcomes(jobs, removed, kept);
}
