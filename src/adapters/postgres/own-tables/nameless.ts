import { grouped } from '../../../domain/grouped.ts';
import type { Db } from '../connection.ts';
import { ref } from './column-sql.ts';
import { isOpen, standsAlone } from './homes.ts';
import type { Layout } from './layout.ts';

/** Unresolved letters that name no job, and cannot be shown under an id of their own. Asked only where there can be any. */
export async function namelessWarnings(db: Db, { letters }: Layout): Promise<string[]> {
  const jobId = letters?.columns.jobId;
  if (letters === undefined || jobId === undefined || jobId.notNull || standsAlone(letters)) return [];
  const { sql, name } = letters.table;
  try {
    const [row] = await db.query<{ count: number }>(
      `SELECT count(*)::float8 AS count FROM ${sql} d WHERE ${ref('d', jobId)} IS NULL AND ${isOpen(letters, 'd')}`,
    );
    const count = row?.count ?? 0;
    if (count === 0) return [];
    const told =
      count === 1
        ? `1 dead letter of ${name} names no job: it is not shown, and nothing is done with it`
        : `${grouped(count)} dead letters of ${name} name no job: they are not shown, and nothing is done with them`;
    return [`${told}. Fill ${jobId.name}, or map a column that names the job: tables.deadLetter.columns.jobId.`];
  } catch (error) {
    // a table that is too large to count, or that this role may not read, keeps nobody from looking at the others
    return [
      `Dead letters of ${name} that name no job are not shown. How many there are could not be counted: ${(error as Error).message}.`,
    ];
  }
}
