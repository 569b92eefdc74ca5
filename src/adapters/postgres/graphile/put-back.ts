import type { PutBack } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import type { Held, Standing } from '../dialect.ts';
import { idsOf, outcomes, skipped } from '../outcomes.ts';
import { holdRows, raiseSequence } from '../saved-rows.ts';
import { quoted } from '../sql.ts';
import type { Layout } from './layout.ts';
import { type GraphileSnapshot, jobsOf, rowText, savedJobsOf } from './rows.ts';
import { wake } from './write.ts';

const snapshotOf = ({ snapshot }: SavedJob): GraphileSnapshot => snapshot as unknown as GraphileSnapshot;

/** The saved jobs as rows `s` of a statement; the payload beside the row, for it must come back to the letter. */
const asRows = `unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS s (row, payload, task, lane)`;

const valuesOf = (saved: readonly SavedJob[]): unknown[] => {
  const snapshots = saved.map(snapshotOf);
  return [
    snapshots.map(({ row }) => row),
    saved.map(({ job }) => job.payload),
    snapshots.map(({ task }) => task),
    snapshots.map(({ lane }) => lane),
  ];
};

/** Would run by itself, or did run; and what such a job is when it came back dead instead. */
const starts = `(w.was -> 'locked_at' <> 'null' OR (w.was ->> 'attempts')::int < (w.was ->> 'max_attempts')::int)`;
const parked = `(w.was || jsonb_build_object('attempts', w.was -> 'max_attempts', 'locked_at', NULL, 'locked_by', NULL, 'is_available', false))`;

