import type pg from 'pg';
import { type Boss, createPgBoss, type PgBossVersion, startBoss, stopBoss } from '../setup/pgboss.ts';
import { eventually, keepTables, type Rows, type Scene } from './play.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** The ids that stand in docs/runbooks/pg-boss.md, by their last digits. */
export const uuid = (n: number): string => `0b055000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Queues that a worker serves all the time: what comes back to them is soon completed. */
export const served = ['email.send', 'webhook.deliver', 'cleanup.sessions'];
const outage: Readonly<Record<string, string>> = {
  'email.send': 'mailbox is full',
  'webhook.deliver': '502 Bad Gateway',
};

/** The state that docs/runbooks/pg-boss.md speaks of: a real pg-boss with its workers, shortly after an outage. */
export async function openPgBossScene(version: PgBossVersion): Promise<Scene> {
  const database = await createPgBoss(version);
  const { pool } = database;
  // only 12 writes down who works, and where a copy comes from
  const tells = version === '12';
  const register = (instanceName: string): object =>
    tells ? { registerInstance: true, instanceHeartbeatSeconds: HOUR, instanceName } : {};
  const boss = await startBoss(database, { ...register('worker') });
  const crashed = await startBoss(database, { ...register('exporter') });
  const queue = (name: string, options: object = {}): Promise<void> =>
    boss.createQueue(name, { name, policy: 'standard', ...options });
  await queue('undelivered');
  for (const name of ['email.send', 'webhook.deliver'])
    await queue(name, { deadLetter: 'undelivered', retryLimit: 3, retryDelay: 60, retryBackoff: true });
  await queue('data.export', { retryLimit: 2 });
  await queue('cleanup.sessions', { retryLimit: 1 });
  await boss.schedule('cleanup.sessions', '30 3 * * *', { olderThanDays: 30 }, { tz: 'Europe/Berlin' });

  await exports(boss, crashed);
  await stopBoss(crashed);
  await endings(boss, pool);
  let down = true;
  for (const name of served)
    await boss.work(name, { pollingIntervalSeconds: 0.5, batchSize: 10 }, async () => {
      if (down) throw new Error(outage[name]);
    });
  await eventually(async () => (await pool.query(`SELECT FROM job WHERE name = 'undelivered'`)).rowCount === 6);
  down = false;
  await arrange(pool, tells);
  const renew = await keepTables(pool, ['job', 'schedule']);
  return {
    pool,
    env: { JOBS_URL: database.url },
    beat: () =>
      pool.query(
        `${tells ? `WITH alive AS (UPDATE instance SET heartbeat_on = now() WHERE name = 'worker')` : ''}
         UPDATE job SET started_on = now() - interval '12 minutes' WHERE id = $1 AND state = 'active'`,
        [uuid(141)],
      ),
    rows,
    renew,
    drop: async () => {
      await stopBoss(boss);
      await database.drop();
    },
  };
}

/** 131-132 wait, nobody serves them; 140 was taken by a worker that is gone, 141 by one that is slow. */
async function exports(boss: Boss, crashed: Boss): Promise<void> {
  await boss.send('data.export', { user: 'ada' }, { id: uuid(140), expireInSeconds: 900 });
  await crashed.fetch('data.export');
  await boss.send('data.export', { user: 'bob' }, { id: uuid(141), expireInSeconds: 4 * HOUR });
  await boss.fetch('data.export');
  for (const n of [131, 132]) await boss.send('data.export', { user: `user${n}` }, { id: uuid(n) });
}

/** 111-116 are completed, 101-106 wait for the worker that will fail them, 120 and 151 are for later. */
async function endings(boss: Boss, pool: pg.Pool): Promise<void> {
  for (const n of [111, 112, 113, 114, 115, 116]) {
    await boss.send('email.send', { to: `user${n}@example.org` }, { id: uuid(n) });
    const [taken] = (await boss.fetch('email.send')) ?? [];
    await boss.complete('email.send', taken?.id ?? '');
  }
  const once = { retryLimit: 0 };
  for (const n of [101, 102, 103, 106])
    await boss.send('email.send', { to: `user${n}@example.org`, token: 'abc' }, { id: uuid(n), ...once });
  for (const n of [104, 105]) await boss.send('webhook.deliver', { delivery: n }, { id: uuid(n), ...once });
  await boss.send('email.send', { to: 'late@example.org' }, { id: uuid(120), startAfter: HOUR });
  await boss.send('cleanup.sessions', {}, { id: uuid(151), startAfter: HOUR });
  await pool.query(`UPDATE job SET completed_on = now() - interval '40 days', started_on = now() - interval '40 days'
                     WHERE id::text ~ '11[3456]$'`);
}

/** Copies get ids that can stand in a document, and everything the age that the story wants. */
async function arrange(pool: pg.Pool, tells: boolean): Promise<void> {
  await pool.query(
    `UPDATE job j SET id = (left(o.id::text, 33) || '2' || right(o.id::text, 2))::uuid ${tells ? ', source_retry_count = 3' : ''}
       FROM job o WHERE j.name = 'undelivered' AND o.name <> j.name AND o.data::text = j.data::text;
     UPDATE job SET retry_count = 3, retry_limit = 3 WHERE state = 'failed';
     UPDATE job SET created_on = created_on - interval '20 minutes', completed_on = completed_on - interval '20 minutes'
      WHERE (state = 'failed' OR name = 'undelivered');
     UPDATE job SET created_on = now() - interval '100 days' WHERE id = '${uuid(206)}';
     DELETE FROM job WHERE id = '${uuid(106)}';
     UPDATE job SET started_on = now() - interval '2 hours' WHERE id = '${uuid(140)}'`,
  );
  if (!tells) return;
  await pool.query(
    `UPDATE instance SET stopped_on = NULL, heartbeat_on = now() - interval '10 minutes', heartbeat_seconds = 30, pid = 4712,
            id = '3c2b1a00-0000-4000-8000-000000000000', workers = '[{"queue": "data.export", "active": 1}]' WHERE name = 'exporter';
     UPDATE instance SET id = '9f8e7d00-0000-4000-8000-000000000000', pid = 4711 WHERE name = 'worker'`,
  );
}

/** `DAY` is a bound of the page: nothing in the scene lies between. */
export const oldCompleted = `state = 'completed' AND completed_on < now() - interval '${30 * DAY} s'`;

async function rows(db: Parameters<Scene['rows']>[0]): Promise<Rows> {
  const found = await db.query<{ id: string; row: string }>(
    `SELECT id::text, concat_ws(' ', name, state, data) AS row FROM job WHERE id::text ~ '^0b055000' ORDER BY id`,
  );
  return Object.fromEntries(found.rows.map(({ id, row }) => [id, row]));
}
