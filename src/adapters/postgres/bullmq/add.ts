import type { Enqueued, NewJob } from '../../../domain/enqueue.ts';
import type { Db } from '../connection.ts';
import type { DialectEnqueue } from '../dialect.ts';
import { heldKeys, type Keyed } from '../held-keys.ts';
import { inForce, lockKeys } from './dedup.ts';
import { nowMs } from './expressions.ts';
import type { Layout } from './layout.ts';

const BATCH = 1000;
const HIGHEST_PRIORITY = 2 ** 21 - 1;

/** By the library's own function, with the options as its own classes store them. */
export const adds = (layout: Layout): DialectEnqueue => ({
  ignores: new Set(['lane', 'tenant']),
  batch: BATCH,
  refuses: ({ priority = 0, delaySeconds = 0 }) => {
    if (!Number.isInteger(priority) || priority < 0 || priority > HIGHEST_PRIORITY)
      return `a priority of BullMQ is a whole number from 0, which runs first, to ${HIGHEST_PRIORITY}`;
    return delaySeconds >= 0 ? undefined : 'a delay cannot be negative';
  },
  add: async (db, queue, jobs) => {
    const answers = heldKeys(jobs, await holders(db, layout, queue, jobs), 'deduplication id');
    const free = answers.flatMap((answer, index) => (answer === undefined ? [jobs[index] as NewJob] : []));
    const ids = await add(db, layout, queue, free);
    return answers.map((answer): Enqueued => {
      if (answer !== undefined) return answer;
      const id = ids.shift();
      return id === undefined
        ? { result: 'unknown', why: 'the function did not answer for it' }
        : { result: 'done', ref: { queue, id } };
    });
  },
});

/** Locks the deduplication ids as the library does, so that what is found stays so until the end of the transaction. */
async function holders(db: Db, { job, dedup }: Layout, queue: string, jobs: readonly NewJob[]): Promise<Keyed[]> {
  const keys = jobs.flatMap(({ key }) => key ?? []);
  if (keys.length === 0) return [];
  await lockKeys(db, queue, keys);
  return await db.query<Keyed>(
    `SELECT h.dedup_id AS key, h.queue, h.job_id AS id FROM ${dedup} h JOIN ${job} j ON j.queue = h.queue AND j.id = h.job_id
      WHERE h.queue = $1 AND h.dedup_id = ANY ($2) AND ${inForce}`,
    [queue, keys],
  );
}

async function add(db: Db, { call }: Layout, queue: string, jobs: readonly NewJob[]): Promise<string[]> {
  if (jobs.length === 0) return [];
  const rows = await db.query<{ id: string }>(
    `SELECT ${call('add_job')}($1, '', n.name, n.data::jsonb, n.opts::jsonb, n.priority, n.delay, ${nowMs}, n.tries,
              NULL, NULL, NULL, n.key, NULL, false) AS id
       FROM unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::int[], $8::text[])
         WITH ORDINALITY AS n (name, data, opts, priority, delay, tries, key, nth) ORDER BY nth`,
    [
      queue,
      jobs.map(({ type }) => type),
      jobs.map(({ payload }) => payload),
      jobs.map((job) => JSON.stringify(optionsOf(job))),
      jobs.map(({ priority }) => priority ?? 0),
      jobs.map(delayOf),
      jobs.map(({ maxAttempts }) => maxAttempts ?? 1),
      jobs.map(({ key }) => key ?? null),
    ],
  );
  return rows.map(({ id }) => id);
}

const delayOf = ({ delaySeconds = 0 }: NewJob): number => Math.round(delaySeconds * 1000);

const optionsOf = (job: NewJob): Record<string, unknown> => ({
  attempts: job.maxAttempts ?? 0,
  ...(delayOf(job) > 0 && { delay: delayOf(job) }),
  ...(job.priority !== undefined && job.priority > 0 && { priority: job.priority }),
  ...(job.key !== undefined && { deduplication: { id: job.key } }),
});
