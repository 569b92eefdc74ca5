import { expect, it } from 'vitest';
import { requireOps } from '../../../src/domain/capability.ts';
import { secondsBetween } from '../../../src/domain/instant.ts';
import type { Schedules } from '../../../src/domain/schedule.ts';
import { noSchedules } from '../../../src/operations/scheduling.ts';
import { writtenVersions } from '../../setup/pgboss.ts';
import { type Place, place } from './place.ts';

interface Keeper {
  schedule(name: string, cron: string, data?: object, options?: object): Promise<void>;
  getSchedules(): Promise<{ name: string; key?: string }[]>;
}

const keeper = ({ boss }: Place): Keeper => boss as unknown as Keeper;
const opsOf = ({ adapter }: Place): Schedules => requireOps('pg-boss', 'schedule', adapter.can.schedule ?? noSchedules);
const zone = { tz: 'Europe/Berlin' };

const hourInBerlin = (at = ''): string =>
  new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: zone.tz }).format(new Date(at));

async function withNightly(version: '10' | '11' | '12', options: object = {}): Promise<Place> {
  const at = await place(version);
  await at.boss.createQueue('dead', { name: 'dead', policy: 'standard' });
  await at.boss.createQueue('reports', { name: 'reports', policy: 'standard' });
  await keeper(at).schedule('reports', '0 3 * * *', { day: 'mañana', n: 1 }, { ...zone, ...options });
  return at;
}

it.each(writtenVersions)('%s: a schedule is listed, removed, and put back as the library had it', async (version) => {
  const at = await withNightly(version, { priority: 3 });
  const ops = opsOf(at);
  const [listed, ...others] = (await at.adapter.schedules?.()) ?? [];
  expect([listed, others]).toMatchObject([{ id: 'reports', queue: 'reports', when: '0 3 * * * (Europe/Berlin)' }, []]);
  expect(hourInBerlin(listed?.nextAt)).toBe('03:00');
  expect(secondsBetween(await at.adapter.now(), listed?.nextAt ?? '')).toBeLessThanOrEqual(25 * 3600);
  expect(await at.adapter.schedules?.(['dead'])).toEqual([]);
  const before = await keeper(at).getSchedules();
  const saved = (await ops.save('reports', 'reports')) ?? {};
  await at.database.pool.query(`UPDATE schedule SET cron = '0 4 * * *'`);
  await expect(ops.remove('reports', 'reports', saved)).rejects.toMatchObject({ kind: 'stale' });
  await at.database.pool.query(`UPDATE schedule SET cron = '0 3 * * *'`);
  await ops.remove('reports', 'reports', saved);
  expect(await keeper(at).getSchedules()).toEqual([]);
  await expect(ops.remove('reports', 'reports')).rejects.toMatchObject({ kind: 'stale' });
  await ops.put(JSON.parse(JSON.stringify(saved)), 'reports');
  expect(await keeper(at).getSchedules()).toEqual(before);
  await expect(ops.put(saved, 'reports')).rejects.toMatchObject({ kind: 'refused' });
});

it.each(writtenVersions)('%s: a run out of turn is the job that the library would send', async (version) => {
  const options = {
    priority: 3,
    retryLimit: 5,
    retryDelay: 7,
    retryBackoff: true,
    deadLetter: 'dead',
    expireInSeconds: 120,
  };
  const kept = version === '10' ? { retentionMinutes: 90 } : { retentionSeconds: 5400 };
  const at = await withNightly(version, { ...options, ...kept });
  const sent = await at.boss.send('reports', { day: 'mañana', n: 1 }, { ...options, ...kept });
  const ran = await opsOf(at).run?.('reports', 'reports');
  const { rows } = await at.database.pool.query(
    `SELECT j.*, keep_until - start_after AS kept FROM job j WHERE id = ANY ($1)`,
    [[sent, ran]],
  );
  const [one, other] = rows.map((row) => {
    const { id: _, created_on: __, start_after: ___, keep_until: ____, ...rest } = row as Record<string, unknown>;
    return rest;
  });
  expect(one).toBeDefined();
  expect(one).toEqual(other);
});

it('with an option that nobody knows nothing is added', async () => {
  const at = await withNightly('12');
  await at.database.pool.query(`UPDATE schedule SET options = '{"colour":"red"}'`);
  await expect(opsOf(at).run?.('reports', 'reports')).rejects.toMatchObject({
    kind: 'unsupported',
    message: expect.stringContaining('its option colour is not known'),
  });
  expect((await at.database.pool.query(`SELECT FROM job WHERE name = 'reports'`)).rowCount).toBe(0);
});

it.each(['11', '12'] as const)(
  '%s: several of a queue go by their keys; an id that two answer to is refused',
  async (version) => {
    const at = await withNightly(version);
    for (const key of ['weekly', 'reports']) await keeper(at).schedule('reports', '0 5 * * 1', {}, { key });
    expect((await at.adapter.schedules?.(['reports']))?.map(({ id, when }) => `${id} ${when}`).sort()).toEqual([
      'reports 0 3 * * * (Europe/Berlin)',
      'reports 0 5 * * 1 (UTC)',
      'weekly 0 5 * * 1 (UTC)',
    ]);
    await opsOf(at).remove('weekly', 'reports');
    await expect(opsOf(at).remove('reports', 'reports')).rejects.toMatchObject({ kind: 'refused' });
    expect(await keeper(at).getSchedules()).toHaveLength(2);
  },
);

it('a pause is refused, and changes nothing', async () => {
  const at = await withNightly('12');
  const ops = opsOf(at);
  const before = await keeper(at).getSchedules();
  expect(ops.pausable).toBe(false);
  await expect(ops.pause('reports', 'reports')).rejects.toMatchObject({ kind: 'unsupported' });
  expect(await keeper(at).getSchedules()).toEqual(before);
});

it('9: they are listed, and nothing more', async () => {
  const at = await place('9');
  await keeper(at).schedule('reports', '0 3 * * *', {}, zone);
  expect(await at.adapter.schedules?.()).toMatchObject([{ id: 'reports', when: '0 3 * * * (Europe/Berlin)' }]);
  expect(at.adapter.can.schedule).toMatchObject({ level: 'none', why: expect.stringMatching(/only read/) });
});

it('the next time is told where the line tells one, by the clock of the server', async () => {
  const at = await withNightly('12');
  const lines: [cron: string, zone: string | null, next: unknown][] = [
    ['*/5 * * * *', 'UTC', expect.stringMatching(/T\d\d:\d[05]:00\.000000Z$/)],
    ['30 2 1 1 *', 'America/New_York', expect.stringMatching(/-01-01T07:30:00\.000000Z$/)],
    ['FREQ=DAILY;INTERVAL=2', 'UTC', undefined],
    ['61 3 * * *', 'UTC', undefined],
    ['', 'UTC', undefined],
    ['0 3 * * *', 'Middle/Earth', undefined],
  ];
  for (const [cron, zone, next] of lines) {
    await at.database.pool.query('UPDATE schedule SET cron = $1, timezone = $2', [cron, zone]);
    expect((await at.adapter.schedules?.())?.[0]?.nextAt, cron).toEqual(next);
  }
  await at.database.pool.query(`UPDATE schedule SET cron = '0 3 * * *', timezone = NULL`);
  expect((await at.adapter.schedules?.())?.[0]).toMatchObject({ when: '0 3 * * *', nextAt: undefined });
});
