import type pg from 'pg';
import { afterAll } from 'vitest';

interface Tables {
  readonly pool: pg.Pool;
  drop(): Promise<void>;
}

const idle = new Map<string, Tables[]>();

/**
 * A database for one check. It is emptied and lent again, because making one takes longer than most checks; `kept` are
 * the tables whose rows belong to the schema.
 */
export async function borrowed<T extends Tables>(
  key: string,
  make: () => Promise<T>,
  kept: readonly string[] = [],
): Promise<T> {
  const database = (idle.get(key)?.pop() as T | undefined) ?? (await make());
  return {
    ...database,
    async drop() {
      if (await emptied(database.pool, kept)) idle.set(key, [...(idle.get(key) ?? []), database]);
      else await database.drop();
    },
  };
}

/** False when a check left something behind that holds the tables. */
async function emptied(pool: pg.Pool, kept: readonly string[]): Promise<boolean> {
  try {
    const { rows } = await pool.query<{ names: string }>(
      `SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') AS names FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> ALL ($1)`,
      [kept],
    );
    await pool.query(
      `BEGIN; SET LOCAL lock_timeout = '2s'; TRUNCATE ${rows[0]?.names} RESTART IDENTITY CASCADE; COMMIT`,
    );
    return true;
  } catch {
    return false;
  }
}

afterAll(async () => {
  for (const database of [...idle.values()].flat()) await database.drop();
});
