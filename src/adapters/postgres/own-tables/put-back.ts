import type { PutBack } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import type { Held, Standing } from '../dialect.ts';
import {
  holdRows,
  insertRows,
  raiseSequence,
  replaceRows,
  type SavedRow,
  type SavedTable,
  standings,
} from '../saved-rows.ts';
import { quoted } from '../sql.ts';
import type { Column, Table } from './catalog.ts';
import { ref } from './column-sql.ts';
import { idType } from './conditions.ts';
import type { Layout, Letters } from './layout.ts';
import { referredTo, yielding } from './referrers.ts';
import { idsOf, skip } from './row-writes.ts';
import { jobsAt, type Place, savedAt } from './rows.ts';
import { imageOf, isApart, isLetter, jobRowOf, letterRowsOf, savedAs } from './snapshot.ts';
import { fromText, type Twin, twins } from './uniques.ts';

/** One row of those that a saved job is made of: its own, and its letters. */
interface Part {
  readonly standing: Standing;
  /** The row's last writer was the write that is taken back. */
  readonly ours: boolean;
  readonly locked: boolean;
  readonly state?: string | undefined;
}

const defined = <T>(items: readonly (T | undefined)[]): T[] => items.filter((item) => item !== undefined);
const jobRows = (layout: Layout, saved: readonly SavedJob[]): SavedRow[] =>
  defined(saved.map((item) => jobRowOf(layout, item)));

