import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock, LockRequest } from '../../domain/adapter.ts';
import { JobctlError } from '../../domain/errors.ts';
import type { Connections, Db, Writer } from './connection.ts';
import { toJobctlError } from './errors.ts';

/** Postgres cuts an application name off here (NAMEDATALEN - 1). */
const NAME_LIMIT = 63;
/** Asked again and again rather than waited for in the server: no statement runs for long, and the session stays as it is. */
const POLL_MS = 100;

/** The advisory key of a queue: the same on every machine, whatever the context is called there. */
const keyOf = (schema: string, queue: string): string =>
  createHash('sha256').update(`jobctl\0${schema}\0${queue}`).digest().readBigInt64BE().toString();

/**
 * Session-level advisory locks on the writing session, which therefore cannot write once it has lost them.
 * The holder is readable to others as the session's application name.
 */
export async function acquire(
  connections: Connections,
  where: string,
  schema: string,
  request: LockRequest,
): Promise<Lock> {
  const held: string[] = [];
  try {
    const db = await connections.writer();
    const deadline = performance.now() + request.waitMs;
    if (connections.held.size === 0) {
      // a slow run leaves the session idle between two batches; a server may be set to end such sessions
      await db.query(
        `SELECT set_config('application_name', $1, false)
         UNION ALL SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'`,
        [`jobctl ${request.holder}`.slice(0, NAME_LIMIT)],
      );
    }
    for (const queue of [...new Set(request.queues)].sort()) {
      const key = keyOf(schema, queue);
      await take(connections, db, { key, queue, deadline });
      held.push(key);
      connections.held.set(key, request.holder);
    }
    const lost = new AbortController();
    const onLost = (): void => lost.abort(connections.lostLock());
    if (db.lost.aborted) onLost();
    db.lost.addEventListener('abort', onLost);
    return {
      lost: lost.signal,
      release: async () => {
        db.lost.removeEventListener('abort', onLost);
        await release(connections, db, held.splice(0));
      },
    };
  } catch (error) {
    if (held.length > 0) await release(connections, await connections.writer().catch(() => undefined), held);
    throw toJobctlError(error, where);
  }
}

interface Wish {
  readonly key: string;
  readonly queue: string;
  readonly deadline: number;
}

async function take(connections: Connections, db: Writer, { key, queue, deadline }: Wish): Promise<void> {
  for (;;) {
    const here = connections.held.get(key);
    if (here === undefined && (await tryLock(db, key))) return;
    if (performance.now() >= deadline) {
      const holder = await holderOf(db, key, here);
      throw new JobctlError('locked', `The queue ${queue} is locked by another run${holder}.`, {
        next: ['Wait for it, or add --wait-lock 30s.', 'jobctl run list'],
      });
    }
    await sleep(Math.min(POLL_MS, Math.max(1, deadline - performance.now())));
  }
}

async function tryLock(db: Db, key: string): Promise<boolean> {
  const [row] = await db.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1::bigint) AS taken', [key]);
  return row?.taken ?? false;
}

/** Who it is and since when, as far as the server tells. A session is opened for the lock, so its age is the lock's. */
async function holderOf(db: Db, key: string, here: string | undefined): Promise<string> {
  const [row] = await db.query<{ name: string; since: string | null; client: string | null }>(
    `SELECT a.application_name AS name, host(a.client_addr) AS client,
            to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since
       FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND ((l.classid::bigint << 32) | l.objid::bigint) = $1::bigint`,
    [key],
  );
  if (row === undefined) return '';
  const { client, since } = row;
  const name = here ?? row.name.replace(/^jobctl /, '');
  return ` (${name}${client === null ? '' : ` from ${client}`}${since === null ? '' : `, since ${since} UTC`})`;
}

async function release(connections: Connections, db: Db | undefined, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await db?.query('SELECT pg_advisory_unlock(key) FROM unnest($1::bigint[]) AS key', [keys]).catch(() => {}); // gone with the session
  for (const key of keys) connections.held.delete(key);
}
