import { createHash } from 'node:crypto';
import type { Lock, LockRequest } from '../../domain/adapter.ts';
import { JobctlError } from '../../domain/errors.ts';
import type { Connections, Db } from './connection.ts';
import { codeOf, toJobctlError } from './errors.ts';

/** Postgres cuts an application name off here (NAMEDATALEN - 1). */
const NAME_LIMIT = 63;

/** The advisory key of a queue: the same on every machine, whatever the context is called there. */
const keyOf = (schema: string, queue: string): string =>
  createHash('sha256').update(`jobctl\0${schema}\0${queue}`).digest().readBigInt64BE().toString();

/**
 * Session-level advisory locks on the writing session, which therefore cannot write once it has lost them.
 * The holder is readable to others as the session's application name.
 */
export async function acquire(connections: Connections, where: string, schema: string, request: LockRequest): Promise<Lock> {
  const lost = new AbortController();
  try {
    const db = await connections.writer();
    void db.lost.then(() => lost.abort(new JobctlError('unreachable', `lost the connection to ${where}, and the lock with it`)));
    await db.query(`SELECT set_config('application_name', $1, false)`, [`jobctl ${request.holder}`.slice(0, NAME_LIMIT)]);
    const held: string[] = [];
    for (const queue of [...request.queues].sort()) {
      const key = keyOf(schema, queue);
      if (!(await take(db, key, request.waitMs))) {
        const holder = await holderOf(db, key);
        await release(db, held);
        throw new JobctlError('locked', `${queue} is locked by another run${holder}`, {
          next: ['Wait for it, or add --wait-lock 30s.', 'jobctl run list'],
        });
      }
      held.push(key);
    }
    return { lost: lost.signal, release: () => release(db, held.splice(0)) };
  } catch (error) {
    throw toJobctlError(error, where);
  }
}

async function take(db: Db, key: string, waitMs: number): Promise<boolean> {
  const [row] = await db.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1::bigint) AS taken', [key]);
  if (row?.taken) return true;
  if (waitMs <= 0) return false;
  try {
    await db.query(`SELECT set_config('lock_timeout', $1, false), set_config('statement_timeout', '0', false)`, [`${waitMs}ms`]);
    await db.query('SELECT pg_advisory_lock($1::bigint)', [key]);
    return true;
  } catch (error) {
    if (codeOf(error) === '55P03') return false;
    throw error;
  } finally {
    await db.query('RESET lock_timeout; RESET statement_timeout').catch(() => {});
  }
}

async function holderOf(db: Db, key: string): Promise<string> {
  const [row] = await db.query<{ name: string; since: string; client: string | null }>(
    `SELECT a.application_name AS name, a.client_addr::text AS client,
            to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since
       FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND ((l.classid::bigint << 32) | l.objid::bigint) = $1::bigint`,
    [key],
  );
  if (row === undefined) return '';
  return ` (${row.name.replace(/^jobctl /, '')}${row.client === null ? '' : ` from ${row.client}`}, since ${row.since} UTC)`;
}

async function release(db: Db, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await db.query('SELECT pg_advisory_unlock(key) FROM unnest($1::bigint[]) AS key', [keys]).catch(() => {}); // gone with the session
}