/** What stands where each saved job stood: it is the same when its row and all its letters are. */
export async function compare(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<string, Standing>> {
  const parts = await partsOf(db, layout, saved, undefined);
  return new Map(saved.map(({ job }, index) => [job.id, whole(parts[index] ?? [])]));
}

function whole(parts: readonly Part[]): Standing {
  const all = (...wanted: readonly Standing[]): boolean => parts.every(({ standing }) => wanted.includes(standing));
  if (all('missing')) return 'missing';
  if (all('same')) return 'same';
  return all('same', 'parked') ? 'parked' : 'different';
}

/** With a mark, the rows are locked. */
async function partsOf(
  db: Db,
  layout: Layout,
  saved: readonly SavedJob[],
  hold: { mark: string | undefined } | undefined,
) {
  const { letters } = layout;
  const tables = { jobs: jobsTable(layout), letters: letters && lettersTable(letters) };
  const letterRows = saved.flatMap(letterRowsOf);
  const letterIds = letterRows.map(({ id }) => id);
  const held = hold && (await holdRows(db, tables.jobs, idsOf(saved), hold.mark));
  const heldLetters =
    hold && tables.letters && letterIds.length > 0
      ? await holdRows(db, tables.letters, letterIds, hold.mark)
      : undefined;
  const now = await standings(db, tables.jobs, jobRows(layout, saved));
  const lettersNow =
    tables.letters === undefined || letterIds.length === 0
      ? undefined
      : await standings(db, tables.letters, letterRows);
  const made = await presentOf(
    db,
    layout,
    // a letter that was handled went alone: its job may have been there all the time, be it done or dead once more
    saved.filter((item) => isAlone(layout, item) && (hold !== undefined || item.job.resolved === undefined)),
  );
  const part = (standing: Standing, row: { ours: boolean; state: string } | undefined): Part => ({
    standing,
    ours: row?.ours ?? false,
    locked: hold !== undefined && row === undefined && standing !== 'missing',
    state: row?.state,
  });
  return saved.map((item): Part[] => {
    const { id } = item.job;
    const own =
      jobRowOf(layout, item) === undefined ? (made.has(id) ? 'different' : undefined) : (now.get(id) ?? 'missing');
    return [
      ...(own === undefined ? [] : [part(own, held?.get(id))]),
      ...letterRowsOf(item).map((letter) => part(lettersNow?.get(letter.id) ?? 'missing', heldLetters?.get(letter.id))),
    ];
  });
}

/** It is letters of a job that was gone. */
const isAlone = (layout: Layout, item: SavedJob): boolean => jobRowOf(layout, item) === undefined && !isApart(item);

/** Of jobs that were gone when their letters were saved, those that are there by now. */
async function presentOf(db: Db, { jobs, job }: Layout, saved: readonly SavedJob[]): Promise<Set<string>> {
  if (saved.length === 0) return new Set();
  const rows = await db.query<{ id: string }>(
    `SELECT j.${quoted(job.id.name)}::text AS id FROM ${jobs.sql} j WHERE j.${quoted(job.id.name)} = ANY ($1::${idType(job.id)}[])`,
    [idsOf(saved)],
  );
  return new Set(rows.map((row) => row.id));
}

/** Locks the jobs of which every row that differs was written last by `mark`: nobody has touched them since. */
export async function holdForRevert(
  db: Db,
  layout: Layout,
  saved: readonly SavedJob[],
  mark: string | undefined,
): Promise<Held> {
  const parts = await partsOf(db, layout, saved, { mark });
  const verdicts = saved.map((item, index) => verdict(item, parts[index] ?? []));
  const ours = saved.filter((_, index) => verdicts[index] === undefined);
  const taken = await takenBy(db, layout, ours);
  const { jobs, job: columns } = layout;
  const made = ours.filter((item) => isAlone(layout, item));
  const needed = await referredTo(db, jobs, columns.id, yielding(jobs), idsOf(made));
  const free = ours.filter(({ job }) => !taken.has(job.id) && !needed.has(job.id));
  return {
    jobs: await savedNow(db, layout, free),
    skipped: [
      ...defined(verdicts),
      ...duplicates(ours, taken),
      ...made.flatMap((item) => (needed.has(item.job.id) ? [skip(item, 'conflict', needed.get(item.job.id))] : [])),
    ],
  };
}

/** Undefined when the job may be put back. */
function verdict(item: SavedJob, parts: readonly Part[]): Outcome | undefined {
  const changed = parts.filter(({ standing }) => standing !== 'same');
  if (changed.length === 0) return skip(item, 'unchanged');
  if (parts.some(({ standing }) => standing === 'missing')) return skip(item, 'not-found');
  const foreign = changed.find(({ ours }) => !ours);
  if (foreign === undefined) return undefined;
  return foreign.locked ? skip(item, 'locked') : skip(item, 'started', `now ${foreign.state ?? 'gone'}`);
}

/** The jobs as they are before they are put back, for the backup of that: of a letter's job, both rows. */
async function savedNow(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<SavedJob[]> {
  const place = ({ job }: SavedJob, home: Place['home']): Place => ({ id: job.id, home });
  const ofLetters = saved.filter(isLetter);
  const rows = await savedAt(
    db,
    layout,
    saved.filter((item) => !isLetter(item)).map((item) => place(item, 'job')),
  );
  const there = new Map(rows.map((item) => [item.job.id, item]));
  if (layout.letters !== undefined && ofLetters.length > 0) {
    const images = await imagesNow(db, layout.jobs, layout.job.id, idsOf(ofLetters));
    const ids = ofLetters.flatMap(letterRowsOf).map(({ id }) => id);
    const letters = await imagesNow(db, layout.letters.table, layout.letters.columns.id, ids);
    const seen = [
      ...(await jobsAt(
        db,
        layout,
        ofLetters.map((item) => place(item, 'letter')),
        { resolved: true },
      )),
      ...(await jobsAt(
        db,
        layout,
        ofLetters.flatMap((item) => [place(item, 'letter'), place(item, 'job')]),
      )),
    ];
    const jobs = new Map(seen.map((job) => [job.id, job]));
    for (const item of ofLetters) {
      const row = isApart(item) ? undefined : images.get(item.job.id);
      const own = letterRowsOf(item).map(({ id }) => ({ id, row: letters.get(id) as string }));
      const snapshot = { ...(row === undefined ? {} : { row }), letters: own, ...(isApart(item) && { apart: true }) };
      there.set(item.job.id, { job: jobs.get(item.job.id) ?? item.job, snapshot });
    }
  }
  return saved.map((item) => there.get(item.job.id) ?? item);
}

async function imagesNow(db: Db, table: Table, id: Column, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.query<{ id: string; row: string }>(
    `SELECT ${ref('j', id)}::text AS id, ${imageOf(table.columns, 'j')}::text AS row FROM ${table.sql} j WHERE ${ref('j', id)} = ANY ($1::${idType(id)}[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row.row]));
}

/** Jobs that would break a unique index, or wait beside their twin, if they came back as they were. */
async function takenBy(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<string, Twin>> {
  const rows = jobRows(layout, saved);
  return rows.length === 0 ? new Map() : await twins(db, layout, fromText(layout), [rows.map(({ row }) => row)]);
}

const duplicates = (saved: readonly SavedJob[], taken: ReadonlyMap<string, Twin>): Outcome[] =>
  saved.flatMap((item) => {
    const twin = taken.get(item.job.id);
    return twin === undefined ? [] : [skip(item, 'duplicate', `${twin.rule}: ${twin.holder} is there already`)];
  });

/** Gives each row its saved values again; a job that the replay of its letter had made goes. */
export async function revert(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Outcome[]> {
  const rows = jobRows(layout, saved);
  const made = saved.filter((item) => isAlone(layout, item));
  if (rows.length > 0) await replaceRows(db, jobsTable(layout), rows);
  if (made.length > 0) {
    await db.query(
      `DELETE FROM ${layout.jobs.sql} WHERE ${quoted(layout.job.id.name)} = ANY ($1::${idType(layout.job.id)}[])`,
      [idsOf(made)],
    );
  }
  const letters = saved.flatMap(letterRowsOf);
  if (layout.letters !== undefined && letters.length > 0) await replaceRows(db, lettersTable(layout.letters), letters);
  return saved.map(({ job }) => ({ ref: { queue: job.queue, id: job.id }, result: 'done' }));
}

/** Which of the saved jobs are gone, and so can be put back. */
export async function holdForRestore(db: Db, layout: Layout, saved: readonly SavedJob[], how: PutBack): Promise<Held> {
  const there = await compare(db, layout, saved);
  const missing = saved.filter(({ job }) => there.get(job.id) === 'missing');
  const taken = how.asWas ? await takenBy(db, layout, missing) : new Map<string, Twin>();
  const others = saved.flatMap((item): Outcome[] => {
    const standing = there.get(item.job.id);
    if (standing === 'missing') return [];
    if (standing === 'same' || (standing === 'parked' && !how.asWas)) return [skip(item, 'unchanged')];
    return [skip(item, 'conflict', 'another version of this job is there')];
  });
  return {
    jobs: missing.filter(({ job }) => !taken.has(job.id)),
    skipped: [...others, ...duplicates(missing, taken)],
  };
}

/** Inserts the saved rows under their own ids. Unless `asWas`, what would start by itself comes back dead. */
export async function restore(db: Db, layout: Layout, saved: readonly SavedJob[], how: PutBack): Promise<Outcome[]> {
  const rows = jobRows(layout, saved);
  if (layout.job.id.kind === 'integer' && rows.length > 0) {
    const highest = 'SELECT max(id) FROM unnest($2::bigint[]) AS s (id)';
    await raiseSequence(
      db,
      layout.jobs.sql,
      highest,
      rows.map(({ id }) => id),
      layout.job.id.name,
    );
  }
  const created = rows.length === 0 ? [] : await insertRows(db, jobsTable(layout), rows, how.asWas);
  const back = new Set(created.map((row) => row.id));
  const isBack = (item: SavedJob): boolean => jobRowOf(layout, item) === undefined || back.has(item.job.id);
  const letters = saved.filter(isBack).flatMap(letterRowsOf);
  if (layout.letters !== undefined && letters.length > 0)
    await insertRows(db, lettersTable(layout.letters), letters, true);
  return saved.map((item) =>
    isBack(item)
      ? { ref: { queue: item.job.queue, id: item.job.id }, result: 'done' }
      : skip(item, 'conflict', 'its id, or a value that must be unique, is taken'),
  );
}

function jobsTable({ jobs, job, labels }: Layout): SavedTable {
  return {
    name: jobs.sql,
    id: job.id.name,
    idType: idType(job.id),
    state: {
      column: job.status.name,
      starting: [...labels.waiting, ...labels.delayed, ...labels.active],
      parked: labels.dead[0] ?? '',
    },
    references: jobs.nulledReferences,
    ...savedAs(jobs),
  };
}

function lettersTable({ table, columns }: Letters): SavedTable {
  return {
    name: table.sql,
    id: columns.id.name,
    idType: idType(columns.id),
    // a letter never starts by itself: no value of its id means that
    state: { column: columns.id.name, starting: [''], parked: '' },
    references: table.nulledReferences,
    ...savedAs(table),
  };
}
