import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { outcomes } from '../outcomes.ts';
import { replaceRows } from '../saved-rows.ts';
import { holdAgain } from './dedup.ts';
import type { Layout } from './layout.ts';
import { savedIn } from './snapshot.ts';
import { alike, jobTable, rowOf } from './table.ts';
import { wake } from './wake.ts';

/** Gives each row its saved values again, and with it what hangs on a job: its deduplication id, and its place with its parent. */
export async function revert(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Outcome[]> {
  const all: Outcome[] = [];
  for (const { queue, nulls, jobs } of alike(saved)) {
    all.push(...outcomes(jobs, await replaceRows(db, jobTable(layout, queue, nulls), jobs.map(rowOf))));
  }
  await holdAgain(db, layout, saved);
  await releaseParents(db, layout, saved);
  await wake(db, saved);
  return all;
}

/** A replay had made their parents wait for them again. */
async function releaseParents(db: Db, { job, dependency, call }: Layout, saved: readonly SavedJob[]): Promise<void> {
  const children = saved.flatMap((item) => {
    const { awaited } = savedIn(item);
    if (awaited === null) return [];
    const [status, value] = JSON.parse(awaited) as [string, string | null];
    return status === 'pending' ? [] : [{ ...item.job, status, value }];
  });
  if (children.length === 0) return;
  await db.query(
    `WITH back AS (
       UPDATE ${dependency} d SET status = s.status::${call('dep_status')}, value = s.value::jsonb
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS s (queue, id, status, value)
        WHERE d.child_queue = s.queue AND d.child_id = s.id AND d.status = 'pending'
          AND EXISTS (SELECT FROM ${job} j WHERE j.queue = s.queue AND j.id = s.id AND j.parent_queue = d.parent_queue AND j.parent_id = d.parent_id)
       RETURNING d.parent_queue, d.parent_id)
     UPDATE ${job} p SET pending_deps = greatest(p.pending_deps - b.count, 0)
       FROM (SELECT parent_queue, parent_id, count(*)::int AS count FROM back GROUP BY 1, 2) b
      WHERE p.queue = b.parent_queue AND p.id = b.parent_id`,
    [
      children.map(({ queue }) => queue),
      children.map(({ id }) => id),
      children.map(({ status }) => status),
      children.map(({ value }) => value),
    ],
  );
}
