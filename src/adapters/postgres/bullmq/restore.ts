import type { PutBack } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { skipped } from '../outcomes.ts';
import { insertRows } from '../saved-rows.ts';
import { holdAgain } from './dedup.ts';
import type { Layout } from './layout.ts';
import { keyOf } from './rows.ts';
import { savedIn } from './snapshot.ts';
import { alike, byQueue, jobTable, rowOf } from './table.ts';
import { wake } from './wake.ts';

/** Inserts the saved rows under their own ids. Unless `asWas`, what would start by itself comes back as failed. */
export async function restore(
  db: Db,
  layout: Layout,
  saved: readonly SavedJob[],
  { asWas }: Pick<PutBack, 'asWas'>,
): Promise<Outcome[]> {
  for (const [queue, jobs] of byQueue(saved)) await makeRoom(db, layout, queue, jobs);
  const back = new Set<string>();
  for (const { queue, nulls, jobs } of alike(saved)) {
    const created = await insertRows(db, jobTable(layout, queue, nulls, asWas), jobs.map(rowOf), asWas);
    for (const { id } of created) back.add(keyOf({ queue, id }));
  }
  const returned = saved.filter(({ job }) => back.has(keyOf(job)));
  await giveLogs(db, layout, returned);
  await giveChildren(db, layout, returned);
  const ended = ({ job: { state } }: SavedJob): boolean => state === 'dead' || state === 'completed';
  await holdAgain(db, layout, asWas ? returned : returned.filter(ended));
  if (asWas) await wake(db, returned);
  return saved.map((item): Outcome => {
    const { queue, id } = item.job;
    return back.has(keyOf(item.job))
      ? { ref: { queue, id }, result: 'done' }
      : skipped(item, 'conflict', 'another job has its id');
  });
}

/** An obliteration of the queue waits until we are done, as it does for the library's own producers. */
export const keepObliterationOff = (db: Db, queue: string): Promise<unknown> =>
  db.query(`SELECT pg_advisory_xact_lock_shared(hashtext('bullmq:finalization'), hashtext($1))`, [queue]);

/**
 * In a database that was made anew its counters lie behind: a new job would get an id that is taken, and would be dropped as
 * a duplicate.
 */
async function makeRoom(db: Db, { call, schema }: Layout, queue: string, jobs: readonly SavedJob[]): Promise<void> {
  await keepObliterationOff(db, queue);
  const numbers = numbersOf(jobs);
  const order = jobs.map((item) => BigInt((JSON.parse(savedIn(item).row) as { seq: number }).seq));
  await raise(db, `${call('job_seq')}`, highest(order.map((seq) => (seq < 0n ? -seq : seq))));
  if (numbers.length === 0) return;
  const [counter] = await db.query<{ name: string; there: boolean }>(
    `SELECT format('%I.%I', $2::text, n.name) AS name, to_regclass(format('%I.%I', $2::text, n.name)) IS NOT NULL AS there
       FROM (SELECT ${call('job_id_seq_name')}($1) AS name) n`,
    [queue, schema],
  );
  if (counter === undefined) return;
  if (!counter.there) await db.query(`SELECT ${call('next_job_id')}($1)`, [queue]);
  await raise(db, counter.name, highest(numbers));
}

/** The ids that the queue's counter gives, or will give. */
const numbersOf = (jobs: readonly SavedJob[]): bigint[] =>
  jobs.flatMap(({ job: { id } }) => (/^[1-9]\d{0,17}$/.test(id) ? [BigInt(id)] : []));

/** Queues whose counter is looked at when these jobs come back. */
export const countedQueues = (saved: readonly SavedJob[]): string[] =>
  [...byQueue(saved)].flatMap(([queue, jobs]) => (numbersOf(jobs).length > 0 ? [queue] : []));

const highest = (numbers: readonly bigint[]): bigint => numbers.reduce((most, one) => (one > most ? one : most), 0n);

const raise = (db: Db, sequence: string, to: bigint): Promise<unknown> =>
  db.query(
    `SELECT setval($1::regclass, $2::bigint) WHERE $2::bigint > 0 AND coalesce(pg_sequence_last_value($1::regclass), 0) < $2::bigint`,
    [sequence, String(to)],
  );

const having = (saved: readonly SavedJob[], part: 'logs' | 'children'): unknown[] | undefined => {
  const some = saved.filter((item) => savedIn(item)[part] !== null);
  if (some.length === 0) return undefined;
  return [some.map(({ job }) => job.queue), some.map(({ job }) => job.id), some.map((item) => savedIn(item)[part])];
};

const given =
  'unnest($1::text[], $2::text[], $3::text[]) AS s (queue, id, list), json_array_elements(s.list::json) AS e';

async function giveLogs(db: Db, { log }: Layout, saved: readonly SavedJob[]): Promise<void> {
  const values = having(saved, 'logs');
  if (values === undefined) return;
  await db.query(
    `INSERT INTO ${log} (queue, job_id, idx, row) SELECT s.queue, s.id, (e ->> 0)::bigint, e ->> 1 FROM ${given} ON CONFLICT DO NOTHING`,
    values,
  );
}

async function giveChildren(db: Db, { dependency, call }: Layout, saved: readonly SavedJob[]): Promise<void> {
  const values = having(saved, 'children');
  if (values === undefined) return;
  await db.query(
    `INSERT INTO ${dependency} (parent_queue, parent_id, child_queue, child_id, child_key, status, value)
     SELECT s.queue, s.id, e ->> 0, e ->> 1, e ->> 2, (e ->> 3)::${call('dep_status')}, (e ->> 4)::jsonb FROM ${given} ON CONFLICT DO NOTHING`,
    values,
  );
}
