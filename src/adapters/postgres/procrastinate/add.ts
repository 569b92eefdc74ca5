import type { Enqueued, NewJob } from '../../../domain/enqueue.ts';
import { payloadValue } from '../../../domain/payload.ts';
import type { Db } from '../connection.ts';
import type { DialectEnqueue } from '../dialect.ts';
import { heldKeys, type Keyed } from '../held-keys.ts';
import { quoted } from '../sql.ts';
import type { Layout } from './layout.ts';

const BATCH = 1000;

/** By the library's own functions, so that its triggers wake the workers and write the events. */
export const adds = (layout: Layout): DialectEnqueue => ({
  ignores: new Set(['tenant', 'maxAttempts', ...(layout.priority ? [] : (['priority'] as const))]),
  batch: BATCH,
  refuses: ({ payload }) => (isObject(payloadValue(payload)) ? undefined : 'the arguments of a task are a JSON object'),
  add: async (db, queue, jobs) => {
    const answers = heldKeys(jobs, await holders(db, layout, jobs), 'queueing lock');
    const free = answers.flatMap((answer, index) => (answer === undefined ? [jobs[index] as NewJob] : []));
    const ids = await defer(db, layout, queue, free);
    return answers.map((answer): Enqueued => answer ?? { result: 'done', ref: { queue, id: ids.shift() ?? '' } });
  },
});

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Only a todo job holds its queueing lock. */
const holders = (db: Db, { jobs: table }: Layout, jobs: readonly NewJob[]): Promise<Keyed[]> => {
  const keys = jobs.flatMap(({ key }) => (key === undefined ? [] : [key]));
  if (keys.length === 0) return Promise.resolve([]);
  return db.query<Keyed>(
    `SELECT queueing_lock AS key, queue_name AS queue, id::text AS id FROM ${table} WHERE status = 'todo' AND queueing_lock = ANY ($1)`,
    [keys],
  );
};

/** The ids, in the order of the jobs. */
async function defer(db: Db, layout: Layout, queue: string, jobs: readonly NewJob[]): Promise<string[]> {
  if (jobs.length === 0) return [];
  const call = await functionOf(db, layout);
  const rows = await db.query<{ id: string }>(
    `WITH n AS MATERIALIZED (
       SELECT ${call} AS id, nth FROM unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::float8[])
         WITH ORDINALITY AS n (task, priority, lane, key, args, delay, nth) ORDER BY nth)
     SELECT id::text AS id FROM n ORDER BY nth`,
    [
      queue,
      jobs.map(({ type }) => type),
      jobs.map(({ priority }) => priority ?? 0),
      jobs.map(({ lane }) => lane ?? null),
      jobs.map(({ key }) => key ?? null),
      jobs.map(({ payload }) => payload),
      jobs.map(({ delaySeconds }) => delaySeconds ?? null),
    ],
  );
  return rows.map(({ id }) => id);
}

const AT = "now() + n.delay * interval '1 s'";

/** One call of the function that this version has. Without `queueing_lock` in its name or row it would be another library. */
async function functionOf(db: Db, { schema, priority }: Layout): Promise<string> {
  const [known] = await db.query<{ many: boolean; versioned: boolean }>(
    `SELECT bool_or(p.proname = 'procrastinate_defer_jobs_v1') AS many, bool_or(p.proname = 'procrastinate_defer_job_v1') AS versioned
       FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace WHERE s.nspname = $1 AND p.proname LIKE 'procrastinate\\_defer\\_%'`,
    [schema],
  );
  const within = quoted(schema);
  const rank = priority ? 'n.priority, ' : '';
  const fields = `$1::text, n.task, ${rank}n.lane, n.key, n.args::jsonb, ${AT}`;
  if (known?.many)
    return `(${within}.procrastinate_defer_jobs_v1(ARRAY[ROW(${fields})::${within}.procrastinate_job_to_defer_v1]))[1]`;
  return `${within}.procrastinate_defer_job${known?.versioned ? '_v1' : ''}(${fields})`;
}
