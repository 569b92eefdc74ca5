import { randomUUID } from 'node:crypto';
import type { Enqueued, NewJob } from '../../../domain/enqueue.ts';
import { JobctlError } from '../../../domain/errors.ts';
import type { Db } from '../connection.ts';
import type { DialectEnqueue } from '../dialect.ts';
import { heldKeys, type Keyed } from '../held-keys.ts';
import type { Layout } from './layout.ts';
import { wake } from './wake.ts';

const BATCH = 1000;

/**
 * As the library's `send` does: what a job does not say itself it takes from its queue, and what the queue's policy has
 * no room for is left out. A bare INSERT would take nothing from the queue, not even its dead-letter queue.
 */
export function adds(layout: Layout): DialectEnqueue {
  const lanes = layout.has('group_id') ? [] : (['lane'] as const);
  return {
    ignores: new Set(['type', 'tenant', ...lanes]),
    batch: BATCH,
    add: async (db, queue, jobs) => {
      const answers = heldKeys(jobs, await holders(db, layout, queue, jobs), 'singleton key');
      const free = answers.flatMap((answer, index) => (answer === undefined ? [jobs[index] as NewJob] : []));
      const ids = free.map(() => randomUUID());
      const made = new Set(await insert(db, layout, queue, free, ids));
      if (made.size > 0) await wake(db, layout, [queue]);
      return answers.map((answer): Enqueued => answer ?? answerOf(queue, ids.shift() ?? '', made));
    },
  };
}

const answerOf = (queue: string, id: string, made: ReadonlySet<string>): Enqueued =>
  made.has(id)
    ? { result: 'done', ref: { queue, id } }
    : {
        result: 'duplicate',
        why: `the policy of the queue ${queue} has no room for it beside the jobs that are there`,
      };

/** Also where the policy of the queue would let a second one in: a job with that key waits. */
const holders = (db: Db, { job }: Layout, queue: string, jobs: readonly NewJob[]): Promise<Keyed[]> => {
  const keys = jobs.flatMap(({ key }) => (key === undefined ? [] : [key]));
  if (keys.length === 0) return Promise.resolve([]);
  return db.query<Keyed>(
    `SELECT singleton_key AS key, name AS queue, id::text AS id FROM ${job}
      WHERE name = $1 AND state < 'active' AND singleton_key = ANY ($2)`,
    [queue, keys],
  );
};

/** The ids that found a place. */
async function insert(
  db: Db,
  layout: Layout,
  queue: string,
  jobs: readonly NewJob[],
  ids: readonly string[],
): Promise<string[]> {
  if (jobs.length === 0) return [];
  const values = columnsOf(layout).filter(([column]) => layout.has(column));
  const rows = await db.query<{ id: string | null; known: boolean }>(
    `WITH q AS (SELECT * FROM ${layout.queue} WHERE name = $1),
     made AS (
       INSERT INTO ${layout.job} (${values.map(([column]) => column).join(', ')})
       SELECT ${values.map(([, value]) => value).join(', ')}
         FROM q, unnest($2::uuid[], $3::text[], $4::int[], $5::float8[], $6::text[], $7::text[], $8::int[])
           WITH ORDINALITY AS n (id, data, priority, delay, key, lane, tries, nth)
        ORDER BY n.nth ON CONFLICT DO NOTHING RETURNING id::text AS id)
     SELECT id, EXISTS (SELECT FROM q) AS known FROM made RIGHT JOIN (SELECT) one ON true`,
    [
      queue,
      ids,
      jobs.map(({ payload }) => payload),
      jobs.map(({ priority }) => priority ?? 0),
      jobs.map(({ delaySeconds }) => delaySeconds ?? 0),
      jobs.map(({ key }) => key ?? null),
      jobs.map(({ lane }) => lane ?? null),
      jobs.map(({ maxAttempts }) => maxAttempts ?? null),
    ],
  );
  if (rows[0]?.known !== true) {
    throw new JobctlError('usage', `pg-boss has no queue ${queue}.`, {
      next: [`Create it first: boss.createQueue('${queue}')`, 'jobctl stats   # lists the queues'],
    });
  }
  return rows.flatMap(({ id }) => (id === null ? [] : [id]));
}

/** Each column with its value: `n` is the new job, `q` its queue. Those that this version lacks are left out. */
function columnsOf(layout: Layout): (readonly [column: string, value: string])[] {
  const start = `now() + n.delay * interval '1 s'`;
  const old = layout.has('expire_in'); // version 10
  const keep = old ? `coalesce(q.retention_minutes, 20160) * interval '1 min'` : `q.retention_seconds * interval '1 s'`;
  return [
    ['id', 'n.id'],
    ['name', 'q.name'],
    ['data', 'n.data::jsonb'],
    ['priority', 'n.priority'],
    ['start_after', start],
    ['singleton_key', 'n.key'],
    ['group_id', 'n.lane'],
    ['keep_until', `${start} + ${keep}`],
    // the limit counts the runs after the first
    ['retry_limit', 'coalesce(n.tries - 1, q.retry_limit, 2)'],
    ['retry_delay', 'coalesce(q.retry_delay, 0)'],
    ['retry_backoff', 'coalesce(q.retry_backoff, false)'],
    ['retry_delay_max', 'q.retry_delay_max'],
    ['expire_in', `coalesce(q.expire_seconds, 900) * interval '1 s'`],
    ['expire_seconds', 'q.expire_seconds'],
    ['deletion_seconds', 'q.deletion_seconds'],
    ['policy', 'q.policy'],
    ['dead_letter', 'q.dead_letter'],
    ['heartbeat_seconds', 'q.heartbeat_seconds'],
  ];
}
