import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { outcomes, type Skip, skip } from '../outcomes.ts';
import { copyInto } from './dead-letter.ts';
import { isLetterQueue, proofOf } from './expressions.ts';
import { keys, these } from './keys.ts';
import type { Layout } from './layout.ts';
import { factsOf, idsOf } from './places.ts';
import { alive } from './replay.ts';
import { twins } from './twins.ts';
import { wake } from './wake.ts';

/** The library's own way of failing a run: what has runs left goes back into line, what has none is dead. */
export async function reset(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  const skips = new Map<string, Skip>();
  const [usedUp, left] = [jobs.filter(isUsedUp), jobs.filter((saved) => !isUsedUp(saved))];
  const candidates = left.map((saved) => ({
    ...factsOf(saved),
    id: saved.job.id,
    queue: saved.job.queue,
    state: 'retry',
  }));
  for (const [id, note] of await twins(db, layout, candidates)) skips.set(id, skip('duplicate', note));
  const free = left.filter(({ job }) => !skips.has(job.id));
  const back = free.length === 0 ? [] : await giveBack(db, layout, free);
  const ended = usedUp.length === 0 ? [] : await end(db, layout, usedUp);
  await wake(
    db,
    layout,
    back.map(({ queue }) => queue),
  );
  return outcomes(jobs, [...back, ...ended], skips);
}

const isUsedUp = (saved: SavedJob): boolean => factsOf(saved).retry_count >= factsOf(saved).retry_limit;

/** The rows are held, the clock is not: a worker that was only slow keeps its job. */
const stillStuck = (layout: Layout): string =>
  `${these} AND j.state = 'active' AND NOT (j.id = ANY ($3::uuid[]) AND (${proofOf(layout)}) IS NULL)`;
const proven = (jobs: readonly SavedJob[]): unknown[] => [
  ...keys(jobs),
  idsOf(jobs.filter(({ job }) => job.stuck !== undefined)),
];

const said = (layout: Layout, deed: string): string =>
  `jsonb_build_object('message', '${deed} by jobctl: ' || coalesce(${proofOf(layout)}, 'its worker was said to be gone'))`;

/**
 * `started_on` stays: the next claim then raises `retry_count`, and since 12 a late worker's answer, which names the count
 * that it was given, no longer fits.
 */
async function giveBack(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<{ id: string; queue: string }[]> {
  const beat = layout.has('heartbeat_on') ? ', heartbeat_on = NULL' : '';
  return await db.query(
    `UPDATE ${layout.job} j SET state = 'retry', start_after = now(), ${alive}${beat}, output = ${said(layout, 'given back')}
      WHERE ${stillStuck(layout)} AND j.retry_count < j.retry_limit RETURNING j.id::text AS id, j.name AS queue`,
    proven(jobs),
  );
}

/** Dead, with a copy in its dead-letter queue where it has one. */
async function end(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<{ id: string; note: string }[]> {
  const cleared = ['heartbeat_on', 'upsert_by_key']
    .filter((column) => layout.has(column))
    .map((column) => `, ${column} = NULL`);
  const seen = layout.has('source_id') ? 'true' : isLetterQueue(layout, 'dead_letter');
  const rows = await db.query<{ id: string; queue: string; letter: string | null; seen: boolean | null }>(
    `WITH ended AS (
       UPDATE ${layout.job} j SET state = 'failed', completed_on = now()${cleared.join('')}, output = ${said(layout, 'ended')}
        WHERE ${stillStuck(layout)} AND j.retry_count >= j.retry_limit RETURNING j.*
     ), copied AS (${copyInto(layout, 'ended')})
     SELECT id::text AS id, name AS queue, dead_letter AS letter, ${seen} AS seen FROM ended`,
    proven(jobs),
  );
  return rows.map(({ id, queue, letter, seen }) => {
    // a copy that is dead only by its id is named where the job is shown
    const next =
      letter === null || seen ? `jobctl replay ${letter ?? queue}` : `jobctl job show ${id} --queue ${queue}`;
    return { id, note: `dead now, with all its runs used; to run it again: ${next}` };
  });
}
