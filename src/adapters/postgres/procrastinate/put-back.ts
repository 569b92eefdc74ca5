import type { PutBack } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/adapter.ts';
import type { Outcome, SkipReason } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import type { Held } from '../dialect.ts';
import { quoted } from '../sql.ts';
import type { Layout } from './layout.ts';
import { savedJobsOf } from './rows.ts';
import { idsOf, outcomes } from './write.ts';

/** What the snapshot of a job holds: the rows of the library's tables as the JSON text that Postgres made of them. */
interface ProcrastinateSnapshot {
  readonly row: string;
  readonly events: string;
  /** Ids of the periodic deferrals that pointed to the job. */
  readonly defers?: string;
}

const snapshotOf = (saved: SavedJob): ProcrastinateSnapshot => saved.snapshot as unknown as ProcrastinateSnapshot;

const skipped = (saved: SavedJob, why: SkipReason, note?: string): Outcome => ({
  ref: { queue: saved.job.queue, id: saved.job.id },
  result: 'skipped',
  why,
  note,
});

/** What stands where each saved job stood. */
export async function compare(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<string, 'same' | 'different' | 'missing'>> {
  const rows = await db.query<{ id: string; same: boolean }>(
    `SELECT j.id::text AS id, row_to_json(j)::jsonb = s.row::jsonb AS same
       FROM unnest($1::bigint[], $2::text[]) AS s (id, row) JOIN ${layout.jobs} j ON j.id = s.id`,
    [idsOf(saved), saved.map((item) => snapshotOf(item).row)],
  );
  const there = new Map(rows.map((row) => [row.id, row.same ? ('same' as const) : ('different' as const)]));
  return new Map(saved.map(({ job }) => [job.id, there.get(job.id) ?? 'missing']));
}

/** Locks the jobs whose row was written last by `mark`: nobody, not even a worker, has touched them since. */
export async function holdForRevert(db: Db, layout: Layout, saved: readonly SavedJob[], mark: string): Promise<Held> {
  const rows = await db.query<{ id: string; ours: boolean; status: string }>(
    `SELECT j.id::text AS id, j.xmin::text = ($2::bigint % 4294967296)::text AS ours, j.status::text AS status
       FROM ${layout.jobs} j WHERE j.id = ANY ($1::bigint[]) ORDER BY j.id FOR UPDATE OF j SKIP LOCKED`,
    [idsOf(saved), mark],
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  const ours = saved.filter(({ job }) => found.get(job.id)?.ours === true);
  const states = await compare(db, layout, saved.filter((item) => !ours.includes(item)));
  const others = [...states].map(([id, state]): Outcome => {
    const item = saved.find(({ job }) => job.id === id) as SavedJob;
    if (state === 'same') return skipped(item, 'unchanged');
    if (state === 'missing') return skipped(item, 'not-found');
    const row = found.get(id);
    return row === undefined ? skipped(item, 'locked') : skipped(item, 'started', `now ${row.status}`);
  });
  return { jobs: await savedJobsOf(db, layout, idsOf(ours)), skipped: others };
}

/** Gives each row its saved values again, and takes out of the event log what was written since. */
export async function revert(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Outcome[]> {
  const columns = layout.columns.filter((column) => column !== 'id').map(quoted);
  const changed = await db.query<{ id: string }>(
    `UPDATE ${layout.jobs} j SET (${columns.join(', ')}) = ROW (${columns.map((column) => `r.${column}`).join(', ')})
       FROM (SELECT (json_populate_record(NULL::${layout.jobs}, row::json)).* FROM unnest($1::text[]) AS s (row)) r
      WHERE j.id = r.id RETURNING j.id::text AS id`,
    [saved.map((item) => snapshotOf(item).row)],
  );
  await restoreEvents(db, layout, saved);
  return outcomes(saved, changed);
}

/** Which of the saved jobs are gone, and so can be put back. */
export async function holdForRestore(db: Db, layout: Layout, saved: readonly SavedJob[], how: PutBack): Promise<Held> {
  const there = await compare(db, layout, saved);
  const missing = saved.filter(({ job }) => there.get(job.id) === 'missing');
  const keyed = how.asWas ? missing.filter(({ job }) => job.key !== undefined && job.native === 'todo') : [];
  const taken = new Map(
    keyed.length === 0
      ? []
      : (
          await db.query<{ key: string; id: string }>(
            `SELECT queueing_lock AS key, id::text AS id FROM ${layout.jobs} WHERE status = 'todo' AND queueing_lock = ANY ($1)`,
            [keyed.map(({ job }) => job.key)],
          )
        ).map((row) => [row.key, row.id]),
  );
  const twin = (item: SavedJob): string | undefined => (keyed.includes(item) ? taken.get(item.job.key ?? '') : undefined);
  return {
    jobs: missing.filter((item) => twin(item) === undefined),
    skipped: saved.flatMap((item): Outcome[] => {
      const state = there.get(item.job.id);
      if (state === 'same') return [skipped(item, 'unchanged')];
      if (state === 'different') return [skipped(item, 'conflict', 'another version of this job is there')];
      const holder = twin(item);
      return holder === undefined ? [] : [skipped(item, 'duplicate', `queueing lock ${item.job.key} is held by ${holder}`)];
    }),
  };
}

/** Inserts the saved rows under their own ids. Unless `asWas`, what would start by itself comes back as failed. */
export async function restore(db: Db, layout: Layout, saved: readonly SavedJob[], how: PutBack): Promise<Outcome[]> {
  const worker = layout.workers === undefined ? undefined : `(SELECT w.id FROM ${layout.workers} w WHERE w.id = r.worker_id)`;
  const parked = `CASE WHEN r.status IN ('todo', 'doing') THEN 'failed' ELSE r.status END`;
  const values = layout.columns.map((column) =>
    column === 'status' && !how.asWas ? parked : column === 'worker_id' && worker !== undefined ? worker : `r.${quoted(column)}`,
  );
  const created = await db.query<{ id: string }>(
    `INSERT INTO ${layout.jobs} (${layout.columns.map(quoted).join(', ')})
     SELECT ${values.join(', ')} FROM unnest($1::text[]) AS s (row), json_populate_record(NULL::${layout.jobs}, s.row::json) r
     ON CONFLICT (id) DO NOTHING RETURNING id::text AS id`,
    [saved.map((item) => snapshotOf(item).row)],
  );
  const back = new Set(created.map((row) => row.id));
  const returned = saved.filter(({ job }) => back.has(job.id));
  await restoreEvents(db, layout, returned);
  await relinkDefers(db, layout, returned);
  await raiseSequence(db, layout);
  return saved.map((item): Outcome =>
    back.has(item.job.id) ? { ref: { queue: item.job.queue, id: item.job.id }, result: 'done' } : skipped(item, 'conflict', 'its id is taken'),
  );
}

/** The event log of these jobs becomes what it was: triggers' own additions go, missing events come back under their ids. */
async function restoreEvents(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<void> {
  if (saved.length === 0) return;
  const parameters = [idsOf(saved), saved.map((item) => snapshotOf(item).events)];
  const old = `(SELECT (json_populate_recordset(NULL::${layout.events}, s.events::json)).* FROM unnest($2::text[]) AS s (events))`;
  await db.query(
    `DELETE FROM ${layout.events} e WHERE e.job_id = ANY ($1::bigint[]) AND NOT EXISTS (SELECT 1 FROM ${old} o WHERE o.id = e.id)`,
    parameters,
  );
  await db.query(
    `INSERT INTO ${layout.events} (id, job_id, type, at)
     SELECT CASE WHEN EXISTS (SELECT 1 FROM ${layout.events} x WHERE x.id = o.id)
                 THEN nextval(pg_get_serial_sequence($3, 'id')) ELSE o.id END, o.job_id, o.type, o.at
       FROM ${old} o
      WHERE o.job_id = ANY ($1::bigint[]) AND NOT EXISTS (SELECT 1 FROM ${layout.events} x WHERE x.id = o.id AND x.job_id = o.job_id)
      ORDER BY o.id`,
    [...parameters, layout.events],
  );
}

async function relinkDefers(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<void> {
  const links = saved.flatMap((item) => {
    const { defers } = snapshotOf(item);
    return defers === undefined ? [] : (JSON.parse(defers) as string[]).map((defer) => [item.job.id, defer] as const);
  });
  if (links.length === 0) return;
  await db.query(
    `UPDATE ${layout.periodicDefers} d SET job_id = l.job FROM unnest($1::bigint[], $2::bigint[]) AS l (job, defer)
      WHERE d.id = l.defer AND d.job_id IS NULL`,
    [links.map(([job]) => job), links.map(([, defer]) => defer)],
  );
}

/** In a database that was made anew the id sequence may lie behind the restored ids: the next new job would clash. */
async function raiseSequence(db: Db, layout: Layout): Promise<void> {
  await db.query(
    `SELECT setval(s.name, m.id) FROM (SELECT pg_get_serial_sequence($1, 'id') AS name) s, (SELECT max(id) AS id FROM ${layout.jobs}) m,
            LATERAL (SELECT nextval(s.name) AS next) n WHERE m.id > n.next`,
    [layout.jobs],
  );
}
