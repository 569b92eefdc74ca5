import { createDatabase, createProcrastinate, type TestDatabase } from '../setup/databases.ts';
import { defer, makeActive, makeCompleted, makeDead } from '../setup/procrastinate.ts';
import type { Scene } from './play.ts';

const MINUTE = 60;
const DAY = 24 * 3600;

/** The state that docs/runbooks/procrastinate.md speaks of; its ids stand in the document. */
export interface Incident extends Scene {
  /** A database in which no schema was applied yet. */
  readonly empty: TestDatabase;
}

export async function openIncident(): Promise<Incident> {
  const [database, empty] = await Promise.all([createProcrastinate('3.9'), createDatabase('new')]);
  const { pool } = database;
  const from = (id: number): Promise<unknown> =>
    pool.query(`ALTER SEQUENCE procrastinate_jobs_id_seq RESTART WITH ${id}`);
  const email = { queue: 'email', type: 'email.send' };
  const to = (n: number): object => ({ to: `user${n}@example.org`, template: 'welcome' });

  await from(101);
  await makeCompleted(pool, 4, { ...email, args: to, secondsAgo: 40 * DAY }); // 101-104
  await makeCompleted(pool, 3, { ...email, args: to, secondsAgo: 30 * MINUTE }); // 105-107
  await makeDead(pool, 2, { ...email, args: to, secondsAgo: 100 * DAY }); // 108-109
  await from(123);
  await makeDead(pool, 3, { ...email, args: to, attempts: 3, secondsAgo: 20 * MINUTE }); // 123-125
  await makeDead(pool, 2, { queue: 'email', type: 'email.digest', secondsAgo: 2 * 60 * MINUTE }); // 126-127
  await makeDead(pool, 2, { queue: 'reports', type: 'report.build', secondsAgo: 15 * MINUTE }); // 128-129
  await from(140);
  await makeActive(pool, 2, { ...email, args: to, worker: 'crashed', secondsAgo: 15 * MINUTE }); // 140-141
  await makeActive(pool, 1, { queue: 'reports', type: 'report.build', worker: 'alive', secondsAgo: 12 * MINUTE }); // 142
  await from(150);
  for (const n of [0, 1, 2]) await defer(pool, { ...email, args: to(n) }); // 150-152
  await defer(pool, { ...email, args: to(3), scheduledAt: new Date(Date.now() + 3_600_000) }); // 153
  await defer(pool, { queue: 'reports', type: 'report.build' }); // 154
  // four seconds between any two events of a job
  await pool.query(
    `UPDATE procrastinate_events e SET at = at - interval '4 seconds' *
       (SELECT count(*) FROM procrastinate_events l WHERE l.job_id = e.job_id AND l.id > e.id)`,
  );
  return {
    pool,
    empty,
    env: { JOB_QUEUE_DATABASE_URL: database.url, NEW_DATABASE_URL: empty.url },
    beat: () =>
      pool.query(
        'UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = (SELECT worker_id FROM procrastinate_jobs WHERE id = 142)',
      ),
    rows: async (db) => {
      const { rows } = await db.query<{ id: string; row: string }>(
        `SELECT id::text, concat_ws(' ', status, attempts, args) AS row FROM procrastinate_jobs ORDER BY id`,
      );
      return Object.fromEntries(rows.map(({ id, row }) => [id, row]));
    },
    drop: async () => {
      await Promise.all([database.drop(), empty.drop()]);
    },
  };
}
