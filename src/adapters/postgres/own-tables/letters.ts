import type { SavedJob } from '../../../domain/claim.ts';
import type { Outcome } from '../../../domain/outcome.ts';
import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';
import type { Column } from './catalog.ts';
import { literal, ref } from './column-sql.ts';
import { idType } from './conditions.ts';
import { hasStatus, letterHome, letterIs, letterKey } from './homes.ts';
import type { Layout, Letters } from './layout.ts';
import { notify } from './notify.ts';
import { idsOf, outcomes, removeRows, requeue, skip, update } from './row-writes.ts';
import { edited, nowIn, replayed, setList } from './set.ts';
import { isLetter, jobRowOf, letterRowsOf } from './snapshot.ts';

const lettersOf = (layout: Layout): Letters => layout.letters as Letters;

/** True of the unresolved letters of these jobs, or of the resolved ones. Parameter $1: the ids. */
const chosen = (layout: Layout, alias: string, resolved = false): string => {
  const letters = lettersOf(layout);
  return `${letterKey(letters, alias)} = ANY ($1::${idType(layout.job.id)}[]) AND ${letterIs(letters, alias, resolved)}`;
};

/** True of those letters alone that were saved: what came since is in no backup. */
const isSaved = (layout: Layout, alias: string, parameter: string): string => {
  const { id } = lettersOf(layout).columns;
  return `${ref(alias, id)} = ANY (${parameter}::${idType(id)}[])`;
};

const letterIdsOf = (jobs: readonly SavedJob[]): string[] => jobs.flatMap(letterRowsOf).map(({ id }) => id);

/** The failed job waits again, or is made again where it is gone; its letters are resolved in the same transaction. */
export async function replayLetters(
  db: Db,
  layout: Layout,
  jobs: readonly SavedJob[],
  keepAttempts: boolean,
): Promise<Outcome[]> {
  const there = await statusesOf(db, layout, idsOf(jobs));
  const told = new Map<string, Outcome>();
  const failed = jobs.filter(({ job }) => there.get(job.id)?.dead);
  const set = setList(replayed(layout, keepAttempts));
  (await requeue(db, layout, failed, 'dead', set)).forEach((outcome) => void told.set(outcome.ref.id, outcome));
  const gone = jobs.filter(({ job }) => !there.has(job.id));
  (await insertAgain(db, layout, gone, keepAttempts)).forEach((outcome) => void told.set(outcome.ref.id, outcome));
  await resolveLetters(db, layout, doneOf([...told.values()]), 'replayed');
  return jobs.map(
    (saved) =>
      told.get(saved.job.id) ??
      skip(saved, 'duplicate', `job ${saved.job.id} itself is ${there.get(saved.job.id)?.status}`),
  );
}

const doneOf = (outcomes: readonly Outcome[]): string[] =>
  outcomes.filter(({ result }) => result === 'done').map(({ ref: { id } }) => id);

async function statusesOf(
  db: Db,
  layout: Layout,
  ids: readonly string[],
): Promise<Map<string, { readonly status: string; readonly dead: boolean }>> {
  const rows = await db.query<{ id: string; status: string; dead: boolean }>(
    `SELECT ${ref('j', layout.job.id)}::text AS id, ${ref('j', layout.job.status)}::text AS status, coalesce(${hasStatus(layout, 'j', 'dead')}, false) AS dead
       FROM ${layout.jobs.sql} j WHERE ${ref('j', layout.job.id)} = ANY ($1::${idType(layout.job.id)}[])`,
    [ids],
  );
  return new Map(rows.map(({ id, ...row }) => [id, row]));
}

/** A letter tells enough of a job to make it again, unless the table wants more than that. */
async function insertAgain(
  db: Db,
  layout: Layout,
  jobs: readonly SavedJob[],
  keepAttempts: boolean,
): Promise<Outcome[]> {
  if (jobs.length === 0) return [];
  const values = insertion(layout, keepAttempts);
  const wanting = layout.jobs.columns.find(
    ({ name, notNull, defaulted, generated }) => notNull && !defaulted && !generated && !values.has(name),
  );
  if (wanting !== undefined) {
    const why = `its job is gone, and cannot be made again: nothing tells its column ${wanting.name}`;
    return jobs.map((saved) => skip(saved, 'conflict', why));
  }
  const home = letterHome(layout, lettersOf(layout));
  const rows = await db.query<{ id: string }>(
    `INSERT INTO ${layout.jobs.sql} AS j (${[...values.keys()].map(quoted).join(', ')})
     SELECT ${[...values.values()].join(', ')} FROM ${home.from} WHERE ${chosen(layout, 'd')} AND ${home.shown}
     ON CONFLICT DO NOTHING RETURNING ${ref('j', layout.job.id)}::text AS id`,
    [idsOf(jobs)],
  );
  const made = new Set(rows.map((row) => row.id));
  await notify(
    db,
    layout,
    jobs.filter(({ job }) => made.has(job.id)),
  );
  return jobs.map((saved) =>
    made.has(saved.job.id)
      ? { ref: { queue: saved.job.queue, id: saved.job.id }, result: 'done' }
      : skip(saved, 'duplicate', 'a unique index of the jobs table stands against it'),
  );
}

