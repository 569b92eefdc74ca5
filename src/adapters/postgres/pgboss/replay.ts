import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { outcomes, type Skip, skip } from '../outcomes.ts';
import { doubles, inDeadLetters, sourcesOf } from './copies.ts';
import { waitsAnew } from './dependencies.ts';
import { keys, these } from './keys.ts';
import type { Layout } from './layout.ts';
import { factsOf, idsOf } from './places.ts';
import { twins } from './twins.ts';
import { wake } from './wake.ts';

/**
 * What maintenance would take away at once must not be left on a job that is to run again: in 10 and 11 an old
 * `completed_on`, in every version a `keep_until` that has passed. The job keeps its original time to live, at least a day.
 */
export const alive = `completed_on = NULL,
  keep_until = greatest(j.keep_until, now() + greatest(j.keep_until - j.start_after, interval '1 day'))`;

/** Failed jobs run again in their own queue; what lies in a dead-letter queue goes back to the queue it came from. */
export async function replay(
  db: Db,
  layout: Layout,
  jobs: readonly SavedJob[],
  keepAttempts: boolean,
): Promise<Outcome[]> {
  const lettered = await inDeadLetters(db, layout, jobs);
  const skips = new Map<string, Skip>();
  for (const [id, { note }] of await doubles(db, layout, jobs)) skips.set(id, skip('duplicate', note));
  const free = jobs.filter(({ job }) => !skips.has(job.id));
  const retried = free.filter(({ job }) => !lettered.has(job.id));
  const copies = free.filter(({ job }) => lettered.has(job.id));
  const done = [
    ...(retried.length === 0 ? [] : await retry(db, layout, retried, keepAttempts, skips)),
    ...(copies.length === 0 ? [] : await moveBack(db, layout, copies, skips)),
  ];
  await wake(
    db,
    layout,
    done.map(({ queue }) => queue),
  );
  return outcomes(jobs, done, skips);
}

interface Changed {
  readonly id: string;
  readonly queue: string;
}

/**
 * Fresh attempts: the count starts at 0 again and the claim that follows does not raise it (it only does so for a job that
 * has a `started_on`), as in the library's own restore. Back-off and limit then are those of a new job. With `keepAttempts`
 * it is the library's own retry: the count stays, and one more run is allowed.
 */
async function retry(
  db: Db,
  layout: Layout,
  jobs: readonly SavedJob[],
  keepAttempts: boolean,
  skips: Map<string, Skip>,
): Promise<Changed[]> {
  const free = await unhindered(db, layout, jobs, 'retry', skips);
  const beat = layout.has('heartbeat_on') ? ', heartbeat_on = NULL' : '';
  const attempts = keepAttempts ? 'retry_limit = j.retry_limit + 1' : `retry_count = 0, started_on = NULL${beat}`;
  // the rows are held, so the library lets none of them go before this is written
  const waits = Object.entries(waitsAnew(layout, 'j')).map(([column, value]) => `, ${column} = ${value}`);
  return await db.query<Changed>(
    `UPDATE ${layout.job} j SET state = 'retry', start_after = greatest(j.start_after, now()), ${alive}, ${attempts}${waits.join('')}
      WHERE ${these} AND j.state = 'failed' RETURNING j.id::text AS id, j.name AS queue`,
    keys(free),
  );
}

/** The jobs that no other keeps from their place in a unique index. */
async function unhindered(
  db: Db,
  layout: Layout,
  jobs: readonly SavedJob[],
  state: string,
  skips: Map<string, Skip>,
): Promise<readonly SavedJob[]> {
  const candidates = jobs.map((saved) => ({ ...factsOf(saved), id: saved.job.id, queue: saved.job.queue, state }));
  const taken = await twins(db, layout, candidates);
  for (const [id, note] of taken) skips.set(id, skip('duplicate', note));
  return jobs.filter(({ job }) => !taken.has(job.id));
}

