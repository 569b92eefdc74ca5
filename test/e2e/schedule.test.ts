import { randomUUID } from 'node:crypto';
import { afterAll, beforeEach, expect, inject, it } from 'vitest';
import { openBullmq } from '../../src/adapters/bullmq/index.ts';
import type { Report } from '../../src/domain/plan.ts';
import { application } from '../setup/bullmq.ts';
import { createRedis } from '../setup/redis.ts';
import { homeForTest } from './jobctl.ts';

const server = createRedis('schedule');
const app = application(server, '6');
const mail = app.queue('mail');
const adapter = await openBullmq({ url: server.url, where: 'redis://test', prefix: server.prefix });
const list = async () => await adapter.schedules?.(['mail']);
afterAll(async () => {
  await adapter.close();
  await app.close();
  await server.drop();
});
beforeEach(() =>
  mail.upsertJobScheduler('nightly', { pattern: '0 3 * * *' }, { name: 'report', data: { to: 'ada-secret' } }),
);

const url = `${inject('redisUrl')}?prefix=${server.prefix}`;
const report = ({ stdout }: { stdout: string }): Report => JSON.parse(stdout) as Report;

it('lists, pauses, resumes, runs, removes and undoes, each as a run', async () => {
  const home = await homeForTest(url);
  const text = await home.run(['schedule', 'list', 'mail']);
  expect([text.code, text.stdout]).toEqual([0, expect.stringMatching(/mail +nightly +report +0 3 \* \* \* +in /)]);

  const dry = await home.run(['schedule', 'pause', 'mail', 'nightly', '--dry-run']);
  expect([dry.code, dry.stderr]).toEqual([0, expect.stringContaining('Pause the schedule nightly of mail')]);
  expect(await list()).toMatchObject([{ paused: false }]);
  const paused = await home.run(['schedule', 'pause', 'mail', 'nightly', '--yes', '--json']);
  expect([paused.code, await list()]).toEqual([0, [expect.objectContaining({ id: 'nightly', paused: true })]]);
  expect(await mail.getDelayedCount()).toBe(0);
  // from another machine, which knows nothing of that run
  const other = await homeForTest(url);
  expect((await other.run(['schedule', 'resume', 'mail', 'nightly', '--yes'])).code).toBe(0);
  expect(await list()).toMatchObject([{ paused: false }]);

  const ran = report(await home.run(['schedule', 'run', 'mail', 'nightly', '--yes', '--json']));
  expect((await mail.getJob(ran.made?.[0] ?? ''))?.data).toEqual({ to: 'ada-secret' });
  expect((await home.run(['undo', ran.run ?? '', '--confirm', 'mail'])).code).toBe(0);
  expect(await mail.getWaitingCount()).toBe(0);

  expect((await home.run(['schedule', 'remove', 'mail', 'nightly', '--yes'])).code).toBe(4);
  const removed = report(await home.run(['schedule', 'remove', 'mail', 'nightly', '--confirm', 'mail', '--json']));
  expect(await list()).toEqual([]);
  const undone = await home.run(['undo', removed.run ?? '', '--yes', '--json']);
  expect(undone.code).toBe(0);
  const shown = await home.run(['run', 'show', report(undone).run ?? '', '--json']);
  expect([shown.code, shown.stdout.includes('nightly'), shown.stdout.includes('ada-secret')]).toEqual([0, true, false]);
  expect(await list()).toMatchObject([{ id: 'nightly', when: '0 3 * * *', paused: false }]);
});

it('says what is wrong: an unknown id, an unknown queue', async () => {
  const home = await homeForTest(url);
  const wrong = await home.run(['schedule', 'pause', 'mail', 'nihgtly', '--yes']);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Did you mean nightly?')]);
  expect((await home.run(['schedule', 'list', `no-${randomUUID()}`])).code).toBe(2);
});

it('drain closes the intake: until resume when it came to its end, not at all when it waited in vain', async () => {
  const home = await homeForTest(url);
  const drained = await home.run(['drain', 'mail', '--pause-schedules', '--within', '10s', '--yes', '--json']);
  expect([drained.code, JSON.parse(drained.stdout)]).toEqual([0, expect.objectContaining({ drained: true })]);
  expect(await list()).toMatchObject([{ paused: true }]);
  expect((await home.run(['resume', 'mail', '--yes'])).code).toBe(0);
  expect(await list()).toMatchObject([{ paused: false }]);

  const job = await mail.add('report', {});
  const vain = await home.run(['drain', 'mail', '--pause-schedules', '--within', '1s', '--yes']);
  expect([vain.code, vain.stderr]).toEqual([9, expect.stringContaining('The schedules were started again')]);
  expect(await list()).toMatchObject([{ paused: false }]);
  await job.remove();
});
