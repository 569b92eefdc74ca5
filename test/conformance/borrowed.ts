import type pg from 'pg';
import { afterAll } from 'vitest';
import type { QueueAdapter } from '../../src/domain/adapter.ts';

interface Tables {
  readonly pool: pg.Pool;
  drop(): Promise<void>;
}

const idle = new Map<string, Tables[]>();

interface Terms {
  /** Tables whose rows belong to the schema. */
  readonly kept?: readonly string[];
  /** What takes away the tables that a check has made. */
  readonly undo?: string;
}

/** A database for one check. It is emptied and lent again, because making one takes longer than most checks. */
export async function borrowed<T extends Tables>(key: string, make: () => Promise<T>, terms: Terms = {}): Promise<T> {
  const database = (idle.get(key)?.pop() as T | undefined) ?? (await make());
  const drop = async (): Promise<void> => {
    await adapters.get(database.pool)?.close();
    await database.drop();
  };
  return {
    ...database,
    async drop() {
      if (await emptied(database.pool, terms)) idle.set(key, [...(idle.get(key) ?? []), { ...database, drop }]);
      else await drop();
    },
  };
}

const adapters = new WeakMap<pg.Pool, QueueAdapter>();

/** The adapter of a check. The next one on the same database gets it too, unless it was closed: opening takes as long as a check. */
export async function adapterOn({ pool }: Tables, open: () => Promise<QueueAdapter>): Promise<QueueAdapter> {
  const before = adapters.get(pool);
  const isOpen = await before?.now().then(
    () => true,
    () => false,
  );
  if (before !== undefined && isOpen) return before;
  const fresh = await open();
  adapters.set(pool, fresh);
  return fresh;
}

/** False when a check left something behind that holds the tables. */
async function emptied(pool: pg.Pool, { kept = [], undo }: Terms): Promise<boolean> {
  try {
    const { rowCount: locks } = await pool.query(
      `SELECT FROM pg_locks WHERE locktype = 'advisory'
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    if (locks !== 0) return false;
    if (undo !== undefined) await pool.query(undo);
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
