import type { Enqueued, NewJob } from '../../../domain/enqueue.ts';
import type { Db } from '../connection.ts';
import type { DialectEnqueue } from '../dialect.ts';
import { heldKeys, type Keyed } from '../held-keys.ts';
import { quoted } from '../sql.ts';
import { isDead } from './expressions.ts';
import type { Layout } from './layout.ts';

const BATCH = 1000;
const SMALLEST = -32_768;
const LARGEST = 32_767;

/**
 * By the library's own function. Its usual way with a key that is taken is to overwrite the job that has it; here the job
 * that is there stays as it is. It is asked for beforehand, and the mode keeps a job that comes in between.
 */
export const adds = (layout: Layout): DialectEnqueue => ({
  ignores: new Set(['type', 'tenant']),
  batch: BATCH,
  refuses: ({ priority, maxAttempts }) =>
    [priority, maxAttempts].some((number) => number !== undefined && (number < SMALLEST || number > LARGEST))
      ? `priority and maxAttempts lie between ${SMALLEST} and ${LARGEST} here`
      : undefined,
  add: async (db, queue, jobs) => {
    const answers = heldKeys(jobs, await holders(db, layout, jobs), 'job key');
    const free = answers.flatMap((answer, index) => (answer === undefined ? [jobs[index] as NewJob] : []));
    const made = await add(db, layout, queue, free);
    return answers.map((answer): Enqueued => answer ?? answerOf(queue, made.shift()));
  },
});

/** The key is unique among all jobs, also those that run or are dead. */
const holders = (db: Db, layout: Layout, jobs: readonly NewJob[]): Promise<Keyed[]> => {
  const keys = jobs.flatMap(({ key }) => (key === undefined ? [] : [key]));
  if (keys.length === 0) return Promise.resolve([]);
  return db
    .query<Keyed>(
      `SELECT j.key, t.identifier AS queue, j.id::text AS id,
            CASE WHEN ${isDead} THEN 'dead: replay it, or remove it' WHEN j.locked_at IS NOT NULL THEN 'running' END AS note
       FROM ${layout.jobs} j JOIN ${layout.tasks} t ON t.id = j.task_id WHERE j.key = ANY ($1)`,
      [keys],
    )
    .then((rows) => rows.map(({ note, ...row }) => ({ ...row, note: note ?? undefined })));
};

interface Made {
  readonly id: string;
  /** Not 0: it was there before. */
  readonly revision: number;
}

async function add(db: Db, { schema }: Layout, queue: string, jobs: readonly NewJob[]): Promise<Made[]> {
  if (jobs.length === 0) return [];
  return await db.query<Made>(
    `WITH n AS MATERIALIZED (
       SELECT ${quoted(schema)}.add_job($1, n.payload::json, queue_name := n.lane, run_at := now() + n.delay * interval '1 s',
                max_attempts := n.tries, job_key := n.key, priority := n.priority,
                job_key_mode := CASE WHEN n.key IS NULL THEN 'replace' ELSE 'unsafe_dedupe' END) AS job, nth
         FROM unnest($2::text[], $3::text[], $4::float8[], $5::int[], $6::text[], $7::int[])
           WITH ORDINALITY AS n (payload, lane, delay, tries, key, priority, nth) ORDER BY nth)
     SELECT (job).id::text AS id, (job).revision AS revision FROM n ORDER BY nth`,
    [
      queue,
      jobs.map(({ payload }) => payload),
      jobs.map(({ lane }) => lane ?? null),
      jobs.map(({ delaySeconds }) => delaySeconds ?? null),
      jobs.map(({ maxAttempts }) => maxAttempts ?? null),
      jobs.map(({ key }) => key ?? null),
      jobs.map(({ priority }) => priority ?? null),
    ],
  );
}

function answerOf(queue: string, made: Made | undefined): Enqueued {
  if (made === undefined) return { result: 'unknown', why: 'the function did not answer for it' };
  const ref = { queue, id: made.id };
  return made.revision === 0
    ? { result: 'done', ref }
    : { result: 'duplicate', ref, why: `another session added ${made.id} with that job key at the same moment` };
}