/** What stands where each saved job stood. Tasks and lanes are compared by name: their rows may have been made anew. */
export async function compare(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<string, Standing>> {
  const rows = await db.query<{ id: string; standing: Standing }>(
    `SELECT j.id::text AS id,
            CASE WHEN NOT n.named THEN 'different' WHEN n.there = w.was THEN 'same'
                 WHEN ${starts} AND n.there - 'updated_at' = ${parked} - 'updated_at' THEN 'parked' ELSE 'different' END AS standing
       FROM ${asRows} JOIN ${layout.jobs} j ON j.id = (s.row::json ->> 'id')::bigint,
            LATERAL (SELECT ${rowText(layout)}::jsonb - 'task_id' - 'job_queue_id' AS there, j.payload::text = s.payload
                            AND (SELECT t.identifier FROM ${layout.tasks} t WHERE t.id = j.task_id) = s.task
                            AND (SELECT q.queue_name FROM ${layout.lanes} q WHERE q.id = j.job_queue_id) IS NOT DISTINCT FROM s.lane AS named) n,
            LATERAL (SELECT s.row::jsonb - 'task_id' - 'job_queue_id' AS was) w`,
    valuesOf(saved),
  );
  const found = new Map(rows.map((row) => [row.id, row.standing]));
  return new Map(saved.map(({ job }) => [job.id, found.get(job.id) ?? 'missing']));
}

/** Which of the saved jobs are gone, and so can be put back. */
export async function holdForRestore(db: Db, layout: Layout, saved: readonly SavedJob[], how: PutBack): Promise<Held> {
  const there = await compare(db, layout, saved);
  const keys = await takenKeys(db, layout, saved);
  const lanes = how.asWas ? await takenLanes(db, layout, saved) : new Map<string, string>();
  const refused = saved.flatMap((item): Outcome[] => {
    const { id } = item.job;
    const standing = there.get(id);
    if (standing === 'same' || (standing === 'parked' && !how.asWas)) return [skipped(item, 'unchanged')];
    if (standing !== 'missing') return [skipped(item, 'conflict', 'another version of this job is there')];
    if (keys.has(id)) return [skipped(item, 'duplicate', keys.get(id))];
    return lanes.has(id) ? [skipped(item, 'conflict', lanes.get(id))] : [];
  });
  const left = new Set(refused.map(({ ref }) => ref.id));
  return { jobs: saved.filter(({ job }) => !left.has(job.id)), skipped: refused };
}

/** Inserts the saved rows under their own ids. Unless `asWas`, what would start by itself comes back dead. */
export async function restore(db: Db, layout: Layout, saved: readonly SavedJob[], how: PutBack): Promise<Outcome[]> {
  await raiseSequence(db, layout.jobs, 'SELECT max(id) FROM unnest($2::bigint[]) AS s (id)', idsOf(saved));
  await nameAgain(db, layout, saved);
  const value = writtenAs(layout);
  const parking: Readonly<Record<string, string>> = {
    attempts: 'CASE WHEN p.parks THEN r.max_attempts ELSE r.attempts END',
    locked_at: 'CASE WHEN p.parks THEN NULL ELSE r.locked_at END',
    locked_by: 'CASE WHEN p.parks THEN NULL ELSE r.locked_by END',
    updated_at: 'CASE WHEN p.parks THEN now() ELSE r.updated_at END',
  };
  const created = await db.query<{ id: string }>(
    `INSERT INTO ${layout.jobs} AS j (${layout.writable.map(quoted).join(', ')}) OVERRIDING SYSTEM VALUE
     SELECT ${layout.writable.map((column) => parking[column] ?? value(column)).join(', ')}
       FROM ${asRows}, LATERAL json_populate_record(NULL::${layout.jobs}, s.row::json) r,
            LATERAL (SELECT NOT $5 AND (r.locked_at IS NOT NULL OR r.attempts < r.max_attempts) AS parks) p
      ORDER BY r.id ON CONFLICT DO NOTHING RETURNING j.id::text AS id`,
    [...valuesOf(saved), how.asWas],
  );
  const back = new Set(created.map((row) => row.id));
  const returned = saved.filter(({ job }) => back.has(job.id));
  if (how.asWas) {
    await holdLanes(db, layout, returned);
    await wake(db, returned.filter(({ job }) => job.state === 'waiting').length);
  }
  return saved.map((item): Outcome => {
    const { queue, id } = item.job;
    return back.has(id)
      ? { ref: { queue, id }, result: 'done' }
      : skipped(item, 'conflict', 'its id or its key is taken');
  });
}

/** Locks the jobs whose row was written last by `mark`: nobody, not even a worker, has touched them since. */
export async function holdForRevert(
  db: Db,
  layout: Layout,
  saved: readonly SavedJob[],
  mark: string | undefined,
): Promise<Held> {
  const table = { name: layout.jobs, idType: 'bigint', state: { column: 'is_available' } } as const;
  const held = await holdRows(db, table, idsOf(saved), mark);
  const states = await compare(db, layout, saved);
  const now = new Map((await jobsOf(db, layout, idsOf(saved))).map((job) => [job.id, job.native]));
  const taken = await takenLanes(db, layout, saved);
  const refused = saved.flatMap((item): Outcome[] => {
    const { id } = item.job;
    const row = held.get(id);
    if (row?.ours === true) return taken.has(id) ? [skipped(item, 'conflict', taken.get(id))] : [];
    const standing = states.get(id);
    if (standing === 'same') return [skipped(item, 'unchanged')];
    if (standing === 'missing') return [skipped(item, 'not-found')];
    return [row === undefined ? skipped(item, 'locked') : skipped(item, 'started', `now ${now.get(id)}`)];
  });
  const left = new Set(refused.map(({ ref }) => ref.id));
  const free = idsOf(saved).filter((id) => !left.has(id));
  return { jobs: await savedJobsOf(db, layout, free), skipped: refused };
}

/** Gives each row its saved values again, and each job that ran its lane, so that no other runs beside it. */
export async function revert(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Outcome[]> {
  const columns = layout.writable.filter((column) => column !== 'id');
  const changed = await db.query<{ id: string }>(
    `UPDATE ${layout.jobs} j SET (${columns.map(quoted).join(', ')}) = ROW (${columns.map(writtenAs(layout)).join(', ')})
       FROM ${asRows}, LATERAL json_populate_record(NULL::${layout.jobs}, s.row::json) r
      WHERE j.id = r.id RETURNING j.id::text AS id`,
    valuesOf(saved),
  );
  await holdLanes(db, layout, saved);
  return outcomes(saved, changed);
}

/** The library may have cleaned up names that no job bore any more. */
async function nameAgain(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<void> {
  const snapshots = saved.map(snapshotOf);
  const named = [
    { table: layout.tasks, column: 'identifier', names: snapshots.map(({ task }) => task) },
    { table: layout.lanes, column: 'queue_name', names: snapshots.flatMap(({ lane }) => lane ?? []) },
  ];
  for (const { table, column, names } of named) {
    await db.query(
      `INSERT INTO ${table} (${column}) SELECT DISTINCT n.name FROM unnest($1::text[]) AS n (name)
        WHERE NOT EXISTS (SELECT FROM ${table} t WHERE t.${column} = n.name) ON CONFLICT DO NOTHING`,
      [names],
    );
  }
}

/** Jobs whose key another job bears by now. A key is unique over all states. */
async function takenKeys(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<string, string>> {
  const rows = await db.query<{ key: string; id: string }>(
    `SELECT j.key, j.id::text AS id FROM ${layout.jobs} j WHERE j.key = ANY ($1)`,
    [saved.flatMap(({ job }) => job.key ?? [])],
  );
  const holders = new Map(rows.map((row) => [row.key, row.id]));
  return new Map(
    saved.flatMap(({ job: { id, key } }) => {
      const holder = key === undefined ? undefined : holders.get(key);
      return holder === undefined || holder === id ? [] : [[id, `key ${key} is held by ${holder}`]];
    }),
  );
}

const holdsOf = (saved: readonly SavedJob[]): readonly (readonly [id: string, lane: string, hold: string])[] =>
  saved.flatMap((item) => {
    const { lane, hold } = snapshotOf(item);
    return lane === null || hold === null ? [] : [[item.job.id, lane, hold] as const];
  });

/** Jobs that ran in a lane that another worker holds by now. */
async function takenLanes(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<string, string>> {
  const holds = holdsOf(saved);
  if (holds.length === 0) return new Map();
  const rows = await db.query<{ lane: string; by: string }>(
    `SELECT q.queue_name AS lane, coalesce(q.locked_by, '?') AS by FROM ${layout.lanes} q WHERE q.queue_name = ANY ($1) AND q.locked_at IS NOT NULL`,
    [holds.map(([, lane]) => lane)],
  );
  const holders = new Map(rows.map((row) => [row.lane, row.by]));
  return new Map(
    holds.flatMap(([id, lane]) => (holders.has(lane) ? [[id, `lane ${lane} is held by ${holders.get(lane)}`]] : [])),
  );
}

async function holdLanes(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<void> {
  const holds = holdsOf(saved);
  if (holds.length === 0) return;
  await db.query(
    `UPDATE ${layout.lanes} q SET locked_at = h.locked_at, locked_by = h.locked_by
       FROM unnest($1::text[], $2::text[]) AS s (lane, hold), LATERAL json_populate_record(NULL::${layout.lanes}, s.hold::json) h
      WHERE q.queue_name = s.lane AND q.locked_at IS NULL`,
    [holds.map(([, lane]) => lane), holds.map(([, , hold]) => hold)],
  );
}

/** SQL for a column's saved value, over `r`, the saved row, and `s`, what is beside it. */
const writtenAs =
  ({ tasks, lanes }: Layout) =>
  (column: string): string => {
    switch (column) {
      case 'payload':
        return 's.payload::json';
      case 'task_id':
        return `(SELECT t.id FROM ${tasks} t WHERE t.identifier = s.task)`;
      case 'job_queue_id':
        return `(SELECT q.id FROM ${lanes} q WHERE q.queue_name = s.lane)`;
      default:
        return `r.${quoted(column)}`;
    }
  };
