import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { PgBossVersion } from '../setup/pgboss.ts';
import { docker, linesOfBoss } from './admin-jobs.ts';
import { oldCompleted, openPgBossScene, served, uuid } from './pgboss-scene.ts';
import { eventually, type Scene, type Tale, type Write } from './play.ts';
import { idsShown, metricsOf } from './reads.ts';

const ids = (...numbers: number[]): string[] => numbers.map(uuid);
const shown = /^[\da-f-]{36}/gm;

/** Before 12 only the original tells where a copy comes from. */
const putBack = (version: PgBossVersion): string => {
  const home =
    version === '12'
      ? 'source_name'
      : `(SELECT o.name FROM job o WHERE o.name <> 'undelivered' AND o.state = 'failed' AND o.data::text = job.data::text)`;
  return `UPDATE job SET name = ${home}, state = 'created' WHERE name = 'undelivered'`;
};
const retry = `UPDATE job SET state = 'retry'`;

const writesOf = (version: PgBossVersion): Readonly<Record<string, Write>> => ({
  [`replay --id ${uuid(201)}`]: { old: `${putBack(version)} AND id = '${uuid(201)}'` },
  'replay email.send': {
    old: `${retry} WHERE name = 'email.send' AND state = 'failed'`,
    spares: ids(101, 102, 103), // their copies are, or were, about to run
  },
  'replay undelivered': { old: putBack(version) },
  'replay undelivered --error 502 --limit 1': { old: `${putBack(version)} AND id = '${uuid(204)}'` },
  [`job remove ${uuid(205)}`]: { old: `DELETE FROM job WHERE id = '${uuid(205)}'`, gone: true },
  'dlq purge undelivered --older-than 90d': {
    old: `DELETE FROM job WHERE name = 'undelivered' AND created_on < now() - interval '90 days'`,
    gone: true,
  },
  'purge --all-queues --older-than 30d': { old: `DELETE FROM job WHERE ${oldCompleted}`, gone: true },
  'reset --all-queues': {
    old: `${retry} WHERE state = 'active' AND started_on < now() - interval '10 minutes'`,
    spares: ids(141),
  },
  [`reset --id ${uuid(141)}`]: { old: `${retry} WHERE id = '${uuid(141)}' AND state = 'active'`, spares: ids(141) },
  [`job cancel ${uuid(151)}`]: { old: `UPDATE job SET state = 'cancelled' WHERE id = '${uuid(151)}'` },
  // these are about no job that is there
  'schedule run cleanup.sessions cleanup.sessions': { old: (now) => now },
  'schedule remove cleanup.sessions cleanup.sessions': { old: (now) => now },
  'undo RUN': { old: 'back' },
  'restore RUN': { old: 'back' },
});

/** What comes back to a queue that is served, its worker completes: the outage is over. */
function completed(after: string): string {
  const [name = '', state = '', ...data] = after.split(' ');
  const runs = served.includes(name) && (state === 'created' || state === 'retry');
  return [name, runs ? 'completed' : state, ...data].join(' ');
}

/** Jobs that were added by a command: their ids are made up. */
const added = async (pool: Scene['pool'], state: string): Promise<number | null> =>
  (await pool.query(`SELECT FROM job WHERE id::text !~ '^0b055000' AND state::text = $1`, [state])).rowCount;

const scheduled = async (pool: Scene['pool']): Promise<string[]> =>
  (await pool.query(`SELECT concat_ws(' ', name, cron, timezone, data) AS row FROM schedule`)).rows.map(
    ({ row }) => row,
  );
const nightly = ['cleanup.sessions 30 3 * * * Europe/Berlin {"olderThanDays": 30}'];

const checks: Tale<Scene>['checks'] = {
  'jobctl schedule run cleanup.sessions cleanup.sessions --yes': (_, { pool }) =>
    eventually(async () => (await added(pool, 'completed')) === 1),
  'jobctl schedule pause cleanup.sessions cleanup.sessions --yes': async (_, { pool }) =>
    expect(await scheduled(pool)).toEqual(nightly),
  'jobctl schedule remove cleanup.sessions cleanup.sessions --confirm cleanup.sessions': async (_, { pool }) =>
    expect(await scheduled(pool)).toEqual([]),

  'jobctl dlq list undelivered': (ended) => idsShown(ended, shown, ids(201, 202, 203, 204, 205, 206)),
  'jobctl dlq list --newer-than 24h': (ended) =>
    idsShown(ended, shown, ids(101, 102, 103, 104, 105, 201, 202, 203, 204, 205)),
  'jobctl dlq list undelivered --error "/50[234]/"': (ended) => idsShown(ended, shown, ids(204, 205)),
  'jobctl job list --state active --older-than 5m': (ended) => idsShown(ended, shown, ids(140, 141)),
  'jobctl job list --stuck': (ended) => idsShown(ended, shown, ids(140)),
  'jobctl job list data.export --state waiting --oldest': (ended) => idsShown(ended, shown, ids(131, 132)),
  'jobctl stats --json': async (ended, { pool }) => {
    const { rows } = await pool.query(
      `SELECT name AS queue, count(*) FILTER (WHERE state < 'active' AND start_after <= now() AND name <> 'undelivered')::int AS waiting,
              count(*) FILTER (WHERE state = 'active')::int AS active,
              count(*) FILTER (WHERE state = 'failed' OR name = 'undelivered')::int AS dead,
              count(*) FILTER (WHERE completed_on > now() - interval '1 hour' AND state = 'completed')::int AS completed
         FROM job GROUP BY 1 ORDER BY 1`,
    );
    expect(metricsOf(ended)).toEqual(rows);
  },
  [`jobctl enqueue email.send --payload '{"to":"ada@example.org"}' --yes`]: (_, { pool }) =>
    eventually(async () => (await added(pool, 'completed')) === 1),
  [`jobctl enqueue data.export --payload '{"user":"cem"}' --yes`]: async (_, { pool }) =>
    expect(await added(pool, 'created')).toBe(1),
  'jobctl dlq export undelivered --output dead.ndjson': async (_, __, home) => {
    const text = await readFile(`${home.folder}/dead.ndjson`, 'utf8');
    expect(text.trimEnd().split('\n')).toHaveLength(6);
    expect(text).not.toMatch(/"abc"/);
  },
};

/** What 10 and 11 know less of, and so say less. */
const less = {
  'jobctl worker list': 'it keeps no register of its workers',
  'jobctl dlq list undelivered': 'a copy does not tell the tries of its original',
  'jobctl replay undelivered --yes': 'the copy of an original that is gone has nowhere to go',
};

export const pgBossTale = (version: PgBossVersion): Tale<Scene> => ({
  page: 'pg-boss',
  oldLines: linesOfBoss,
  writes: writesOf(version),
  programs: { docker },
  otherwise: version === '12' ? {} : less,
  open: () => openPgBossScene(version),
  becomes: completed,
  checks,
});
