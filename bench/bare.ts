import type { FileHandle } from 'node:fs/promises';
import type pg from 'pg';

/** What a user would otherwise run, without a plan, a backup or an undo. */
export const oneStatement = {
  replay: `UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = now() WHERE queue_name = 'flood' AND status = 'failed'`,
  purge: `DELETE FROM procrastinate_jobs WHERE queue_name = 'flood' AND status = 'succeeded'`,
} as const;

/** The statement that a user would paste to see the same, without rates, ages or the total of the dead. */
export const oneQuestion = {
  stats: 'SELECT queue_name, status, count(*) FROM procrastinate_jobs GROUP BY 1, 2',
  'dlq list': `SELECT * FROM procrastinate_jobs WHERE queue_name = 'email' AND status = 'failed' ORDER BY id DESC LIMIT 50`,
} as const;

/** The whole of a script that asks it and prints the answer, as arguments of Node. */
export const bareScript = (url: string, sql: string): string[] => [
  '-e',
  `const client = new (require('pg').Client)(${JSON.stringify(url)});
   client.connect().then(() => client.query(${JSON.stringify(sql)})).then(({ rows }) => { console.table(rows); return client.end(); });`,
];

const BATCH = 1000;

/**
 * The driver's own loop: batches of ids, locked, changed, committed. With `backup`, each row is written to that file and
 * synced before it is changed: what a careful script does.
 */
export async function bareLoop(client: pg.Client, verb: keyof typeof oneStatement, backup?: FileHandle): Promise<void> {
  const status = verb === 'replay' ? 'failed' : 'succeeded';
  const change =
    verb === 'replay'
      ? `UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = now() WHERE id = ANY ($1::bigint[]) AND status = 'failed'`
      : `DELETE FROM procrastinate_jobs WHERE id = ANY ($1::bigint[]) AND status = 'succeeded'`;
  const row = backup === undefined ? '' : ', row_to_json(j)::text AS row';
  const events = `SELECT row_to_json(e)::text AS row FROM procrastinate_events e WHERE e.job_id = ANY ($1::bigint[])`;
  for (let cursor = '0'; ; ) {
    await client.query('BEGIN');
    const { rows } = await client.query<{ id: string; row?: string }>(
      `SELECT id${row} FROM procrastinate_jobs j WHERE queue_name = 'flood' AND status = $1 AND id > $2 ORDER BY id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`,
      [status, cursor],
    );
    const ids = rows.map(({ id }) => id);
    if (backup !== undefined && ids.length > 0) {
      const log = await client.query<{ row: string }>(events, [ids]);
      await backup.write([...rows, ...log.rows].map((one) => `${one.row}\n`).join(''));
      await backup.datasync();
    }
    if (ids.length > 0) await client.query(change, [ids]);
    await client.query('COMMIT');
    const last = ids.at(-1);
    if (last === undefined || ids.length < BATCH) return;
    cursor = last;
  }
}
