import type { PutBack } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import type { Held, Standing } from '../dialect.ts';
import { notMissing, notOurs, outcomes, skipped } from '../outcomes.ts';
import { holdRows, insertRows, replaceRows, type SavedRow, type SavedTable, standings } from '../saved-rows.ts';
import { quotedLiterals } from '../sql.ts';
import { activeAgain, copyInto, takenCopies, withdrawCopies } from './dead-letter.ts';
import { bindToParents, holdParents, waitsAnew } from './dependencies.ts';
import { keys, these } from './keys.ts';
import type { Layout } from './layout.ts';
import { factsOf, idsOf, namesOf, snapshotOf } from './places.ts';
import { everyName } from './queues.ts';
import { savedJobsOf } from './rows.ts';
import { type Candidate, twins } from './twins.ts';

/** Native states in which a job runs, or will by itself. */
const starting = ['created', 'retry', 'active'];

/** The row as the backend's own JSON text; the snapshot leaves out the data because they are the payload. */
const rowOf = (saved: SavedJob): SavedRow => ({
  id: saved.job.id,
  row: `${snapshotOf(saved).row.slice(0, -1)},"data":${saved.job.payload}}`,
});

/** What stands where each saved job stood. */
export async function compare(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<string, Standing>> {
  const there = await standings(db, jobTable(layout, saved), saved.map(rowOf));
  return new Map(saved.map(({ job }) => [job.id, there.get(job.id) ?? 'missing']));
}

/** Locks the jobs whose row was written last by `mark`: nobody, not even a worker, has touched them since. */
export async function holdForRevert(
  db: Db,
  layout: Layout,
  saved: readonly SavedJob[],
  mark: string | undefined,
): Promise<Held> {
  const table = jobTable(layout, saved);
  const found = await holdRows(db, table, idsOf(saved), mark);
  const ours = saved.filter(({ job }) => found.get(job.id)?.ours === true);
  const others = saved.filter((item) => !ours.includes(item));
  const states = await compare(db, layout, others);
  const left = notOurs(others, states, found);
  const taken = await twins(
    db,
    layout,
    ours.map((item) => asSaved(item)),
  );
  const begun = await takenCopies(db, layout, ours);
  const free = ours.filter(({ job }) => !taken.has(job.id) && !begun.has(job.id));
  return {
    jobs: await savedJobsOf(db, layout, await placesNow(db, table, idsOf(free))),
    skipped: [
      ...left,
      ...ours.flatMap((item) => {
        const note = taken.get(item.job.id);
        if (note !== undefined) return [skipped(item, 'duplicate', note)];
        const elsewhere = begun.get(item.job.id);
        return elsewhere === undefined ? [] : [skipped(item, 'started', elsewhere)];
      }),
    ],
  };
}

/** Where these jobs are now: a copy that was put back is in another queue than it was saved from. */
const placesNow = (db: Db, table: SavedTable, ids: readonly string[]): Promise<{ name: string; id: string }[]> =>
  db.query(`SELECT j.name, j.id::text AS id FROM ${table.name} j WHERE ${table.among} AND j.id = ANY ($1::uuid[])`, [
    ids,
  ]);

/** Gives each row its saved values again; a copy that was put back returns to its dead-letter queue, one that a reset made goes. */
export async function revert(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Outcome[]> {
  const changed: { id: string }[] = [];
  await withdrawCopies(db, layout, saved);
  const dying = await activeAgain(db, layout, saved);
  for (const group of byNulls(saved)) {
    changed.push(...(await replaceRows(db, jobTable(layout, group), group.map(rowOf))));
  }
  if (dying.length > 0) await db.query(copyInto(layout, `(SELECT * FROM ${layout.job} j WHERE ${these})`), keys(dying));
  return outcomes(saved, changed);
}

/** Which of the saved jobs are gone, and so can be put back. */
export async function holdForRestore(db: Db, layout: Layout, saved: readonly SavedJob[], how: PutBack): Promise<Held> {
  const there = await compare(db, layout, saved);
  const queues = await db.query<{ name: string }>(`SELECT name FROM ${layout.queue} WHERE name = ANY ($1::text[])`, [
    namesOf(saved),
  ]);
  const names = new Set(queues.map(({ name }) => name));
  const missing = saved.filter(({ job }) => there.get(job.id) === 'missing' && names.has(job.queue));
  const taken = await twins(
    db,
    layout,
    missing.map((item) => asSaved(item, how)),
  );
  const orphans = await holdParents(
    db,
    layout,
    missing.filter((item) => starting.includes(asSaved(item, how).state)),
  );
  return {
    jobs: missing.filter(({ job }) => !taken.has(job.id) && !orphans.has(job.id)),
    skipped: saved.flatMap((item): Outcome[] => {
      const outcome = notMissing(item, there.get(item.job.id), how.asWas);
      if (outcome !== undefined) return [outcome];
      if (!names.has(item.job.queue))
        return [skipped(item, 'conflict', `pg-boss has no queue ${item.job.queue} any more`)];
      const note = taken.get(item.job.id);
      if (note !== undefined) return [skipped(item, 'duplicate', note)];
      const orphaned = orphans.get(item.job.id);
      return orphaned === undefined ? [] : [skipped(item, 'conflict', orphaned)];
    }),
  };
}

function asSaved(saved: SavedJob, how: Pick<PutBack, 'asWas'> = { asWas: true }): Candidate {
  const facts = factsOf(saved);
  const parked = !keepsState(saved, how) && starting.includes(facts.state);
  return { ...facts, id: saved.job.id, queue: saved.job.queue, state: parked ? 'failed' : facts.state };
}

/** A copy lies dead in its dead-letter queue as `created`, and the library's redrive looks for it in no other state. */
const keepsState = ({ job }: SavedJob, how: Pick<PutBack, 'asWas'>): boolean => how.asWas || job.state === 'dead';

/** Inserts the saved rows under their own ids. Unless `asWas`, what would start by itself comes back as failed. */
export async function restore(db: Db, layout: Layout, saved: readonly SavedJob[], how: PutBack): Promise<Outcome[]> {
  const created: { id: string }[] = [];
  await bindToParents(db, layout, saved);
  for (const asIs of [true, false]) {
    const alike = saved.filter((item) => keepsState(item, how) === asIs);
    for (const group of byNulls(alike)) {
      const table = jobTable(layout, group);
      const values = { ...table.values, ...waitsAnew(layout, 'r') };
      created.push(...(await insertRows(db, { ...table, values }, group.map(rowOf), asIs)));
    }
  }
  const back = new Set(created.map(({ id }) => id));
  return saved.map(
    (item): Outcome =>
      back.has(item.job.id)
        ? { ref: { queue: item.job.queue, id: item.job.id }, result: 'done' }
        : skipped(item, 'conflict', 'its id or its place in a unique index is taken'),
  );
}

/** Jobs that hold a JSON null in the same columns can be written by one statement; nearly always that is all of them. */
function byNulls(saved: readonly SavedJob[]): SavedJob[][] {
  const nulls = (item: SavedJob): string => (snapshotOf(item).nulls ?? []).join();
  return [...Map.groupBy(saved, nulls).values()];
}

/** The job table as far as these jobs are concerned. A backup from before a migration lacks columns. */
function jobTable(layout: Layout, saved: readonly SavedJob[]): SavedTable {
  const nulls = saved[0] === undefined ? [] : (snapshotOf(saved[0]).nulls ?? []);
  const given = {
    blocked: 'coalesce(r.blocked, false)',
    blocking: 'coalesce(r.blocking, false)',
    pending_dependencies: 'coalesce(r.pending_dependencies, 0)',
    deletion_seconds: 'coalesce(r.deletion_seconds, 604800)',
    expire_seconds: 'coalesce(r.expire_seconds, 900)',
    expire_in: `coalesce(r.expire_in, interval '15 min')`,
    dead_letter: `(SELECT q.name FROM ${layout.queue} q WHERE q.name = r.dead_letter)`,
  };
  return {
    name: layout.job,
    columns: layout.columns,
    idType: 'uuid',
    state: { column: 'state', starting, parked: 'failed' },
    references: [],
    counted: ['blocked', 'pending_dependencies'],
    values: {
      ...Object.fromEntries(Object.entries(given).filter(([column]) => layout.has(column))),
      // reading the row's text has turned a JSON null into no value
      ...Object.fromEntries(nulls.map((column) => [column, `coalesce(r.${column}, 'null')`])),
    },
    among:
      saved.some(({ job }) => job.state === 'dead' && job.native !== 'failed') || saved.some(cameFromElsewhere)
        ? `j.name = ANY (${everyName(layout)})` // copies may have been put back into their source queue
        : `j.name IN ${quotedLiterals(namesOf(saved).length === 0 ? [''] : namesOf(saved))}`,
  };
}

const cameFromElsewhere = (saved: SavedJob): boolean => (factsOf(saved).source_name ?? null) !== null;
