import { describe, expect, it } from 'vitest';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import { openAdapter } from '../../../src/adapters/registry.ts';
import type { Action } from '../../../src/domain/action.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { act, browseAll, inState, putBack, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { application, until } from '../../setup/bullmq.ts';
import { seedJobs } from '../../setup/bullmq-seed.ts';
import { createRedis, type TestRedis } from '../../setup/redis.ts';

const dead = inState('mail', 'dead');
const remove: Action = { verb: 'remove' };

/** As applications wrap what has failed for good. */
const letter = {
  queue: 'mail-dlq',
  payload: 'original.data',
  type: 'original.name',
  error: 'reason',
  options: 'original.opts',
};
const wrapped = (n: number | string, more: object = {}): string =>
  `{"original":{"name":"welcome","data":{"n":${n}},"opts":{"attempts":4,"backoff":{"type":"fixed","delay":10},"jobId":"x","delay":9}},"reason":{"message":"no such address","stack":"Error: no such address"},"more":${JSON.stringify(more)}}`;

type Letters = NonNullable<Parameters<typeof openBullmq>[0]['deadLetters']>;

async function scene(
  letters: Letters,
  work: (server: TestRedis, adapter: QueueAdapter) => Promise<void>,
): Promise<void> {
  const server = createRedis('letters');
  const adapter = await openBullmq({
    url: server.url,
    where: 'redis://test',
    prefix: server.prefix,
    deadLetters: letters,
  });
  try {
    await work(server, adapter);
  } finally {
    await adapter.close();
    await server.drop();
  }
}

/** Two copies that wait, one that a worker of the dead-letter queue has failed, and one that the queue itself has failed. */
const seed = async (server: TestRedis): Promise<string[]> => {
  await seedJobs(server, '6', 'mail', [{ state: 'waiting' }, { state: 'dead' }]);
  return await seedJobs(server, '6', 'mail-dlq', [
    { state: 'waiting', type: 'dead', payload: wrapped(1) },
    { state: 'waiting', type: 'dead', payload: wrapped('12345678901234567890') },
    { state: 'dead', type: 'dead', payload: wrapped(3) },
  ]);
};

const shownIds = (ids: readonly string[]): string[] => ids.map((id) => `mail-dlq:${id}`);

