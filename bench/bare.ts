import type pg from 'pg';

/** What a user would otherwise run, without a plan, a backup or an undo. */
export const oneStatement = {
  replay: `UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = now() WHERE queue_name = 'flood' AND status = 'failed'`,
  purge: `DELETE FROM procrastinate_jobs WHERE queue_name = 'flood' AND status = 'succeeded'`,
} as const;

const BATCH = 1000;

/** The driver's own loop: batches of ids, locked, changed, committed. */
export async function bareLoop(client: pg.Client, verb: keyof typeof oneStatement): Promise<number> {
  const status = verb === 'replay' ? 'failed' : 'succeeded';
  const change =
    verb === 'replay'
      ? `UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = now() WHERE id = ANY ($1::bigint[]) AND status = 'failed'`
      : `DELETE FROM procrastinate_jobs WHERE id = ANY ($1::bigint[]) AND status = 'succeeded'`;
  let changed = 0;
  for (let cursor = '0'; ; ) {
    await client.query('BEGIN');
    const { rows } = await client.query<{ id: string }>(
      `SELECT id FROM procrastinate_jobs WHERE queue_name = 'flood' AND status = $1 AND id > $2 ORDER BY id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`,
      [status, cursor],
    );
    if (rows.length > 0) changed += (await client.query(change, [rows.map((row) => row.id)])).rowCount ?? 0;
    await client.query('COMMIT');
    const last = rows.at(-1);
    if (last === undefined || rows.length < BATCH) return changed;
    cursor = last.id;
  }
}