/** The library's own defaults, for a queue of version 10 that does not say. */
const defaults: Readonly<Record<string, string>> = {
  retry_limit: 'coalesce(q.retry_limit, 2)',
  retry_delay: 'coalesce(q.retry_delay, 0)',
  retry_backoff: 'coalesce(q.retry_backoff, false)',
};

/** What a job that is put back takes from its queue as it is set up now, as the library's redrive does. */
const fromQueue = [
  'retry_limit',
  'retry_delay',
  'retry_backoff',
  'retry_delay_max',
  'expire_seconds',
  'deletion_seconds',
];
const always = ['policy', 'dead_letter', 'heartbeat_seconds'];

/**
 * The library's redrive as one UPDATE: the copy becomes a new job of its source queue. It keeps its id, so that the trail
 * and the undo stay simple; the library gives a new one.
 */
async function moveBack(
  db: Db,
  layout: Layout,
  copies: readonly SavedJob[],
  skips: Map<string, Skip>,
): Promise<Changed[]> {
  const sources = await sourcesOf(db, layout, copies);
  for (const { job } of copies) if (!sources.has(job.id)) skips.set(job.id, unknownSource);
  const known = copies.filter(({ job }) => sources.has(job.id));
  if (known.length === 0) return [];
  const taken = await twins(db, layout, await asNew(db, layout, known, sources));
  for (const [id, note] of taken) skips.set(id, skip('duplicate', note));
  const free = known.filter(({ job }) => !taken.has(job.id));
  const sets = [...fromQueue, ...always]
    .filter((column) => layout.has(column))
    .map((column) => `${column} = ${defaults[column] ?? `q.${column}`}`);
  const [expiry, retention] = layout.has('expire_in')
    ? [
        `, expire_in = coalesce(q.expire_seconds, 900) * interval '1 s'`,
        `coalesce(q.retention_minutes, 20160) * interval '1 min'`,
      ]
    : ['', `q.retention_seconds * interval '1 s'`];
  // what tells the original later that its work is under way: its id, or the moment at which it died, which is the copy's first
  const root = layout.has('source_root_id')
    ? ', source_root_id = coalesce(j.source_root_id, j.source_id), created_on = now()'
    : '';
  const cleared = [
    'source_name',
    'source_id',
    'source_created_on',
    'source_retry_count',
    'source_output',
    'heartbeat_on',
    'upsert_by_key',
  ]
    .filter((column) => layout.has(column))
    .map((column) => `, ${column} = NULL`);
  return await db.query<Changed>(
    `UPDATE ${layout.job} j SET name = q.name, state = 'created', retry_count = 0, output = NULL, singleton_on = NULL,
            start_after = now(), started_on = NULL, completed_on = NULL, keep_until = now() + ${retention},
            ${sets.join(', ')}${expiry}${root}${cleared.join('')}
       FROM unnest($3::uuid[], $4::text[]) AS m (id, source) JOIN ${layout.queue} q ON q.name = m.source
      WHERE ${these} AND j.id = m.id AND j.state IN ('created', 'retry', 'failed')
      RETURNING j.id::text AS id, j.name AS queue`,
    [...keys(free), idsOf(free), free.map(({ job }) => sources.get(job.id))],
  );
}

const unknownSource = skip(
  'conflict',
  'nothing says for certain which queue this copy came from: enqueue its payload where it belongs, then remove the copy',
);

/** The places that the copies will take in their source queues, under the policies of those queues. */
async function asNew(db: Db, layout: Layout, copies: readonly SavedJob[], sources: ReadonlyMap<string, string>) {
  const rows = await db.query<{ name: string; policy: string | null }>(
    `SELECT name, policy FROM ${layout.queue} WHERE name = ANY ($1::text[])`,
    [[...new Set(sources.values())]],
  );
  const policies = new Map(rows.map(({ name, policy }) => [name, policy]));
  return copies.map((saved) => {
    const queue = sources.get(saved.job.id) ?? '';
    return {
      id: saved.job.id,
      queue,
      state: 'created',
      policy: policies.get(queue),
      singleton_key: factsOf(saved).singleton_key,
    };
  });
}