function insertion(layout: Layout, keepAttempts: boolean): Map<string, string> {
  const { job, labels } = layout;
  const letters = lettersOf(layout);
  const home = letterHome(layout, letters);
  const pairs: readonly (readonly [Column | undefined, (column: Column) => string])[] = [
    [job.id, () => home.id],
    [job.queue, ({ type }) => `(${home.queue})::text::${type}`],
    [job.type, ({ type }) => `(${home.type})::text::${type}`],
    [job.status, ({ type }) => `${literal(labels.waiting[0] as string)}::${type}`],
    [job.payload, ({ type }) => `(${home.payload})::${type}`],
    ...(['lane', 'tenant'] as const).map(
      (name) => [letters.columns[name] && job[name], ({ type }: Column) => `(${home[name]})::text::${type}`] as const,
    ),
    [job.attempts, () => (keepAttempts ? home.attempts : '0')],
    [job.createdAt, nowIn],
    [job.runAt, nowIn],
    [job.updatedAt, nowIn],
  ];
  return new Map(
    pairs.flatMap(([column, value]) => (column === undefined ? [] : [[column.name, value(column)] as const])),
  );
}

/** A failed job without a letter has no place for the mark. */
export async function resolve(db: Db, layout: Layout, note: string, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  const marked = new Set(await resolveLetters(db, layout, idsOf(jobs.filter(isLetter)), note));
  return jobs.map((saved) => {
    if (!isLetter(saved)) return skip(saved, 'conflict', 'it has no dead letter that could be marked');
    return marked.has(saved.job.id)
      ? { ref: { queue: saved.job.queue, id: saved.job.id }, result: 'done' }
      : skip(saved, 'state-changed');
  });
}

/** Marks the unresolved letters of these jobs as handled, with a note that says by what. Answers whose were. */
export async function resolveLetters(db: Db, layout: Layout, ids: readonly string[], what: string): Promise<string[]> {
  if (ids.length === 0) return [];
  const letters = lettersOf(layout);
  const { resolved, resolvedAt, notes } = letters.columns;
  // whoever holds the lock is named as the session's application
  const note = `$2::text || ' (job ' || ${letterKey(letters, 'l')} || ', ' || current_setting('application_name') || ')'`;
  const set = [
    ...(resolved === undefined ? [] : [`${quoted(resolved.name)} = true`]),
    ...(resolvedAt === undefined ? [] : [`${quoted(resolvedAt.name)} = ${nowIn(resolvedAt)}`]),
    ...(notes === undefined
      ? []
      : [`${quoted(notes.name)} = concat_ws(E'\\n', nullif(${ref('l', notes)}, ''), ${note})`]),
  ];
  const rows = await db.query<{ id: string }>(
    `UPDATE ${letters.table.sql} l SET ${set.join(', ')} WHERE ${chosen(layout, 'l')} AND $2::text IS NOT NULL
     RETURNING ${letterKey(letters, 'l')}::text AS id`,
    [ids, what],
  );
  return [...new Set(rows.map((row) => row.id))];
}

/** The letter and its failed original get the same payload. */
export async function editLetters(
  db: Db,
  layout: Layout,
  jobs: readonly SavedJob[],
  payload: string,
): Promise<Outcome[]> {
  const letters = lettersOf(layout);
  const { payload: column } = letters.columns;
  const originals = jobs.filter((saved) => jobRowOf(layout, saved) !== undefined);
  const changed =
    layout.job.payload === undefined
      ? []
      : await update(db, layout, idsOf(originals), ['dead'], setList(edited(layout)), [payload]);
  if (column !== undefined) {
    const rows = await db.query<{ id: string }>(
      `UPDATE ${letters.table.sql} l SET ${quoted(column.name)} = $2::${column.type} WHERE ${chosen(layout, 'l')} AND ${isSaved(layout, 'l', '$3')} RETURNING ${letterKey(letters, 'l')}::text AS id`,
      [idsOf(jobs), payload, letterIdsOf(jobs)],
    );
    changed.push(...rows.map((row) => row.id));
  }
  return outcomes(jobs, changed);
}

/** A letter and its failed original are one job: both go. The letter first, for it may refer to the job. */
export async function removeLetters(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<Outcome[]> {
  const letters = lettersOf(layout);
  const resolved = jobs[0]?.job.resolved !== undefined; // a claim is about the one or the other
  const rows = await db.query<{ id: string }>(
    `DELETE FROM ${letters.table.sql} l WHERE ${chosen(layout, 'l', resolved)} AND ${isSaved(layout, 'l', '$2')} RETURNING ${letterKey(letters, 'l')}::text AS id`,
    [idsOf(jobs), letterIdsOf(jobs)],
  );
  const removed = new Set(rows.map((row) => row.id));
  const originals = jobs.filter((saved) => removed.has(saved.job.id) && jobRowOf(layout, saved) !== undefined);
  await removeRows(db, layout, idsOf(originals), hasStatus(layout, 'j', 'dead'));
  return outcomes(jobs, [...removed]);
}
