import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { poolOf } from '../setup/databases.ts';
import { createPgBoss, startBoss, stopBoss } from '../setup/pgboss.ts';
import { eventually, keepTables, type Rows, type Scene } from './play.ts';

/** What the application's worker has handlers for; nobody registered one for `data.export`. */
export const handled = ['email.send', 'webhook.deliver'];
const outage: Readonly<Record<string, string>> = {
  'email.send': 'mailbox is full',
  'webhook.deliver': '502 Bad Gateway',
};

/**
 * The state that docs/runbooks/own-tables.md speaks of: the tables `Job`, `DeadLetterJob` and `WorkerHeartbeat` beside a real
 * pg-boss 12, whose worker runs what the table holds. A notification, of the application or of a replay, sends it a job.
 */
export async function openOwnTablesScene(): Promise<Scene> {
  const database = await createPgBoss('12');
  const pool = poolOf({ connectionString: database.url, options: '-c timezone=UTC', max: 5 });
  await pool.query(await readFile(new URL('../schemas/prisma.sql', import.meta.url), 'utf8'));
  await pool.query(jobs);

  const boss = await startBoss(database);
  await boss.createQueue('run-jobs');
  const listener = new pg.Client(database.url);
  await listener.connect();
  const due: Promise<unknown>[] = [];
  listener.on('notification', () => due.push(boss.send('run-jobs', {})));
  await listener.query('LISTEN jobs');
  let down = true;
  await boss.work('run-jobs', { pollingIntervalSeconds: 0.5 }, async () => {
    while (await runOne(pool, (type) => (down ? outage[type] : undefined)));
  });
  await pool.query(`NOTIFY jobs`);
  await eventually(
    async () => (await pool.query(`SELECT FROM "DeadLetterJob" WHERE id ~ '^dl10[1-5]'`)).rowCount === 5,
  );
  down = false;
  await pool.query(later);
  const renew = await keepTables(pool, ['"Job"', '"DeadLetterJob"', '"WorkerHeartbeat"']);
  return {
    pool,
    env: { JOBS_URL: database.url },
    beat: () => pool.query(`UPDATE "WorkerHeartbeat" SET "lastSeenAt" = now() WHERE "workerId" = 'worker-1'`),
    rows,
    renew,
    drop: async () => {
      await listener.end();
      await Promise.all(due);
      await stopBoss(boss);
      await pool.end();
      await database.drop();
    },
  };
}

/** One job of the table as the application runs it: a run that fails for good leaves a dead letter. False when none is due. */
async function runOne(pool: pg.Pool, failureOf: (type: string) => string | undefined): Promise<boolean> {
  const { rows: taken } = await pool.query<{ id: string; type: string }>(
    `UPDATE "Job" SET status = 'processing', attempts = attempts + 1, started_at = now(), "workerId" = 'worker-1', "updatedAt" = now()
      WHERE id = (SELECT id FROM "Job" WHERE status = 'pending' AND run_at <= now() AND type = ANY ($1)
                   ORDER BY priority DESC, run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, type`,
    [handled],
  );
  const [job] = taken;
  if (job === undefined) return false;
  const failure = failureOf(job.type);
  const ended = failure === undefined ? 'completed' : 'failed';
  await pool.query(
    `UPDATE "Job" SET status = $2, "lastError" = $3, finished_at = now(), "updatedAt" = now() WHERE id = $1`,
    [job.id, ended, failure ?? null],
  );
  if (failure !== undefined)
    await pool.query(
      `INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, attempts)
       SELECT 'dl' || substr(id, 4), id, type, payload, "lastError", attempts FROM "Job" WHERE id = $1`,
      [job.id],
    );
  return true;
}

/** Before the outage. 101-105 fail in it. */
const jobs = `
  INSERT INTO "WorkerHeartbeat" (id, "workerId", "lastSeenAt") VALUES
    ('h1', 'worker-1', now()), ('h2', 'worker-2', now() - interval '10 minutes');
  ALTER TABLE "Job" ALTER COLUMN "createdAt" SET DEFAULT now() - interval '1 day';
  INSERT INTO "Job" (id, type, payload, attempts, "updatedAt")
    SELECT 'job' || n, CASE WHEN n < 104 THEN 'email.send' ELSE 'webhook.deliver' END,
           jsonb_build_object('to', 'user' || n || '@example.org', 'token', 'abc'), 2, now() FROM generate_series(101, 105) n;
  INSERT INTO "Job" (id, type, payload, status, attempts, started_at, finished_at, "updatedAt")
    SELECT 'job' || n, 'email.send', '{}', 'completed', 1, ended - interval '4 seconds', ended, ended
      FROM (SELECT n, now() - CASE WHEN n < 113 THEN interval '30 minutes' ELSE interval '40 days' END AS ended
              FROM generate_series(111, 116) n) e;
  INSERT INTO "Job" (id, type, payload, run_at, "updatedAt") VALUES
    ('job120', 'email.send', '{}', now() + interval '1 hour', now()),
    ('job131', 'data.export', '{"user": "ada"}', now() - interval '20 minutes', now()),
    ('job132', 'data.export', '{"user": "bob"}', now() - interval '20 minutes', now());
  INSERT INTO "Job" (id, type, payload, status, attempts, "workerId", started_at, "updatedAt") VALUES
    ('job140', 'email.send', '{}', 'processing', 1, 'worker-2', now() - interval '2 hours', now()),
    ('job141', 'data.export', '{}', 'processing', 1, 'worker-1', now() - interval '3 hours', now()),
    ('job142', 'email.send', '{}', 'processing', 1, 'worker-2', now() - interval '20 minutes', now());`;

/** After it: the outage was twenty minutes ago, and what lies in the table from before. */
const later = `
  UPDATE "Job" SET finished_at = now() - interval '20 minutes', started_at = now() - interval '20 minutes' WHERE status = 'failed';
  UPDATE "DeadLetterJob" SET "createdAt" = now() - interval '20 minutes';
  INSERT INTO "Job" (id, type, payload, status, attempts, "lastError", started_at, finished_at, "updatedAt") VALUES
    ('job107', 'data.export', '{}', 'failed', 3, 'disk is full', now() - interval '2 days', now() - interval '2 days', now());
  INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, attempts, resolved, "resolvedAt", notes, "createdAt") VALUES
    ('dl106', 'job106', 'email.send', '{"to": "late@example.org"}', 'mailbox is full', 3, false, NULL, NULL, now() - interval '1 day'),
    ('dl107', 'job107', 'data.export', '{}', 'disk is full', 3, false, NULL, NULL, now() - interval '2 days'),
    ('dl190', 'job190', 'email.send', '{}', 'bounced', 3, true, now() - interval '99 days', 'no such user', now() - interval '100 days'),
    ('dl191', 'job191', 'email.send', '{}', 'bounced', 3, true, now() - interval '10 days', 'left the shop', now() - interval '100 days');`;

/** Notes end in what jobctl adds to them: the run, the moment. */
async function rows(db: Parameters<Scene['rows']>[0]): Promise<Rows> {
  const found = await db.query<{ id: string; row: string }>(
    `SELECT id, concat_ws(' ', type, status, CASE WHEN run_at > now() + interval '1 second' THEN 'later' END, attempts, payload) AS row FROM "Job" WHERE id ~ '^job'
     UNION ALL
     SELECT id, concat_ws(' ', resolved, "resolvedAt" IS NOT NULL, regexp_replace(notes, ' \\(job .*', '')) FROM "DeadLetterJob"
     ORDER BY 1`,
  );
  return Object.fromEntries(found.rows.map(({ id, row }) => [id, row]));
}
