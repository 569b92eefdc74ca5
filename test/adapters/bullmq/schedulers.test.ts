import type { Queue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { requireOps } from '../../../src/domain/capability.ts';
import type { Schedules } from '../../../src/domain/schedule.ts';
import { type Application, application, until } from '../../setup/bullmq.ts';
import { createRedis, type TestRedis } from '../../setup/redis.ts';

const daily = { pattern: '0 3 * * *', tz: 'Europe/Berlin' };
const report = { name: 'report', data: { day: 'mañana' }, opts: { attempts: 3, priority: 7 } };

describe.each(['5', '6'] as const)('job schedulers of BullMQ %s', (major) => {
  let server: TestRedis;
  let app: Application;
  let adapter: QueueAdapter;
  let ops: Schedules;
  let mail: Queue;

  beforeEach(() => open());
  afterEach(async () => {
    await Promise.all([app.close(), adapter.close()]);
    await server.drop();
  });

  async function open(): Promise<void> {
    server = createRedis('schedulers');
    app = application(server, major);
    adapter = await openBullmq({ url: server.url, where: 'redis://test', prefix: server.prefix });
    ops = requireOps('bullmq', 'schedule', adapter.can.schedule ?? { level: 'none', why: 'missing' });
    mail = app.queue('mail');
  }

  const base = (): string => `${server.prefix}:mail:`;
  const idsOf = (): Promise<string[]> => server.redis.zrange(`${base()}delayed`, '0', '-1');
  const listed = async (): Promise<unknown[]> =>
    (await adapter.schedules?.(['mail']))?.map(({ id, paused }) => [id, paused]) ?? [];

  /** Moves the time at which a scheduler runs next, as if that time had passed while it was paused. */
  async function missRuns(id: string, by: number): Promise<void> {
    const key = `${server.prefix}:.jobctl:mail:schedulers`;
    const kept = JSON.parse((await server.redis.hget(key, id)) ?? '') as { score: string };
    await server.redis.hset(key, id, JSON.stringify({ ...kept, score: String(Number(kept.score) - by) }));
  }

  it('a paused one fires no more, resumed it fires again, for a worker that was there all the time', async () => {
    const ran: string[] = [];
    app.worker('mail', async (job) => void ran.push(job.name));
    await mail.upsertJobScheduler('often', { every: 150 }, { name: 'poll' });
    await mail.upsertJobScheduler('other', { every: 150 }, { name: 'tick' });
    const count = (name: string): number => ran.filter((one) => one === name).length;
    await until('two runs', async () => count('poll') >= 2);
    // it runs on meanwhile, so what was read may be old by the time it is compared
    await until('the pause', () =>
      ops.pause('often', 'mail').then(
        ({ paused }) => paused === true,
        () => false,
      ),
    );
    await until('what had begun', async () => (await mail.getActiveCount()) === 0);
    const [polls, ticks] = [count('poll'), count('tick')];
    await until('runs of the other', async () => count('tick') >= ticks + 4);
    expect(count('poll')).toBeLessThanOrEqual(polls + 1); // one may have been due already
    expect(await listed()).toEqual([
      ['other', false],
      ['often', true],
    ]);
    const before = count('poll');
    expect(await ops.resume('often', 'mail')).toMatchObject({ id: 'often', paused: false });
    await until('runs again', async () => count('poll') >= before + 2);
  });

  it('pause and resume leave everything as it was, to the byte', async () => {
    await mail.upsertJobScheduler('nightly', daily, report);
    await server.redis.hset(`${base()}repeat:nightly`, 'data', Buffer.from([0x22, 0xff, 0xfe, 0x22]));
    const before = await server.dump();
    await ops.pause('nightly', 'mail');
    expect([await idsOf(), await mail.getJobSchedulersCount()]).toEqual([[], 0]);
    expect(await ops.resume('nightly', 'mail')).toMatchObject({ when: '0 3 * * * (Europe/Berlin)', type: 'report' });
    expect((await server.dump()).replace(/.*:marker .*\n/, '')).toBe(before.replace(/.*:marker .*\n/, ''));
  });

  it('what was missed stays missed: it goes on with the next time that is to come', async () => {
    await mail.upsertJobScheduler('nightly', daily, report);
    await mail.upsertJobScheduler('hourly', { every: 3_600_000 }, { name: 'poll', data: { deep: [1] } });
    await until(
      'the first run of a new one',
      async () => (await mail.getDelayedCount()) + (await mail.getWaitingCount()) === 2,
    );
    const due = async (id: string): Promise<number> => Number(await server.redis.zscore(`${base()}repeat`, id));
    const [nightly, hourly] = [await due('nightly'), await due('hourly')];
    for (const id of ['nightly', 'hourly']) {
      await ops.pause(id, 'mail');
      await missRuns(id, 50 * 3_600_000);
      await ops.resume(id, 'mail');
    }
    expect(await due('nightly')).toBe(nightly);
    expect([(await due('hourly')) > Date.now(), ((await due('hourly')) - hourly) % 3_600_000]).toEqual([true, 0]);
    const job = await mail.getJob(`repeat:nightly:${nightly}`);
    expect([job?.name, job?.data, job?.opts.attempts, job?.repeatJobKey]).toEqual([
      'report',
      report.data,
      3,
      'nightly',
    ]);
    // the library takes it for its own: a change of the template replaces that very job
    await mail.upsertJobScheduler('nightly', daily, { ...report, data: { day: 'hoy' } });
    expect((await mail.getJob(`repeat:nightly:${nightly}`))?.data).toEqual({ day: 'hoy' });
  });

  it('a run that was made for that time before does not stand in the way', async () => {
    await mail.upsertJobScheduler('hourly', { every: 3_600_000, startDate: Date.now() + 60_000 }, { name: 'poll' });
    const due = Number(await server.redis.zscore(`${base()}repeat`, 'hourly'));
    await ops.pause('hourly', 'mail');
    await server.redis.hset(`${base()}repeat:hourly:${due}`, 'name', 'of before');
    await ops.resume('hourly', 'mail');
    expect(await idsOf()).toEqual([`repeat:hourly:${due + 3_600_000}`]);
  });

  it('a run that is due already is left to the workers, and starts no other', async () => {
    await mail.upsertJobScheduler('often', { every: 60_000 }, { name: 'poll' }); // the first one is due at once
    await until('it waits', async () => (await mail.getWaitingCount()) + (await mail.getDelayedCount()) === 1);
    await mail.promoteJobs();
    await ops.pause('often', 'mail');
    app.worker('mail', async () => {});
    await until('it ran', async () => (await mail.getCompletedCount()) === 1);
    expect([await mail.getDelayedCount(), await listed()]).toEqual([0, [['often', true]]]);
  });

  it('run adds one job of the template, paused or not', async () => {
    await mail.upsertJobScheduler('nightly', daily, report);
    for (const turn of [1, 2]) {
      const job = await mail.getJob((await ops.run?.('nightly', 'mail')) ?? '');
      expect([job?.name, job?.data, job?.opts.priority, await job?.getState()]).toEqual([
        'report',
        report.data,
        7,
        'prioritized',
      ]);
      expect(job?.repeatJobKey).toBeUndefined();
      if (turn === 1) await ops.pause('nightly', 'mail');
    }
  });

  it('remove takes it and its next run; put brings both back, and refuses when it is there', async () => {
    await mail.upsertJobScheduler('nightly', daily, report);
    const before = await server.dump();
    const saved = (await ops.save('nightly', 'mail')) ?? {};
    await ops.remove('nightly', 'mail', saved);
    expect([await ops.save('nightly', 'mail'), await listed(), await idsOf()]).toEqual([undefined, [], []]);
    const back = JSON.parse(JSON.stringify(saved)) as typeof saved;
    await ops.put(back, 'mail');
    expect((await server.dump()).replace(/.*:marker .*\n/, '')).toBe(before.replace(/.*:marker .*\n/, ''));
    await expect(ops.put(back, 'mail')).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
  });

  it('one that was changed since it was saved is not removed', async () => {
    await mail.upsertJobScheduler('nightly', daily, report);
    const saved = (await ops.save('nightly', 'mail')) ?? {};
    await mail.upsertJobScheduler('nightly', daily, { ...report, data: { day: 'hoy' } });
    await expect(ops.remove('nightly', 'mail', saved)).rejects.toMatchObject({ code: 'JOBCTL_STALE' });
    expect(await listed()).toEqual([['nightly', false]]);
  });

  it('a paused one is removed and brought back as a paused one', async () => {
    await mail.upsertJobScheduler('nightly', daily, report);
    await ops.pause('nightly', 'mail');
    const saved = (await ops.save('nightly', 'mail')) ?? {};
    await ops.remove('nightly', 'mail', saved);
    expect(await listed()).toEqual([]);
    await ops.put(saved, 'mail');
    expect(await listed()).toEqual([['nightly', true]]);
    await ops.resume('nightly', 'mail');
    expect(await listed()).toEqual([['nightly', false]]);
  });

  it('an application that makes it anew ends the pause, and resume does not make two of it', async () => {
    await mail.upsertJobScheduler('nightly', daily, report);
    await ops.pause('nightly', 'mail');
    await mail.upsertJobScheduler('nightly', daily, report);
    expect(await listed()).toEqual([['nightly', false]]);
    await expect(ops.resume('nightly', 'mail')).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
    expect(await idsOf()).toHaveLength(1);
  });

  it('a paused queue stays so, and a run goes where its workers will find it', async () => {
    await mail.pause();
    await mail.upsertJobScheduler('plain', daily, { name: 'plain' });
    await ops.run?.('plain', 'mail');
    await ops.pause('plain', 'mail');
    await ops.resume('plain', 'mail');
    const ran: string[] = [];
    app.worker('mail', async (job) => void ran.push(job.name));
    expect(await mail.isPaused()).toBe(true);
    await mail.resume();
    await until('the run', async () => ran.length === 1);
  });

  it('repeatable jobs of before are listed, and not changed', async () => {
    await server.redis.zadd(`${base()}repeat`, Date.now() + 60_000, 'old::::60000');
    expect(await listed()).toEqual([['old::::60000', undefined]]);
    await server.redis.hset(`${base()}meta`, 'version', `bullmq:${major}.0.0`);
    for (const deed of ['pause', 'remove'] as const)
      await expect(ops[deed]('old::::60000', 'mail')).rejects.toMatchObject({ code: 'JOBCTL_UNSUPPORTED' });
  });
});
