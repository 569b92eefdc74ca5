import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { secondsBetween } from '../../../src/domain/instant.ts';
import {
  act,
  all,
  browseAll,
  inState,
  jobsOf,
  putBack,
  replay,
  reread,
  told,
  whole,
} from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { procrastinateVersions } from '../../setup/databases.ts';
import { defer, dumpAll, loadMany, makeActive, makeDead } from '../../setup/procrastinate.ts';
import { type Place, placeForTest } from './place.ts';

it.each(procrastinateVersions)(
  'a server whose time zone and date style are not ours: ages, times and backups are the same (%s)',
  async (version) => {
    const { database, pool, peer } = await placeForTest(version);
    const name = pg.escapeIdentifier(new URL(database.url).pathname.slice(1));
    await makeDead(pool, 2, { queue: 'email', secondsAgo: 3600 });
    await makeActive(pool, 1, { queue: 'email', secondsAgo: 90 });
    await defer(pool, { queue: 'email', scheduledAt: new Date('2030-07-01T12:00:00.123Z') });
    const plain = await peer();
    const before = await browseAll(plain, whole('email'));
    await pool.query(`ALTER DATABASE ${name} SET timezone = 'America/New_York';
      ALTER DATABASE ${name} SET datestyle = 'German, DMY'; ALTER DATABASE ${name} SET intervalstyle = 'iso_8601'`);
    const abroad = await peer();
    expect(await browseAll(abroad, whole('email'))).toEqual(before);
    expect(Math.abs(secondsBetween(await plain.now(), await abroad.now()))).toBeLessThan(30);
    const [stats] = await abroad.stats({ queues: ['email'] });
    expect(stats?.oldestActiveSeconds).toBeGreaterThanOrEqual(90);
    expect(stats?.oldestActiveSeconds).toBeLessThan(150);
    const day = { ...whole('email'), before: before[0]?.since };
    expect((await browseAll(abroad, day)).map(({ id }) => id)).toContain(before[0]?.id);

    const dump = await dumpAll(pool, database.schema);
    const { saved } = await act(opsOf({ adapter: abroad }, 'remove'), inState('email', 'dead', 'delayed'), {
      verb: 'remove',
    });
    const ids = saved.map(({ job }) => job.id);
    expect(ids).toHaveLength(3);
    const back = await putBack(opsOf({ adapter: plain }, 'restore'), saved, true, plain);
    expect(told(back.outcomes)).toEqual(all(ids, 'done'));
    expect(await dumpAll(pool, database.schema)).toEqual(dump);
    const farOff = await peer({ url: `${database.url}?options=-c%20TimeZone%3DAsia%2FTokyo` });
    const again = await putBack(opsOf({ adapter: farOff }, 'restore'), saved, true, farOff);
    expect(told(again.outcomes)).toEqual(all(ids, 'skipped unchanged'));
  },
);

it('pages over jobs that share one microsecond: each once, none left out', async () => {
  const { adapter, pool } = await placeForTest();
  await pool.query(
    `INSERT INTO procrastinate_jobs (queue_name, task_name, args) SELECT 'email', 'work', '{}' FROM generate_series(1, 250)`,
  );
  const { rows } = await pool.query(`SELECT count(DISTINCT at)::int AS moments FROM procrastinate_events`);
  expect(rows).toEqual([{ moments: 1 }]);
  for (const order of ['newest', 'oldest'] as const) {
    const jobs = await browseAll(adapter, whole('email'), { size: 7, order });
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(250);
    expect(jobs).toHaveLength(250);
  }
  const [first] = await browseAll(adapter, whole('email'));
  const moment = { ...inState('email', 'waiting'), before: first?.since, after: first?.since };
  expect(await adapter.count(moment)).toEqual({ value: 250, exact: true });
  const { outcomes } = await act(opsOf({ adapter }, 'cancel'), moment, { verb: 'cancel' }, { size: 7 });
  expect(new Set(outcomes.map(({ ref }) => ref.id)).size).toBe(250);
  expect(outcomes.every(({ result }) => result === 'done')).toBe(true);
});

it('ids above 2^53 stay what they are, from the list to the replay and back out of a backup', async () => {
  const { adapter, pool, statuses } = await placeForTest();
  // the first two are one and the same as JavaScript numbers
  const ids = ['9007199254740992', '9007199254740993', '9223372036854775806'];
  await pool.query(
    `INSERT INTO procrastinate_jobs (id, queue_name, task_name, args, status) SELECT id, 'email', 'work', '{}', 'failed' FROM unnest($1::bigint[]) AS id`,
    [ids],
  );
  expect((await browseAll(adapter, whole('email'), { size: 1 })).map(({ id }) => id)).toEqual(ids);
  expect((await adapter.find('9007199254740993'))?.job.id).toBe('9007199254740993');
  const one = { ...inState('email', 'dead'), ids: ['9007199254740993'] };
  expect(told((await act(opsOf({ adapter }, 'replay'), one, replay)).outcomes)).toEqual(['9007199254740993: done']);
  expect(await statuses()).toEqual({
    [ids[0] as string]: 'failed',
    [ids[1] as string]: 'todo',
    [ids[2] as string]: 'failed',
  });
  const { saved } = await act(opsOf({ adapter }, 'remove'), inState('email', 'dead'), { verb: 'remove' });
  await putBack(opsOf({ adapter }, 'restore'), saved.map(reread), true, adapter);
  expect([...(await jobsOf(adapter, 'email')).keys()].sort()).toEqual([...ids].sort());
});