describe('a queue whose dead jobs lie in a queue of their own', () => {
  it('shows, counts and finds them as its own', () =>
    scene({ mail: letter }, async (server, adapter) => {
      const ids = await seed(server);
      const jobs = await browseAll(adapter, dead);
      expect(jobs.map(({ id }) => id).sort()).toEqual(shownIds(ids));
      expect(jobs.find(({ id }) => id === `mail-dlq:${ids[1]}`)).toMatchObject({
        queue: 'mail',
        state: 'dead',
        native: 'wait in mail-dlq',
        type: 'welcome',
        payload: '{"n":12345678901234567890}',
        error: { message: 'no such address', stack: 'Error: no such address' },
      });
      expect(await adapter.count(dead)).toEqual({ value: 3, exact: true });
      expect(await browseAll(adapter, { ...dead, ids: [`mail-dlq:${ids[0]}`] })).toHaveLength(1);
      const detail = await adapter.find(`mail-dlq:${ids[0]}`, 'mail');
      expect(detail).toMatchObject({ job: { state: 'dead' }, notes: [`It lies in mail-dlq as job ${ids[0]}.`] });
      const rows = await adapter.stats({ queues: ['mail', 'mail-dlq'] });
      expect(rows).toMatchObject([
        { queue: 'mail', deadLetter: 'mail-dlq', counts: { waiting: 1, dead: 3 }, other: { failed: 1 } },
        { queue: 'mail-dlq', counts: { waiting: 0, dead: 3 } },
      ]);
      expect(await adapter.stats({ queues: ['mail'] })).toMatchObject([{ counts: { dead: 3 } }]);
      expect(await browseAll(adapter, inState('mail-dlq', 'waiting', 'dead'))).toHaveLength(3);
    }));

  it('replays them: the originals wait again, and the copies are gone', () =>
    scene({ mail: letter }, async (server, adapter) => {
      const ids = await seed(server);
      const ran: unknown[] = [];
      const { outcomes, copies } = await act(opsOf({ adapter }, 'replay'), { ...dead, types: ['welcome'] }, replay);
      expect(told(outcomes)).toEqual(shownIds(ids).map((id) => `${id}: done`));
      expect(copies.map(({ ref }) => ref.id).sort()).toEqual(shownIds(ids));
      expect(await server.redis.keys(`${server.prefix}:mail-dlq:[0-9]*`)).toEqual([]);
      const [lists] = [
        await server.redis.llen(`${server.prefix}:mail-dlq:wait`),
        await server.redis.zcard(`${server.prefix}:mail-dlq:failed`),
      ];
      expect(lists).toBe(0);
      expect((await adapter.find(`mail-dlq:${ids[0]}`, 'mail'))?.job).toMatchObject({
        state: 'waiting',
        maxAttempts: 4,
      });
      const app = application(server, '6');
      app.worker('mail', async (job) => void ran.push([job.name, job.data, job.opts.attempts, job.opts.backoff]));
      await until('all have run', async () => ran.length === 4);
      await app.close();
      expect(ran).toContainEqual(['welcome', { n: 3 }, 4, { type: 'fixed', delay: 10 }]);
      expect(await adapter.count(dead)).toEqual({ value: 0, exact: true });
    }));

  it('leaves alone what has changed, and what holds no original', () =>
    scene({ mail: letter }, async (server, adapter) => {
      const [first = '', second = '', third = ''] = await seed(server);
      const key = (id: string): string => `${server.prefix}:mail-dlq:${id}`;
      await server.redis.hset(key(second), 'data', '{"other":1}');
      const outcomes: Outcome[] = [];
      for await (const claim of opsOf({ adapter }, 'replay').claim({ selection: dead, action: replay, size: 10 })) {
        await server.redis.hset(key(first), 'progress', '50');
        await server.redis.set(`${key(third)}:lock`, 'a worker');
        outcomes.push(...(await claim.apply(claim.jobs)));
        await claim.release();
      }
      expect(told(outcomes)).toEqual([
        `mail-dlq:${first}: skipped state-changed`,
        `mail-dlq:${second}: failed mail-dlq holds no original at original.data`,
        `mail-dlq:${third}: skipped locked`,
      ]);
      expect(await adapter.count(dead)).toEqual({ value: 3, exact: true });
      expect(await server.redis.llen(`${server.prefix}:mail:wait`)).toBe(1);
    }));

  it('a call that fails half-way leaves the copy where it is', () =>
    scene({ mail: letter }, async (server, adapter) => {
      await seed(server);
      const before = await server.dump();
      for (const key of ['mail:id', 'mail-dlq:wait']) {
        for await (const claim of opsOf({ adapter }, 'replay').claim({ selection: dead, action: replay, size: 10 })) {
          await server.redis.rename(`${server.prefix}:${key}`, `${server.prefix}:aside`);
          await server.redis.set(`${server.prefix}:${key}`, 'no number');
          await expect(claim.apply(claim.jobs)).rejects.toThrow(`${key} at redis://test is a key of another kind`);
          await server.redis.rename(`${server.prefix}:aside`, `${server.prefix}:${key}`);
          await claim.release();
        }
      }
      expect(await server.dump()).toBe(before);
    }));

  it('purges them into a backup that brings the copies back', () =>
    scene({ mail: letter }, async (server, adapter) => {
      const ids = await seed(server);
      const before = await server.dump();
      const { outcomes, saved } = await act(opsOf({ adapter }, 'remove'), dead, remove);
      expect(told(outcomes)).toEqual(shownIds(ids).map((id) => `${id}: done`));
      expect(await server.redis.keys(`${server.prefix}:mail-dlq:[0-9]*`)).toEqual([]);
      const back = await putBack(opsOf({ adapter }, 'restore'), saved, true, adapter);
      expect(told(back.outcomes)).toEqual(shownIds(ids).map((id) => `${id}: done`));
      const sorted = (text: string): string => text.replace(/\["\d+","\d+"\]$/m, 'both').replace(/.*:marker .*\n/, '');
      expect(sorted(await server.dump())).toBe(sorted(before));
    }));

  it('says what undo cannot take back, and that the dead-letter queue itself has nowhere to go to', () =>
    scene({ mail: letter }, async (server, adapter) => {
      const ids = await seed(server);
      const { saved, marks } = await act(opsOf({ adapter }, 'replay'), dead, replay);
      const undone = await putBack(opsOf({ adapter }, 'revert'), saved, true, adapter, marks[0]);
      expect(told(undone.outcomes)).toEqual(shownIds(ids).map((id) => `${id}: skipped conflict`));
      await expect(act(opsOf({ adapter }, 'replay'), inState('mail-dlq', 'dead'), replay)).rejects.toMatchObject({
        code: 'JOBCTL_REFUSED',
        next: ['jobctl replay mail'],
      });
      await expect(act(opsOf({ adapter }, 'edit'), dead, { verb: 'edit', payload: '{}' })).rejects.toMatchObject({
        code: 'JOBCTL_UNSUPPORTED',
      });
    }));

  it('is told apart from others that share it by what names the source', () =>
    scene(
      {
        mail: { queue: 'dlq', payload: 'data', source: 'from' },
        sms: { queue: 'dlq', payload: 'data', source: 'from' },
      },
      async (server, adapter) => {
        const copy = (from: string) =>
          ({ state: 'waiting', payload: JSON.stringify({ from, data: { from } }) }) as const;
        await seedJobs(server, '6', 'mail', [{ state: 'waiting' }]);
        await seedJobs(server, '6', 'sms', [{ state: 'waiting' }]);
        await seedJobs(server, '6', 'dlq', [copy('mail'), copy('sms'), copy('mail')]);
        expect(await browseAll(adapter, inState('sms', 'dead'))).toHaveLength(1);
        const { outcomes } = await act(opsOf({ adapter }, 'replay'), dead, replay);
        expect(outcomes.map(({ result }) => result)).toEqual(['done', 'done']);
        expect(await server.redis.llen(`${server.prefix}:dlq:wait`)).toBe(1);
        expect(await adapter.count(inState('sms', 'dead'))).toEqual({ value: 1, exact: false });
      },
    ));

  it('is refused where nothing tells whose the dead are, and where a dead-letter queue has one itself', async () => {
    const open = (deadLetters: Letters) =>
      openBullmq({ url: 'redis://127.0.0.1:9', where: 'redis://test', deadLetters });
    await expect(open({ mail: { queue: 'dlq' }, sms: { queue: 'dlq' } })).rejects.toThrow(
      /nothing tells which are whose/,
    );
    await expect(open({ mail: { queue: 'dlq' }, dlq: { queue: 'dlq-2' } })).rejects.toThrow(/can have no dead-letter/);
  });

  it('is refused where the backend would not heed it', async () => {
    const opening = { url: 'memory:', where: 'memory:', deadLetters: { mail: { queue: 'mail-dlq' } } };
    await expect(openAdapter(opening)).rejects.toMatchObject({
      code: 'JOBCTL_USAGE',
      message: 'queues.mail.deadLetter is for BullMQ in Redis; this is memory:.',
    });
  });
});
