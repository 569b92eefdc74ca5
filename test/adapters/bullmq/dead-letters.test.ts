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

/** What stands in Redis, but for the order in a list and what wakes workers and counts ids. */
const stand = async (server: TestRedis): Promise<string> =>
  (await server.dump()).replace(/\["\d+","\d+"\]$/m, 'both').replace(/.*:(?:marker|id) .*\n/g, '');

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

  it.each([true, false])(
    'purges them into a backup that brings the copies back as they lay, asked for or not: %s',
    (asWas) =>
      scene({ mail: letter }, async (server, adapter) => {
        const ids = await seed(server);
        const before = await server.dump();
        const { outcomes, saved } = await act(opsOf({ adapter }, 'remove'), dead, remove);
        expect(told(outcomes)).toEqual(shownIds(ids).map((id) => `${id}: done`));
        expect(await server.redis.keys(`${server.prefix}:mail-dlq:[0-9]*`)).toEqual([]);
        const back = await putBack(opsOf({ adapter }, 'restore'), saved, asWas, adapter);
        expect(told(back.outcomes)).toEqual(shownIds(ids).map((id) => `${id}: done`));
        const sorted = (text: string): string =>
          text.replace(/\["\d+","\d+"\]$/m, 'both').replace(/.*:marker .*\n/, '');
        expect(sorted(await server.dump())).toBe(sorted(before));
      }),
  );

  it('brings the copies back where they lay, also when the configuration does not name that queue any more', () =>
    scene({ mail: letter }, async (server, adapter) => {
      await seed(server);
      const before = await stand(server);
      const purged = await act(opsOf({ adapter }, 'remove'), dead, remove);
      const gone = await stand(server);
      const { url, prefix } = server;
      const plain = await openBullmq({ url, where: 'redis://test', prefix });
      const back = await putBack(opsOf({ adapter: plain }, 'restore'), purged.saved, true, plain);
      expect(await stand(server)).toBe(before);
      expect(back.outcomes.every(({ result }) => result === 'done')).toBe(true);
      await act(opsOf({ adapter }, 'remove'), dead, remove);
      expect(await stand(server)).toBe(gone);
      const jobs = await putBack(opsOf({ adapter: plain }, 'restore'), purged.saved, false, plain);
      expect(told(jobs.outcomes)).toEqual(told(back.outcomes));
      expect(await stand(server)).toBe(before);
      await plain.close();
    }));

  it('takes a replay back: the new jobs are gone and the copies lie where they lay, once', () =>
    scene({ mail: letter }, async (server, adapter) => {
      const ids = await seed(server);
      const before = await stand(server);
      const { saved, marks, copies } = await act(opsOf({ adapter }, 'replay'), dead, replay);
      const back = opsOf({ adapter }, 'revert');
      // those that waited and the one that had failed were replayed by a batch each
      const undone = await putBack(back, saved.slice(0, 2), true, adapter, marks[0]);
      const other = await putBack(back, saved.slice(2), true, adapter, marks[1]);
      expect(told([...undone.outcomes, ...other.outcomes])).toEqual(copies.map(({ as }) => `${as}: done`).sort());
      expect(await stand(server)).toBe(before);
      expect(told(await back.settle({ action: 'revert', mark: undone.mark, jobs: undone.jobs }))).toEqual(
        told(undone.outcomes),
      );
      const again = await putBack(back, saved, true, adapter, marks[0]);
      expect(told(again.outcomes)).toEqual(shownIds(ids).map((id) => `${id}: skipped unchanged`));
      // the backup of the undo does not make a second one
      const twice = await putBack(opsOf({ adapter }, 'restore'), undone.jobs, true, adapter, undone.mark);
      expect(new Set(twice.outcomes.map((one) => one.result === 'skipped' && one.why))).toEqual(new Set(['conflict']));
      expect(await stand(server)).toBe(before);
    }));

  it('takes an undo back, and that again: one of the two is always there, under the id that it had', () =>
    scene({ mail: letter }, async (server, adapter) => {
      await seedJobs(server, '6', 'mail', [{ state: 'waiting' }]);
      const copies = [1, 2].map((n) => ({ state: 'waiting' as const, type: 'dead', payload: wrapped(n) }));
      const ids = await seedJobs(server, '6', 'mail-dlq', copies);
      const dead0 = await stand(server);
      const { saved, marks } = await act(opsOf({ adapter }, 'replay'), dead, replay);
      const waiting0 = await stand(server);
      const back = opsOf({ adapter }, 'revert');
      let last = await putBack(back, saved, true, adapter, marks[0]);
      expect(await stand(server)).toBe(dead0);
      for (const [stands, names] of [
        [waiting0, shownIds(ids)],
        [dead0, last.outcomes.map(({ ref }) => ref.id)],
        [waiting0, shownIds(ids)],
      ] as const) {
        const { jobs, mark } = last;
        last = await putBack(back, jobs, true, adapter, mark);
        expect(told(last.outcomes)).toEqual([...names].sort().map((id) => `${id}: done`));
        expect(last.outcomes.every(({ ref }) => ref.queue === 'mail')).toBe(true);
        expect(await stand(server)).toBe(stands);
        expect(told(await back.settle({ action: 'revert', mark: last.mark, jobs: last.jobs }))).toEqual(
          told(last.outcomes),
        );
        const same = await putBack(back, jobs, true, adapter, mark);
        expect(new Set(same.outcomes.map((one) => one.result === 'skipped' && one.why))).toEqual(
          new Set(['unchanged']),
        );
        expect(await stand(server)).toBe(stands);
      }
    }));

  it('an undo of an undo leaves alone what has changed, and one that broke off is finished', () =>
    scene({ mail: letter }, async (server, adapter) => {
      const copies = [1, 2].map((n) => ({ state: 'waiting' as const, type: 'dead', payload: wrapped(n) }));
      const [first = ''] = await seedJobs(server, '6', 'mail-dlq', copies);
      const { saved, marks } = await act(opsOf({ adapter }, 'replay'), dead, replay);
      const waiting = await stand(server);
      const back = opsOf({ adapter }, 'revert');
      const { jobs, mark } = await putBack(back, saved, true, adapter, marks[0]);
      const key = `${server.prefix}:mail-dlq:${first}`;
      await server.redis.hset(key, 'progress', '1');
      const how = { asWas: true, cutoff: await adapter.now() };
      const touched = await back.hold(jobs, how, mark);
      await touched.release();
      expect(touched.jobs).toHaveLength(1);
      expect(touched.skipped).toMatchObject([{ result: 'skipped', why: 'started', ref: { queue: 'mail' } }]);
      await server.redis.hdel(key, 'progress');

      const claim = await back.hold(jobs, how, mark);
      const kept = claim.jobs.map((one) => JSON.parse(JSON.stringify(one)) as typeof one);
      await server.redis.set(`${server.prefix}:mail:wait`, 'no list');
      await expect(claim.apply(claim.jobs)).rejects.toThrow(/a key of another kind/);
      await claim.release();
      expect(await server.redis.exists(key)).toBe(0);
      await server.redis.del(`${server.prefix}:mail:wait`);
      for (const _ of ['once', 'and once more']) {
        const settled = await back.settle({ action: 'revert', mark: claim.mark, jobs: kept });
        expect(told(settled)).toEqual(kept.map(({ job }) => `${job.id}: done`).sort());
        expect(await stand(server)).toBe(waiting);
      }
    }));

  it('takes back no job that has started, was changed, or whose copy was made anew', () =>
    scene({ mail: letter }, async (server, adapter) => {
      await seed(server);
      await seedJobs(server, '6', 'mail-dlq', [{ state: 'waiting', type: 'dead', payload: wrapped(4) }]);
      const { saved, marks, copies } = await act(opsOf({ adapter }, 'replay'), dead, replay);
      const key = (nth: number): string => `${server.prefix}:mail:${copies[nth]?.as}`;
      await server.redis.hset(key(0), 'ats', '1', 'processedOn', '1760000000000');
      await server.redis.hset(key(1), 'data', '{"n":99}');
      await server.redis.del(key(2));
      const inner = copies[3]?.ref.id.replace('mail-dlq:', '') ?? '';
      await server.redis.hset(`${server.prefix}:mail-dlq:${inner}`, {
        name: 'dead',
        data: '{}',
        opts: '{}',
        timestamp: '1',
      });
      const before = await server.dump();
      const undone = await putBack(opsOf({ adapter }, 'revert'), saved, true, adapter, marks[0]);
      const ways = new Map(undone.outcomes.map((one) => [one.ref.id, one.result === 'skipped' ? one.why : one.result]));
      expect(copies.map(({ ref }) => ways.get(ref.id))).toEqual(['started', 'conflict', 'started', 'conflict']);
      expect(await server.dump()).toBe(before);
    }));

  it('a worker that is quicker than the undo keeps its job', () =>
    scene({ mail: letter }, async (server, adapter) => {
      await seedJobs(server, '6', 'mail-dlq', [{ state: 'waiting', type: 'dead', payload: wrapped(1) }]);
      await seedJobs(server, '6', 'mail', [{ state: 'completed' }]);
      const { saved, marks, copies } = await act(opsOf({ adapter }, 'replay'), dead, replay);
      const claim = await opsOf({ adapter }, 'revert').hold(
        saved,
        { asWas: true, cutoff: await adapter.now() },
        marks[0],
      );
      const ran: unknown[] = [];
      const app = application(server, '6');
      app.worker('mail', async (job) => void ran.push(job.id));
      await until('it has run', async () => ran.length === 1);
      await app.close();
      const outcomes = await claim.apply(claim.jobs);
      await claim.release();
      expect(outcomes).toMatchObject([{ ref: { id: copies[0]?.as }, result: 'skipped' }]);
      expect(await adapter.count(dead)).toEqual({ value: 0, exact: true });
    }));

  it('an undo that broke off between its two steps is finished by whoever settles it', () =>
    scene({ mail: letter }, async (server, adapter) => {
      await seedJobs(server, '6', 'mail', [{ state: 'waiting' }]);
      await seedJobs(
        server,
        '6',
        'mail-dlq',
        [1, 2].map((n) => ({ state: 'waiting', type: 'dead', payload: wrapped(n) })),
      );
      const before = await stand(server);
      const { saved, marks } = await act(opsOf({ adapter }, 'replay'), dead, replay);
      const back = opsOf({ adapter }, 'revert');
      const how = { asWas: true, cutoff: await adapter.now() };
      const untouched = await back.hold(saved, how, marks[0]);
      await untouched.release();
      const jobs = untouched.jobs.map((one) => JSON.parse(JSON.stringify(one)) as typeof one);
      const intent = { action: 'revert', mark: untouched.mark, jobs } as const;
      expect(new Set((await back.settle(intent)).map((one) => one.result === 'skipped' && one.why))).toEqual(
        new Set(['not-applied']),
      );

      const claim = await back.hold(saved, how, marks[0]);
      // the copies cannot go back: the server refuses after the new jobs were taken out
      await server.redis.set(`${server.prefix}:mail-dlq:wait`, 'no list');
      await expect(claim.apply(claim.jobs)).rejects.toThrow(/a key of another kind/);
      await claim.release();
      await server.redis.del(`${server.prefix}:mail-dlq:wait`);
      expect(await server.redis.llen(`${server.prefix}:mail:wait`)).toBe(1);
      const half = { ...intent, mark: claim.mark };
      for (const _ of ['once', 'and once more']) {
        expect(new Set((await back.settle(half)).map(({ result }) => result))).toEqual(new Set(['done']));
        expect(await stand(server)).toBe(before);
      }
    }));

  it('changes the payload of the original within the copy, and back again', () =>
    scene({ mail: letter }, async (server, adapter) => {
      const [first = '', second = '', third = ''] = await seed(server);
      const before = await stand(server);
      const data = async (id: string): Promise<string | null> =>
        await server.redis.hget(`${server.prefix}:mail-dlq:${id}`, 'data');
      const edits = opsOf({ adapter }, 'edit');
      for (const id of [first, third]) {
        const was = (await data(id)) ?? '';
        const edit: Action = { verb: 'edit', payload: '{"n":12345678901234567891}' };
        const { outcomes, saved, marks } = await act(edits, { ...dead, ids: [`mail-dlq:${id}`] }, edit);
        expect(told(outcomes)).toEqual([`mail-dlq:${id}: done`]);
        expect(await data(id)).toBe(was.replace(/"data":\{"n":\d\}/, '"data":{"n":12345678901234567891}'));
        expect((await adapter.find(`mail-dlq:${id}`, 'mail'))?.job).toMatchObject({
          state: 'dead',
          payload: '{"n":12345678901234567891}',
        });
        const mark = marks[0] ?? '';
        expect(told(await edits.settle({ action: 'edit', mark, jobs: saved }))).toEqual([`mail-dlq:${id}: done`]);
        const undone = await putBack(opsOf({ adapter }, 'revert'), saved, true, adapter, mark);
        expect(told(undone.outcomes)).toEqual([`mail-dlq:${id}: done`]);
      }
      expect(await stand(server)).toBe(before);

      for await (const claim of edits.claim({ selection: dead, action: { verb: 'edit', payload: '{}' }, size: 10 })) {
        await server.redis.hset(`${server.prefix}:mail-dlq:${first}`, 'data', '{"other":1}');
        await server.redis.set(`${server.prefix}:mail-dlq:${third}:lock`, 'a worker');
        const ways = new Map((await claim.apply(claim.jobs)).map((one) => [one.ref.id, one.result]));
        if (ways.has(`mail-dlq:${first}`)) expect([...ways.values()].sort()).toEqual(['done', 'skipped']);
        else expect([...ways.values()]).toEqual(['skipped']);
        await claim.release();
      }
      expect(await data(first)).toBe('{"other":1}');
      expect(JSON.parse((await data(second)) ?? '')).toMatchObject({ original: { name: 'welcome', data: {} } });
    }));

  it('says that the dead-letter queue itself has nowhere to go to', () =>
    scene({ mail: letter }, async (server, adapter) => {
      await seed(server);
      await expect(act(opsOf({ adapter }, 'replay'), inState('mail-dlq', 'dead'), replay)).rejects.toMatchObject({
        code: 'JOBCTL_REFUSED',
        next: ['jobctl replay mail'],
      });
      const edit: Action = { verb: 'edit', payload: '{}' };
      await expect(act(opsOf({ adapter }, 'edit'), inState('mail-dlq', 'dead'), edit)).rejects.toMatchObject({
        code: 'JOBCTL_REFUSED',
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