/** A role that may log in, and nothing else but what is granted. */
async function roleIn({ pool, database }: Place, grants: string): Promise<{ role: string; url: string }> {
  const role = `role_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  await pool.query(`CREATE ROLE ${role} LOGIN; ${grants.replaceAll('ROLE', role)}`);
  onTestFinished(async () => void (await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
  return { role, url: database.url.replace('postgres@', `${role}@`) };
}

const verbs = {
  replay: ['dead', replay, 'INSERT'],
  remove: ['dead', { verb: 'remove' }, 'DELETE'],
  cancel: ['waiting', { verb: 'cancel' }, 'UPDATE'],
} as const;

it.each(Object.entries(verbs))(
  'a role without the rights for %s: nothing is written, the message is the GRANT',
  async (verb, [state, action, lacking]) => {
    const place = await placeForTest('3.9', 'Back office');
    const { pool, peer } = place;
    await makeDead(pool, 2, { queue: 'email' });
    await defer(pool, { queue: 'email' });
    const { role, url } = await roleIn(
      place,
      `GRANT USAGE ON SCHEMA "Back office" TO ROLE; GRANT SELECT ON ALL TABLES IN SCHEMA "Back office" TO ROLE`,
    );
    const adapter = await peer({ url });
    expect(await adapter.count(whole('email'))).toEqual({ value: 3, exact: true });
    const before = await dumpAll(pool, 'Back office');
    const refused = act(opsOf({ adapter }, verb as 'replay'), inState('email', state), action).catch((error) => error);
    const error = await refused;
    expect(error).toMatchObject({ code: 'JOBCTL_UNREACHABLE', exitCode: 8 });
    expect(error.message).toContain(role);
    expect(error.next.join('\n')).toContain(`GRANT ${lacking} ON "Back office".procrastinate_`);
    expect(await dumpAll(pool, 'Back office')).toEqual(before);
    // what the message says is enough
    await pool.query(error.next.join('\n'));
    const { outcomes } = await act(
      opsOf({ adapter: await peer({ url }) }, verb as 'replay'),
      inState('email', state),
      action,
    );
    expect(outcomes.map(({ result }) => result)).toEqual(state === 'dead' ? ['done', 'done'] : ['done']);
  },
);

it('a role that may not even look: access denied, and what to ask for', async () => {
  const place = await placeForTest();
  const { url } = await roleIn(place, 'SELECT 1');
  const adapter = await place.peer({ url });
  await expect(adapter.stats({})).rejects.toMatchObject({
    code: 'JOBCTL_UNREACHABLE',
    exitCode: 8,
    message: expect.stringMatching(/permission denied/),
    next: [expect.stringMatching(/schema check.*GRANT/)],
  });
});

it('a database whose transactions are read-only: reads work, a write is refused and nothing is changed', async () => {
  const { database, pool, peer } = await placeForTest();
  await makeDead(pool, 2, { queue: 'email' });
  await pool.query(
    `ALTER DATABASE ${pg.escapeIdentifier(new URL(database.url).pathname.slice(1))} SET default_transaction_read_only = on`,
  );
  const adapter = await peer();
  expect(await adapter.count(whole('email'))).toEqual({ value: 2, exact: true });
  const before = await dumpAll(pool, database.schema);
  await expect(act(opsOf({ adapter }, 'replay'), inState('email', 'dead'), replay)).rejects.toMatchObject({
    code: 'JOBCTL_REFUSED',
    exitCode: 4,
    message: expect.stringMatching(/read-only/),
  });
  expect(await dumpAll(pool, database.schema)).toEqual(before);
});

it('counts what plain SQL counts, by queue and by type', async () => {
  const { adapter, pool } = await placeForTest();
  await loadMany(pool, 5000, { queues: ['email', 'reports'], days: 2 });
  await defer(pool, { queue: 'email', scheduledAt: new Date(Date.now() + 3_600_000) });
  await makeActive(pool, 1, { queue: 'email', lock: 'account' });
  await defer(pool, { queue: 'reports', lock: 'account' });
  const byHand = async (key: string): Promise<unknown> => {
    const { rows } = await pool.query(
      `SELECT ${key} AS key, count(*) FILTER (WHERE status = 'succeeded')::int AS completed, count(*) FILTER (WHERE status = 'failed')::int AS dead,
              count(*) FILTER (WHERE status = 'doing')::int AS active,
              count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now())::int AS delayed,
              count(*) FILTER (WHERE status = 'todo' AND lock = 'account')::int AS blocked,
              count(*) FILTER (WHERE status = 'todo' AND lock IS NULL AND (scheduled_at IS NULL OR scheduled_at <= now()))::int AS waiting,
              0 AS cancelled
         FROM procrastinate_jobs GROUP BY 1 ORDER BY 1`,
    );
    return rows;
  };
  const stats = await adapter.stats({ by: 'type' });
  expect(stats.map(({ queue, counts }) => ({ key: queue, ...counts }))).toEqual(await byHand('queue_name'));
  const types = stats.flatMap(({ queue, by = [] }) =>
    by.map(({ key, counts }) => ({ key: `${queue} ${key}`, ...counts })),
  );
  const expected = await byHand(`queue_name || ' ' || task_name`);
  expect(types.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual(expected);
  expect(stats.every(({ exact }) => exact)).toBe(true);
});
