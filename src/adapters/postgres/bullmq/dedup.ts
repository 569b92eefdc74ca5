import type { SavedJob } from '../../../domain/claim.ts';
import type { Db } from '../connection.ts';
import { type Skip, skip } from '../outcomes.ts';
import { nowMs } from './expressions.ts';
import type { Layout } from './layout.ts';
import { keyOf } from './rows.ts';
import { savedIn } from './snapshot.ts';

/** The locks that the library takes for whatever it does to deduplication ids; always in the same order. */
export async function lockKeys(db: Db, queue: string, keys: readonly (string | undefined)[]): Promise<void> {
  const wanted = [...new Set(keys.filter((key) => key !== undefined))];
  if (wanted.length === 0) return;
  await db.query(
    `SELECT pg_advisory_xact_lock(k.key) FROM (SELECT DISTINCT hashtext('bullmq:dedup:' || $1 || ':' || d.id) AS key
       FROM unnest($2::text[]) AS d (id) ORDER BY 1) k`,
    [queue, wanted],
  );
}

/** `h` holds its id: without a time limit as long as its job is there, with one until that is over. */
export const inForce = `(h.expire_at_ms IS NULL OR h.expire_at_ms > ${nowMs})`;

export const twinOf = (id: string): Skip =>
  skip('duplicate', `job ${id} of the same deduplication id is waiting or active`);

/** Of jobs of one queue that would run by themselves, those whose deduplication id another one has by now. */
export async function takenKeys(
  db: Db,
  { job, dedup }: Layout,
  queue: string,
  jobs: readonly SavedJob[],
): Promise<Map<string, Skip>> {
  const live = jobs.filter(({ job: { state, key } }) => key !== undefined && state !== 'dead' && state !== 'completed');
  await lockKeys(
    db,
    queue,
    live.map(({ job: { key } }) => key),
  );
  const rows = await db.query<{ key: string; id: string }>(
    `SELECT h.dedup_id AS key, o.id FROM ${dedup} h JOIN ${job} o ON o.queue = h.queue AND o.id = h.job_id
      WHERE h.queue = $1 AND h.dedup_id = ANY ($2) AND o.state NOT IN ('completed', 'failed') AND ${inForce}`,
    [queue, live.map(({ job: { key } }) => key)],
  );
  const holders = new Map(rows.map(({ key, id }) => [key, id]));
  return new Map(
    live.flatMap((item) => {
      const holder = holders.get(item.job.key ?? '');
      return holder === undefined || holder === item.job.id ? [] : [[keyOf(item.job), twinOf(holder)] as const];
    }),
  );
}

/** Gives these jobs the hold on their ids that they had, or none; what a job that has not ended holds is left to it. */
export async function holdAgain(db: Db, { job, dedup }: Layout, jobs: readonly SavedJob[]): Promise<void> {
  const keyed = jobs.filter(({ job: { key } }) => key !== undefined && key !== '');
  if (keyed.length === 0) return;
  await db.query(
    `WITH s AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS s (queue, id, key, held)),
          freed AS (DELETE FROM ${dedup} h USING s WHERE s.held IS NULL AND h.queue = s.queue AND h.dedup_id = s.key AND h.job_id = s.id)
     INSERT INTO ${dedup} AS h (queue, dedup_id, job_id, expire_at_ms)
     SELECT DISTINCT ON (s.queue, s.key) s.queue, s.key, s.id, (s.held::json ->> 0)::bigint FROM s WHERE s.held IS NOT NULL ORDER BY 1, 2
     ON CONFLICT (queue, dedup_id) DO UPDATE SET job_id = excluded.job_id, expire_at_ms = excluded.expire_at_ms
       WHERE NOT EXISTS (SELECT FROM ${job} o WHERE o.queue = h.queue AND o.id = h.job_id AND o.state NOT IN ('completed', 'failed'))`,
    [
      keyed.map((item) => item.job.queue),
      keyed.map((item) => item.job.id),
      keyed.map((item) => item.job.key),
      keyed.map((item) => savedIn(item).dedup),
    ],
  );
}
