import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { outcomes, type Skip, skip } from '../outcomes.ts';
import { proofOf } from './expressions.ts';
import { keys, these } from './keys.ts';
import type { Layout } from './layout.ts';
import { factsOf, idsOf } from './places.ts';
import { alive } from './replay.ts';
import { twins } from './twins.ts';
import { wake } from './wake.ts';

/**
 * The library's own way of failing a run that has retries left. `started_on` stays: the next claim then raises
 * `retry_count`, and since 12 a late worker's answer, which names the count that it was given, no longer fits.
 */
export async function reset(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  const skips = new Map<string, Skip>();
  for (const saved of jobs) {
    const { retry_count: count, retry_limit: limit } = factsOf(saved);
    if (count >= limit) skips.set(saved.job.id, outOfRetries(limit + 1));
  }
  const left = jobs.filter(({ job }) => !skips.has(job.id));
  const candidates = left.map((saved) => ({
    ...factsOf(saved),
    id: saved.job.id,
    queue: saved.job.queue,
    state: 'retry',
  }));
  for (const [id, note] of await twins(db, layout, candidates)) skips.set(id, skip('duplicate', note));
  const free = left.filter(({ job }) => !skips.has(job.id));
  const beat = layout.has('heartbeat_on') ? ', heartbeat_on = NULL' : '';
  const changed = await db.query<{ id: string; queue: string }>(
    `UPDATE ${layout.job} j SET state = 'retry', start_after = now(), ${alive}${beat},
            output = jsonb_build_object('message', 'given back by jobctl: ' || coalesce(${proofOf(layout)}, 'its worker was said to be gone'))
      WHERE ${these} AND j.state = 'active' AND j.retry_count < j.retry_limit
        AND NOT (j.id = ANY ($3::uuid[]) AND (${proofOf(layout)}) IS NULL) RETURNING j.id::text AS id, j.name AS queue`,
    // the rows are held, the clock is not: a worker that was only slow keeps its job
    [...keys(free), idsOf(free.filter(({ job }) => job.stuck !== undefined))],
  );
  await wake(
    db,
    layout,
    changed.map(({ queue }) => queue),
  );
  return outcomes(jobs, changed, skips);
}

const outOfRetries = (runs: number): Skip =>
  skip(
    'conflict',
    `it has used all its ${runs} runs: an instance of pg-boss with supervise on ends it as failed within a minute, and dead-letters it; replay it then`,
  );
