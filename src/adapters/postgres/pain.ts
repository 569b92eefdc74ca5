import type { Db } from './connection.ts';

/**
 * Sessions that wait for a lock which a session of ours holds. `pg_locks` shows the waiting ones to every role; whoever only
 * waits for our own lock on the queue waits for us on purpose.
 */
export async function pain(db: Db): Promise<string | undefined> {
  const [row] = await db.query<{ waiting: number }>(
    `SELECT count(DISTINCT waits.pid)::int AS waiting
       FROM pg_locks waits
      CROSS JOIN LATERAL unnest(pg_blocking_pids(waits.pid)) AS blocks (pid)
       JOIN pg_stat_activity ours ON ours.pid = blocks.pid
      WHERE NOT waits.granted AND waits.locktype <> 'advisory'
        AND ours.datname = current_database() AND ours.usename = current_user
        AND ours.application_name LIKE 'jobctl%'`,
  );
  const waiting = row?.waiting ?? 0;
  return waiting === 0
    ? undefined
    : `the database is slow, ${waiting} ${waiting === 1 ? 'session waits' : 'sessions wait'} for its locks`;
}
