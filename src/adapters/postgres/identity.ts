import type { Identity } from '../../domain/identity.ts';
import type { Db } from './connection.ts';

/** What each physical copy of a cluster shares, and what only this server process has. Undefined where the role may not ask. */
export async function identityOf(db: Db, part: string): Promise<Identity | undefined> {
  const [found] = await db
    .query<{ database: string; server: string; written: string }>(
      `SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) AS database,
              extract(epoch FROM pg_postmaster_start_time())::numeric::text AS server,
              txid_snapshot_xmax(txid_current_snapshot())::text AS written
         FROM pg_control_system()`,
    )
    .catch(() => []); // then the place is only known by its name
  return found && { ...found, database: `${found.database}${part}` };
}
