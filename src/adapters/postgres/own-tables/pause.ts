import type { PauseState } from '../../../domain/pause.ts';
import type { Db } from '../connection.ts';
import type { DialectPause } from '../dialect.ts';
import { quoted } from '../sql.ts';
import { asText, ref } from './column-sql.ts';
import type { Layout } from './layout.ts';

type Flag = NonNullable<Layout['pause']>;

/** The flag that a team's own workers look at. What was found is its value, or that the queue had no row. */
export function pauseOf({ pause }: Layout): DialectPause | undefined {
  if (pause === undefined) return undefined;
  return {
    look: (db, queue) => look(db, pause, queue),
    set: (db, queue, paused, found) => set(db, pause, queue, paused, found),
  };
}

async function look(db: Db, { table, queue: name, paused }: Flag, queue: string): Promise<PauseState> {
  const rows = await db.query<{ paused: boolean | null }>(
    `SELECT ${ref('p', paused)} AS paused FROM ${table.sql} p WHERE ${asText('p', name)} = $1`,
    [queue],
  );
  return {
    paused: rows.some((row) => row.paused === true),
    found: rows.length === 0 ? { row: false } : { row: true, paused: rows[0]?.paused ?? null },
    means: [`${table.name}.${paused.name} (now: ${rows.length === 0 ? 'no row' : (rows[0]?.paused ?? 'null')})`],
  };
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
