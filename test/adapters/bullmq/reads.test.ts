import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import { keysOf } from '../../../src/adapters/bullmq/keys.ts';
import { layoutOf } from '../../../src/adapters/bullmq/layout.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import type { QueueStats } from '../../../src/domain/stats.ts';
import { browseAll, inState } from '../../../src/testkit/act.ts';
import { type Application, application, type Major, until } from '../../setup/bullmq.ts';
import { createRedis, type TestRedis } from '../../setup/redis.ts';

for (const [major, ioredis] of [
  ['6', '6'],
  ['5', '5'],
  ['5', '6'],
  ['6', '5'],
] satisfies [Major, Major][]) {
  describe(`BullMQ ${major} on ioredis ${ioredis} is read as its own library reads it`, () => {
    let server: TestRedis;
    let app: Application;
    let adapter: QueueAdapter;
    beforeEach(async () => {
      server = createRedis('reads');
      app = application(server, major, ioredis);
      adapter = await openBullmq({ url: server.url, where: 'redis://test', prefix: server.prefix });
    });
    afterEach(async () => {
      await adapter.close();
      await app.close();
      await server.drop();
    });
    const row = async (by?: 'lane' | 'type'): Promise<QueueStats> =>
      (await adapter.stats({ queues: ['mail'], by }))[0] as QueueStats;

    it('counts the jobs of a paused queue as waiting, lane by lane', async () => {
      const mail = app.queue('mail');
      await mail.addBulk([
        { name: 'a', data: {} },
        { name: 'a', data: {}, opts: { priority: 5 } },
        { name: 'b', data: {}, opts: { priority: 5 } },
        { name: 'b', data: {}, opts: { priority: 900 } },
        { name: 'c', data: {}, opts: { delay: 3_600_000 } },
      ]);
      await mail.pause();
      await mail.add('a', {});
      expect(await row('lane')).toMatchObject({ paused: true, exact: true, counts: { waiting: 5, delayed: 1 } });
      const lanes = (await row('lane')).by?.map(({ key, counts }) => [key, counts.waiting, counts.delayed]);
      expect(lanes).toEqual([
        ['0', 2, 1],
        ['5', 2, 0],
        ['900', 1, 0],
      ]);
      const types = (await row('type')).by?.map(({ key, counts }) => [key, counts.waiting, counts.delayed]);
      expect(types).toEqual([
        ['a', 3, 0],
        ['b', 2, 0],
        ['c', 0, 1],
      ]);
      expect((await layoutOf(await server.connect(), keysOf(server.prefix, 'mail'))).name).toBe(`v${major}`);
      await mail.resume();
      expect(await row()).toMatchObject({ paused: false, counts: { waiting: 5 } });
    });

    it('tells the age of the oldest of all lanes', async () => {
      const mail = app.queue('mail');
      const now = Date.now();
      await mail.addBulk(
        [60, 300, 7200, 10].map((seconds, index) => ({
          name: 'a',
          data: {},
          opts: { timestamp: now - seconds * 1000, ...(index > 0 && { priority: index }) },
        })),
      );
      const age = (await row()).oldestWaitingSeconds ?? 0;
      expect(age).toBeGreaterThanOrEqual(7199);
      expect(age).toBeLessThan(7300);
    });

    it('shows a job that a worker failed: every attempt, the log, the progress, the result of another', async () => {
      const mail = app.queue('mail');
      const job = await mail.add('send', { to: 'ada' }, { attempts: 2 });
      await mail.add('send', { to: 'bob' }, { deduplication: { id: 'bob' } });
      app.worker(
        'mail',
        async (one) => {
          await one.log(`try ${one.attemptsMade + 1}`);
          await one.updateProgress({ part: 1 });
          if (one.data.to === 'ada') throw new TypeError(`no route ${one.attemptsMade + 1}`);
          return { sent: true };
        },
        { name: 'w1' },
      );
      await until('both ended', async () => (await row()).counts.dead + (await row()).counts.completed === 2);
      const dead = await adapter.find(job.id as string, 'mail');
      expect(dead?.job).toMatchObject({
        ...{ state: 'dead', native: 'failed', type: 'send', attempts: 2, maxAttempts: 2, payload: '{"to":"ada"}' },
        error: { message: 'no route 2', class: 'TypeError', stack: expect.stringContaining('TypeError: no route 2\n') },
      });
      const told = dead?.timeline.map(({ event, note }) => `${event} ${note?.split('\n')[0]}`);
      expect(told?.slice(2)).toEqual([
        'failed no route 2',
        'error 1 TypeError: no route 1',
        'progress {"part":1}',
        'log try 1',
        'log try 2',
      ]);
      const [done] = await browseAll(adapter, inState('mail', 'completed'));
      expect(done).toMatchObject({ key: 'bob', state: 'completed' });
      expect((await adapter.find(done?.id ?? '', 'mail'))?.timeline).toContainEqual(
        expect.objectContaining({ event: 'completed', note: '{"sent":true}' }),
      );
      expect(await row()).toMatchObject({ rates: { completed: 1, died: 1 } });
      await until('the worker is seen', async () =>
        ((await adapter.workers?.()) ?? []).some(({ id, silent }) => id === 'mail w1' && !silent),
      );
    });

    it('shows an active job with its lock, and how it stands where the lock is gone', async () => {
      const mail = app.queue('mail');
      const { id = '' } = await mail.add('send', {});
      const worker = app.worker('mail', undefined, { name: 'w2' });
      await worker.getNextJob('token-1');
      const held = await adapter.find(id, 'mail');
      expect(held?.job).toMatchObject({ state: 'active', worker: 'w2' });
      expect(held?.job.stuck).toBeUndefined();
      expect(held?.links[0]).toMatchObject({
        relation: 'lock held by',
        to: expect.stringMatching(/^token-1, for \d+ s/),
      });
      await server.redis.del(keysOf(server.prefix, 'mail').lock(id));
      expect((await adapter.find(id, 'mail'))?.job.stuck).toMatch(/lock/);
      expect((await browseAll(adapter, inState('mail', 'active')))[0]?.stuck).toMatch(/lock/);
    });

    it('names the parent and the children of a flow', async () => {
      const flow = await app.flows().add({
        name: 'all',
        queueName: 'mail',
        children: [
          { name: 'part', queueName: 'parts', data: {} },
          { name: 'part', queueName: 'parts', data: {}, opts: { jobId: 'second' } },
        ],
      });
      const parent = flow.job.id as string;
      expect((await row()).counts.blocked).toBe(1);
      const shown = await adapter.find(parent, 'mail');
      expect(shown?.job).toMatchObject({ state: 'blocked', native: 'waiting-children' });
      expect(shown?.links.filter(({ relation }) => relation === 'waits for').map(({ to }) => to)).toContain(
        'parts second',
      );
      expect((await adapter.find('second'))?.links).toContainEqual({ relation: 'child of', to: `mail ${parent}` });
    });

    it('lists job schedulers', async () => {
      const mail = app.queue('mail');
      await mail.upsertJobScheduler('nightly', { pattern: '0 3 * * *', tz: 'Europe/Berlin' }, { name: 'report' });
      await mail.upsertJobScheduler('often', { every: 300_000 }, { name: 'poll' });
      const listed = (await adapter.schedules?.(['mail']))?.sort((a, b) => (a.id < b.id ? -1 : 1));
      expect(listed).toMatchObject([
        { id: 'nightly', queue: 'mail', type: 'report', when: '0 3 * * * (Europe/Berlin)', nextAt: expect.any(String) },
        { id: 'often', type: 'poll', when: 'every 5m' },
      ]);
      expect((await adapter.queues()).map(({ queue }) => queue)).toEqual(['mail']);
    });
  });
}
