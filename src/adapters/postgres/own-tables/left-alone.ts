import type { Action, Resolution } from '../../../domain/action.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Db } from '../connection.ts';
import { ref } from './column-sql.ts';
import { idType } from './conditions.ts';
import type { Layout, Letters } from './layout.ts';
import { keyText, lossBy, referredTo, yielding } from './referrers.ts';
import { idsOf } from './row-writes.ts';
import { isLetter, jobRowOf, letterRowsOf } from './snapshot.ts';

/** Of these jobs, which are locked and all letters or none, those that this write leaves as they are, each with the reason. */
export async function leftAlone(
  db: Db,
  layout: Layout,
  { verb }: Action,
  jobs: readonly SavedJob[],
): Promise<Map<string, string>> {
  const strange = strangers(layout, jobs);
  return verb === 'remove' ? new Map([...(await needed(db, layout, jobs)), ...strange]) : strange;
}

/** Whether a job may be written to hangs on what its status means. */
function strangers({ labels }: Layout, jobs: readonly SavedJob[]): Map<string, string> {
  const known = new Set(Object.values(labels).flat());
  const strange = jobs.filter((saved) => !isLetter(saved) && !known.has(saved.job.native));
  return new Map(strange.map(({ job }) => [job.id, strangeness(job.native)]));
}

const strangeness = (status: string): string =>
  status === 'null'
    ? 'it has no status, so nobody knows what it is to do'
    : `its status "${status}" is not mapped, so nobody knows what it means: say so in tables.statuses`;

/** Those that rows elsewhere refer to, which would lose that for good. */
async function needed(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<Map<string, string>> {
  const { jobs: table, job, letters } = layout;
  const rows = jobs.filter((saved) => jobRowOf(layout, saved) !== undefined);
  const letterIds = jobs.flatMap(letterRowsOf).map(({ id }) => id);
  const going = letters && jobs.some(isLetter) ? { ...letters, id: letters.columns.id, ids: letterIds } : undefined;
  const left = await referredTo(db, table, job.id, yielding(table), idsOf(rows), going);
  if (letters === undefined) return left;
  const keys = yielding(letters.table);
  if (keys.length > 0) await lockLetters(db, letters, letterIds);
  const kept = await referredTo(db, letters.table, letters.columns.id, keys, letterIds);
  for (const saved of jobs)
    for (const { id } of letterRowsOf(saved)) if (kept.has(id)) left.set(saved.job.id, kept.get(id) as string);
  return left;
}

/** Of several letters of a job the claim holds the newest alone. */
const lockLetters = (db: Db, { table, columns: { id } }: Letters, ids: readonly string[]) =>
  db.query(`SELECT FROM ${table.sql} l WHERE ${ref('l', id)} = ANY ($1::${idType(id)}[]) FOR UPDATE`, [ids]);

/** What the plan says of it beforehand. */
export function cautions({ jobs, letters }: Layout, verb: (Action | Resolution)['verb']): string[] {
  if (verb !== 'remove') return [];
  return [jobs, ...(letters === undefined ? [] : [letters.table])].flatMap((table) =>
    yielding(table).map((key) => {
      const beside = key.sql === letters?.table.sql ? ' beside those that go with it' : '';
      return `A ${table === jobs ? 'job' : 'dead letter'} that rows of ${key.from} refer to${beside} (${keyText(key)}) is left: ${lossBy(key)}.`;
    }),
  );
}
