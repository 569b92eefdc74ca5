import type { PutBack } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import type { Held, Standing } from '../dialect.ts';
import { idsOf, notMissing, notOurs, outcomes, skipped } from '../outcomes.ts';
import {
  holdRows,
  insertRows,
  raiseSequence,
  replaceRows,
  type SavedRow,
  type SavedTable,
  standings,
} from '../saved-rows.ts';
import type { Layout } from './layout.ts';
import { savedJobsOf } from './rows.ts';

/** What the snapshot of a job holds: the rows of the library's tables as the JSON text that Postgres made of them. */
interface ProcrastinateSnapshot {
  readonly row: string;
  readonly events: string;
  /** Ids of the periodic deferrals that pointed to the job. */
  readonly defers?: string;
}

/** Native states in which a job runs, or will by itself. */
const starting = ['todo', 'doing', 'aborting'];

const snapshotOf = (saved: SavedJob): ProcrastinateSnapshot => saved.snapshot as unknown as ProcrastinateSnapshot;

/** The row as the backend's own JSON text; the snapshot leaves out the args because they are the payload. */
const rowOf = (saved: SavedJob): SavedRow => ({
  id: saved.job.id,
  row: `${snapshotOf(saved).row.slice(0, -1)},"args":${saved.job.payload}}`,
});

/** What stands where each saved job stood. That its worker was removed meanwhile does not make it another job. */
export async function compare(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<string, Standing>> {
  const there = await standings(db, jobsTable(layout), saved.map(rowOf));
  return new Map(saved.map(({ job }) => [job.id, there.get(job.id) ?? 'missing']));
}

/** Locks the jobs whose row was written last by `mark`: nobody, not even a worker, has touched them since. */
export async function holdForRevert(
  db: Db,
  layout: Layout,
  saved: readonly SavedJob[],
  mark: string | undefined,
): Promise<Held> {
  const found = await holdRows(db, jobsTable(layout), idsOf(saved), mark);
  const ours = saved.filter(({ job }) => found.get(job.id)?.ours === true);
  const others = saved.filter((item) => !ours.includes(item));
  const left = notOurs(others, await compare(db, layout, others), found);
  const taken = await takenLocks(db, layout, ours);
  const free = ours.filter(({ job }) => !taken.has(job.id));
  return { jobs: await savedJobsOf(db, layout, idsOf(free)), skipped: [...left, ...taken.values()] };
}

/** Gives each row its saved values again, and takes out of the event log what was written since. */
export async function revert(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Outcome[]> {
  const changed = await replaceRows(db, jobsTable(layout), saved.map(rowOf));
  await restoreEvents(db, layout, saved);
  return outcomes(saved, changed);
}

/** Which of the saved jobs are gone, and so can be put back. */
export async function holdForRestore(db: Db, layout: Layout, saved: readonly SavedJob[], how: PutBack): Promise<Held> {
  const there = await compare(db, layout, saved);
  const missing = saved.filter(({ job }) => there.get(job.id) === 'missing');
  const taken = how.asWas ? await takenLocks(db, layout, missing) : new Map<string, Outcome>();
  return {
    jobs: missing.filter(({ job }) => !taken.has(job.id)),
    skipped: saved.flatMap((item): Outcome[] => {
      const outcome = notMissing(item, there.get(item.job.id), how.asWas) ?? taken.get(item.job.id);
      return outcome === undefined ? [] : [outcome];
    }),
  };
}

/** Jobs that would come back as todo or doing although another job has their queueing lock, or their lock, by now. */
async function takenLocks(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<string, Outcome>> {
  const kinds = [
    {
      status: 'todo',
      column: 'queueing_lock',
      nameOf: ({ job }: SavedJob) => job.key,
      word: 'queueing lock',
      why: 'duplicate',
    },
    { status: 'doing', column: 'lock', nameOf: ({ job }: SavedJob) => job.lane, word: 'lock', why: 'conflict' },
  ] as const;
  const taken = new Map<string, Outcome>();
  for (const { status, column, nameOf, word, why } of kinds) {
    const wanting = saved.filter((item) => item.job.native === status && nameOf(item) !== undefined);
    if (wanting.length === 0) continue;
    const rows = await db.query<{ name: string; id: string }>(
      `SELECT ${column} AS name, id::text AS id FROM ${layout.jobs} WHERE status = '${status}' AND ${column} = ANY ($1)`,
      [wanting.map(nameOf)],
    );
    const holders = new Map(rows.map((row) => [row.name, row.id]));
    for (const item of wanting) {
      const name = nameOf(item) ?? '';
      const holder = holders.get(name);
      if (holder === undefined) holders.set(name, item.job.id);
      else if (holder !== item.job.id)
        taken.set(item.job.id, skipped(item, why, `${word} ${name} is held by ${holder}`));
    }
  }
  return taken;
}

/** Inserts the saved rows under their own ids. Unless `asWas`, what would start by itself comes back as failed. */
export async function restore(db: Db, layout: Layout, saved: readonly SavedJob[], how: PutBack): Promise<Outcome[]> {
  await raiseSequence(db, layout.jobs, `SELECT max(id) FROM unnest($2::bigint[]) AS s (id)`, idsOf(saved));
  const created = await insertRows(db, jobsTable(layout), saved.map(rowOf), how.asWas);
  const back = new Set(created.map((row) => row.id));
  const returned = saved.filter(({ job }) => back.has(job.id));
  await restoreEvents(db, layout, returned);
  if (!how.asWas) await noteParking(db, layout, returned);
  await relinkDefers(db, layout, returned);
  return saved.map(
    (item): Outcome =>
      back.has(item.job.id)
        ? { ref: { queue: item.job.queue, id: item.job.id }, result: 'done' }
        : skipped(item, 'conflict', 'its id or its lock is taken'),
  );
}

/** The library's own word for a todo job that is ended by hand; it says since when the job lies there. */
async function noteParking(db: Db, layout: Layout, returned: readonly SavedJob[]): Promise<void> {
  const parked = returned.filter(({ job }) => starting.includes(job.native));
  if (parked.length === 0) return;
  await db.query(
    `INSERT INTO ${layout.events} (job_id, type) SELECT id, 'cancelled' FROM unnest($1::bigint[]) AS p (id)`,
    [idsOf(parked)],
  );
}

/** A backup from before a migration lacks columns; the worker may be gone. */
function jobsTable(layout: Layout): SavedTable {
  return {
    name: layout.jobs,
    columns: layout.columns,
    idType: 'bigint',
    state: { column: 'status', starting, parked: 'failed' },
    references: ['worker_id'],
    values: {
      // the column is never NULL: this is a JSON null, which reading the row's text has turned into one
      args: `coalesce(r.args, 'null')`,
      priority: 'coalesce(r.priority, 0)',
      abort_requested: 'coalesce(r.abort_requested, false)',
      ...(layout.workers === undefined
        ? {}
        : { worker_id: `(SELECT w.id FROM ${layout.workers} w WHERE w.id = r.worker_id)` }),
    },
  };
}

/** The event log of these jobs becomes what it was: triggers' own additions go, missing events come back under their ids. */
async function restoreEvents(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<void> {
  if (saved.length === 0) return;
  const events = saved.map((item) => snapshotOf(item).events);
  await raiseSequence(
    db,
    layout.events,
    `SELECT max((e ->> 'id')::bigint) FROM unnest($2::text[]) AS s (events), json_array_elements(s.events::json) e`,
    events,
  );
  const parameters = [idsOf(saved), events];
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
