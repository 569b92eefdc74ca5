import type { PauseState } from '../../../domain/pause.ts';
import type { Db } from '../connection.ts';
import type { DialectPause } from '../dialect.ts';
import { grantOf } from '../rights.ts';
import { quoted } from '../sql.ts';
import { asText, ref } from './column-sql.ts';
import type { Layout } from './layout.ts';
import { missingOn } from './permit.ts';

type Flag = NonNullable<Layout['pause']>;

/** The flag that a team's own workers look at. What was found is its value, or that the queue had no row. */
export function pauseOf({ pause }: Layout): DialectPause | undefined {
  if (pause === undefined) return undefined;
  return {
    look: (db, queue) => look(db, pause, queue),
    set: (db, queue, paused, found) => set(db, pause, queue, paused, found),
  };
}

async function look(db: Db, flag: Flag, queue: string): Promise<PauseState> {
  const { table, queue: name, paused } = flag;
  const rows = await db.query<{ paused: boolean | null }>(
    `SELECT ${ref('p', paused)} AS paused FROM ${table.sql} p WHERE ${asText('p', name)} = $1`,
    [queue],
  );
  const refusals = await refusalsOf(db, flag, rows.length > 0);
  return {
    paused: rows.some((row) => row.paused === true),
    found: rows.length === 0 ? { row: false } : { row: true, paused: rows[0]?.paused ?? null },
    means: [`${table.name}.${paused.name} (now: ${rows.length === 0 ? 'no row' : (rows[0]?.paused ?? 'null')})`],
    ...(refusals.length === 0 ? {} : { warnings: refusals }),
  };
}

/** Why the server would not take the change, as far as that can be told before: a trigger may fill what is missing. */
async function refusalsOf(db: Db, { table, queue, paused }: Flag, there: boolean): Promise<string[]> {
  const missing = await missingOn(db, table, { UPDATE: [paused], ...(there ? {} : { INSERT: [queue, paused] }) });
  const unfilled = table.columns.filter(
    (column) =>
      column.notNull &&
      !column.defaulted &&
      !column.generated &&
      column.name !== queue.name &&
      column.name !== paused.name,
  );
  const [first] = missing;
  return [
    ...(first === undefined
      ? []
      : [
          `It would be refused. The role ${first.role} lacks ${missing.map(({ privilege }) => privilege).join(', ')} on ${table.sql}: ${missing.map(grantOf).join(' ')}`,
        ]),
    ...(there || unfilled.length === 0
      ? []
      : [
          `It ${table.triggers.length > 0 ? 'may' : 'would'} be refused. ${table.name} has no row for the queue, and a new one needs ${unfilled.map(({ name }) => name).join(', ')} too: add it yourself, or give ${unfilled.length === 1 ? 'the column a default' : 'the columns defaults'}.`,
        ]),
  ];
}

async function set(
  db: Db,
  { table, queue: name, paused: flag }: Flag,
  queue: string,
  paused: boolean,
  found: PauseState['found'] | undefined,
): Promise<void> {
  const value = paused ? true : found?.['paused'] === null ? null : found?.['paused'] === true;
  const changed = await db.query(
    `UPDATE ${table.sql} p SET ${quoted(flag.name)} = $2 WHERE ${asText('p', name)} = $1 RETURNING 1`,
    [queue, value],
  );
  if (changed.length > 0 || !paused) return;
  await db.query(`INSERT INTO ${table.sql} (${quoted(name.name)}, ${quoted(flag.name)}) VALUES ($1, true)`, [queue]);
}
