import type { Db, Writer } from './connection.ts';

/** A row lock that others hold longer than this is passed over as a retry, not waited for. */
const LOCK_TIMEOUT_MS = 2_000;
/** A claim is held while its backup is synced; a dead client must not keep rows locked for longer than this. */
const IDLE_LIMIT_MS = 60_000;

export interface Transaction extends Db {
  /** The transaction's id: `txid_status` tells later whether it was committed, `xmin` which rows it wrote last. */
  readonly mark: string;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/**
 * Opens a transaction in which the library's own triggers find their tables, whatever schema they are in.
 * The time zone is fixed because a row's JSON text, which is compared with its snapshot, depends on it.
 * Read committed, whatever the server's default is: what workers did meanwhile is seen and left alone, never a clash.
 * No savepoints are ever used in it: with them `xmin` would name a subtransaction instead of `mark`.
 */
export async function begin(db: Writer, schema: string): Promise<Transaction> {
  await db.query(
    `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL TimeZone = 'UTC'; SET LOCAL statement_timeout = ${db.timeoutMs}; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
     SET LOCAL idle_in_transaction_session_timeout = ${IDLE_LIMIT_MS}`,
  );
  let open = true;
  const end = async (word: string): Promise<void> => {
    if (!open) return;
    open = false;
    await db.query(word);
  };
  try {
    const [row] = await db.query<{ mark: string }>(
      `SELECT txid_current()::text AS mark, set_config('search_path', concat_ws(', ', quote_ident($1), nullif(current_setting('search_path'), '')), true)`,
      [schema],
    );
    return {
      query: (sql, params) => db.query(sql, params),
      mark: row?.mark ?? '',
      commit: () => end('COMMIT'),
      rollback: () => end('ROLLBACK').catch(() => {}), // the server rolls back by itself when the session is gone
    };
  } catch (error) {
    await end('ROLLBACK').catch(() => {});
    throw error;
  }
}
