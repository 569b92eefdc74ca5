import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { docker, linesOfTables } from './admin-jobs.ts';
import { handled, openOwnTablesScene } from './own-tables-scene.ts';
import { eventually, playRunbook, type Scene, type Tale, type Write } from './play.ts';
import { idsShown, metricsOf } from './reads.ts';

const shown = /^job\d+/gm;

/** What the admin page's "Retry" does to the jobs whose dead letters are meant: they wait again, the letters are resolved. */
const retry = (letters: string): Write => {
  const meant = `IN (SELECT "jobId" FROM "DeadLetterJob" WHERE NOT resolved AND ${letters})`;
  return {
    old: [
      `UPDATE "Job" SET status = 'pending', attempts = 0 WHERE status = 'failed' AND id ${meant}`,
      `INSERT INTO "Job" (id, type, payload, "updatedAt")
         SELECT "jobId", type, payload, now() FROM "DeadLetterJob" WHERE ${letters} AND "jobId" NOT IN (SELECT id FROM "Job") AND NOT resolved`,
      `UPDATE "DeadLetterJob" SET resolved = true, "resolvedAt" = now(), notes = 'replayed' WHERE NOT resolved AND ${letters}`,
    ],
  };
};

const reset = `UPDATE "Job" SET status = 'pending', attempts = attempts - 1 WHERE status = 'processing' AND started_at < now() - interval '1 hour'`;

const writes: Readonly<Record<string, Write>> = {
  'replay --id job101': retry(`"jobId" = 'job101'`),
  'replay --id job106': retry(`"jobId" = 'job106'`),
  'replay --id job107': retry(`"jobId" = 'job107'`),
  'replay default': retry('true'),
  'replay default --group g-2465af9c --limit 1': retry(`"jobId" = 'job106'`),
  "dlq resolve --id job104 --note 'address does not exist'": {
    old: `UPDATE "DeadLetterJob" SET resolved = true, "resolvedAt" = now(), notes = 'address does not exist' WHERE "jobId" = 'job104'`,
  },
  'dlq purge default --resolved --older-than 90d': {
    old: `DELETE FROM "DeadLetterJob" WHERE resolved AND "resolvedAt" < now() - interval '90 days'`,
    gone: true,
  },
  'purge default --older-than 30d': {
    old: `DELETE FROM "Job" WHERE status = 'completed' AND finished_at < now() - interval '30 days'`,
    gone: true,
  },
  'reset --all-queues': { old: reset, spares: ['job141'] },
  'reset --id job141': { old: `${reset} AND id = 'job141'`, spares: ['job141'] },
  'job cancel job120': { old: `UPDATE "Job" SET status = 'cancelled' WHERE id = 'job120'` },
  'undo RUN': { old: 'back' },
  'restore RUN': { old: 'back' },
};

/** What waits and has a handler, the application's worker completes: the outage is over. A run counts when it begins. */
function completed(after: string): string {
  const [type = '', status, attempts, ...rest] = after.split(' ');
  if (status !== 'pending' || attempts === 'later' || !handled.includes(type)) return after;
  return [type, 'completed', Number(attempts) + 1, ...rest].join(' ');
}

/** Jobs that were added by a command: their ids are made up. */
const added = async (pool: Scene['pool'], status: string): Promise<number | null> =>
  (await pool.query(`SELECT FROM "Job" WHERE id !~ '^job' AND status::text = $1`, [status])).rowCount;

const dead = ['job101', 'job102', 'job103', 'job104', 'job105', 'job106', 'job107'];
const checks: Tale<Scene>['checks'] = {
  'jobctl dlq list': (ended) => idsShown(ended, shown, dead),
  'jobctl dlq list default --resolved': (ended) => idsShown(ended, shown, ['job104', 'job190', 'job191']),
  'jobctl dlq list --newer-than 1h': (ended) => idsShown(ended, shown, dead.slice(0, 5)),
  'jobctl dlq list default --error "/50[234]/"': (ended) => idsShown(ended, shown, ['job104', 'job105']),
  'jobctl job list default --state waiting --oldest': (ended) => idsShown(ended, shown, ['job131', 'job132']),
  'jobctl job list --state active --older-than 1h': (ended) => idsShown(ended, shown, ['job140', 'job141']),
  'jobctl job list --stuck': (ended) => idsShown(ended, shown, ['job140']),
  'jobctl stats --by type --json': async (ended, { pool }) => {
    const { rows } = await pool.query(
      `SELECT 'default' AS queue, count(*) FILTER (WHERE status = 'pending' AND run_at <= now())::int AS waiting,
              count(*) FILTER (WHERE status = 'processing')::int AS active,
              (SELECT count(*)::int FROM "DeadLetterJob" WHERE NOT resolved) AS dead,
              count(*) FILTER (WHERE status = 'completed' AND finished_at > now() - interval '1 hour')::int AS completed
         FROM "Job"`,
    );
    expect(metricsOf(ended)).toEqual(rows);
  },
  [`jobctl enqueue default email.send --payload '{"to":"ada@example.org"}' --yes`]: (_, { pool }) =>
    eventually(async () => (await added(pool, 'completed')) === 1),
  [`jobctl enqueue default data.export --payload '{"user":"cem"}' --yes`]: async (_, { pool }) =>
    expect(await added(pool, 'pending')).toBe(1),
  'jobctl dlq export default --output dead.ndjson': async (_, __, home) => {
    const text = await readFile(`${home.folder}/dead.ndjson`, 'utf8');
    expect(text.trimEnd().split('\n')).toHaveLength(dead.length);
    expect(text).not.toMatch(/"abc"/);
  },
};

playRunbook<Scene>({
  page: 'own-tables',
  oldLines: linesOfTables,
  writes,
  programs: { docker },
  open: openOwnTablesScene,
  becomes: completed,
  checks,
});
