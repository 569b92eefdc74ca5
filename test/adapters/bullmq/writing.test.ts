import { describe, expect, it } from 'vitest';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import { keysOf } from '../../../src/adapters/bullmq/keys.ts';
import { readIds, readPage } from '../../../src/adapters/bullmq/read-page.ts';
import type { Action } from '../../../src/domain/action.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { requireOps } from '../../../src/domain/capability.ts';
import type { SavedJob } from '../../../src/domain/claim.ts';
import { act, all, inState, jobsOf, putBack, replay, times, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { seedJobs } from '../../setup/bullmq-seed.ts';
import { createRedis, type TestRedis } from '../../setup/redis.ts';

const remove: Action = { verb: 'remove' };
const dead = inState('letters', 'dead');

async function scene(work: (server: TestRedis, adapter: QueueAdapter, base: string) => Promise<void>): Promise<void> {
  const server = createRedis('writing');
  const adapter = await openBullmq({ url: server.url, where: 'redis://test', prefix: server.prefix });
  try {
    await work(server, adapter, `${server.prefix}:letters:`);
  } finally {
    await adapter.close();
    await server.drop();
  }
}

describe('a replay', () => {
  it('puts each job into its lane, and those that go last first to the front', () =>
    scene(async ({ redis, ...server }, adapter, base) => {
      const [plain = '', front = '', lane = ''] = await seedJobs({ redis, ...server }, '6', 'letters', [
        { state: 'dead' },
        { state: 'dead' },
        { state: 'dead', priority: 7 },
      ]);
      await seedJobs({ redis, ...server }, '6', 'letters', [{ state: 'waiting' }]);
      await redis.hset(`${base}${front}`, 'opts', '{"attempts":3,"lifo":true}', 'stc', '2', 'defa', 'stalled');
      await act(opsOf({ adapter }, 'replay'), dead, replay);
      expect(await redis.lrange(`${base}wait`, 0, -1)).toEqual([plain, '4', front]);
      expect(await redis.zrange(`${base}prioritized`, '0', '-1')).toEqual([lane]);
      expect(Math.floor(Number(await redis.zscore(`${base}prioritized`, lane)) / 2 ** 32)).toBe(7);
      expect(await redis.hmget(`${base}${front}`, 'stc', 'defa', 'failedReason', 'finishedOn')).toEqual(
        times(4, () => null),
      );
      const events = await redis.xrange(`${base}events`, '-', '+');
      expect(events.map(([, fields]) => fields.slice(1))).toContainEqual(['waiting', 'jobId', plain, 'prev', 'failed']);
    }));

  it('goes where the workers of a paused queue will look when it goes on, in either layout', () =>
    scene(async ({ redis, ...server }, adapter, base) => {
      for (const version of ['5', '6'] as const) {
        await redis.del(`${base}paused`, `${base}wait`, `${base}meta`);
        await seedJobs({ redis, ...server }, version, 'letters', [{ state: 'dead' }]);
        await redis.hset(`${base}meta`, 'paused', '1');
        await act(opsOf({ adapter }, 'replay'), dead, replay);
        const [paused, wait] = [await redis.llen(`${base}paused`), await redis.llen(`${base}wait`)];
        expect([version, paused, wait]).toEqual(version === '5' ? ['5', 1, 0] : ['6', 0, 1]);
        expect(await redis.exists(`${base}marker`)).toBe(0);
      }
    }));

  it('leaves no job of many that died in the same millisecond, while others come and go', () =>
    scene(async (server, adapter, base) => {
      const since = '2026-01-01T00:00:00.000000Z';
      const ids = await seedJobs(
        server,
        '6',
        'letters',
        times(500, (n) => ({ state: 'dead', since, type: n % 2 ? 'odd' : 'even' })),
      );
      const seen: string[] = [];
      const request = { selection: { ...dead, types: ['odd'] }, action: replay, size: 17 };
      for await (const claim of opsOf({ adapter }, 'replay').claim(request)) {
        seen.push(...claim.jobs.map(({ job }) => job.id));
        await claim.apply(claim.jobs);
        await claim.release();
        await server.redis.zrem(`${base}failed`, ids.filter((id) => Number(id) % 2 === 1)[seen.length % 250] ?? '');
      }
      const odd = ids.filter((_, index) => index % 2 === 1);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.sort()).toEqual(odd.sort());
    }));
});

describe('jobs of a long list that are asked for by name', () => {
  it('are found together where they stand together, and in short steps where they do not', () =>
    scene(async (server, _adapter, base) => {
      const { redis, prefix } = server;
      const ids = times(90_000, (n) => `j${n}`);
      for (let at = 0; at < ids.length; at += 5000) await redis.lpush(`${base}wait`, ...ids.slice(at, at + 5000));
      const some = (from: number, apart: number): string[] => times(100, (n) => `j${from + n * apart}`);
      const pages = [some(300, 1), some(89_000, 1), some(500, 700)];
      for (const id of pages.flat()) await redis.hset(`${base}${id}`, 'name', 'work', 'data', '{}');
      const connection = await server.connect();
      const keys = keysOf(prefix, 'letters');
      const counts: number[] = [];
      for (const page of pages) {
        const read = await readPage(connection, keys, { kind: 'ids', ids: page }, 100);
        counts.push(read.count);
        expect(new Set(read.jobs().map(({ found }) => found.native))).toEqual(new Set(['wait']));
      }
      expect(counts.slice(0, 2)).toEqual([100, 100]);
      expect(counts[2]).toBeLessThan(10);
      expect((await readIds(connection, keys, pages[2] ?? [])).size).toBe(100);
      // one that has moved on is not taken for one that stands there still
      const [first = '', second = '', third = ''] = pages[0] ?? [];
      await redis.lrem(`${base}wait`, 1, second);
      await redis.zadd(`${base}failed`, 1, second);
      const now = await readIds(connection, keys, [first, second, third]);
      expect([first, second, third].map((id) => now.get(id)?.found.native)).toEqual(['wait', 'failed', 'wait']);
    }));
});

describe('what is taken out of a long list', () => {
  it('goes in short steps, from either end and from the middle', { timeout: 60_000 }, () =>
    scene(async ({ redis, ...server }, adapter, base) => {
      const chosen = await seedJobs(
        { redis, ...server },
        '6',
        'letters',
        times(300, () => ({ state: 'waiting', type: 'old' })),
      );
      const filler = times(450_000, (n) => `x${n}`);
      for (let at = 0; at < filler.length; at += 5000) {
        // the chosen ones stand in the middle, and a few of them at either end
        await redis[at < 225_000 ? 'rpush' : 'lpush'](`${base}wait`, ...filler.slice(at, at + 5000));
      }
      for (const id of chosen.slice(0, 4)) {
        await redis.lrem(`${base}wait`, 1, id);
        await redis.rpush(`${base}wait`, id);
      }
      await redis.config('SET', 'slowlog-log-slower-than', '0');
      const found = await act(opsOf({ adapter }, 'remove'), { ...inState('letters', 'waiting'), ids: chosen }, remove, {
        size: 100,
      });
      expect(told(found.outcomes)).toEqual(all(chosen, 'done'));
      expect(await redis.llen(`${base}wait`)).toBe(450_000);
      expect(await redis.lpos(`${base}wait`, 'taken', 'MAXLEN', 1000)).toBeNull();
      await putBack(opsOf({ adapter }, 'restore'), found.saved, true, adapter);
      expect(await redis.llen(`${base}wait`)).toBe(450_300);
    }),
  );

  it('is walked to its end while workers take from it', () =>
    scene(async ({ redis, ...server }, adapter, base) => {
      const ids = await seedJobs(
        { redis, ...server },
        '6',
        'letters',
        times(600, (n) => ({ state: 'waiting', type: n % 3 ? 'keep' : 'old' })),
      );
      const taken = new Set<string>();
      const removed: string[] = [];
      const request = { selection: { ...inState('letters', 'waiting'), types: ['old'] }, action: remove, size: 10 };
      for await (const claim of opsOf({ adapter }, 'remove').claim(request)) {
        const outcomes = await claim.apply(claim.jobs);
        removed.push(...outcomes.filter(({ result }) => result === 'done').map(({ ref }) => ref.id));
        await claim.release();
        for (let n = 0; n < 7; n += 1) taken.add((await redis.rpoplpush(`${base}wait`, `${base}active`)) ?? '');
        await seedJobs({ redis, ...server }, '6', 'letters', [{ state: 'waiting', type: 'keep' }]);
      }
      const old = ids.filter((id, index) => index % 3 === 0 && !taken.has(id));
      expect(removed.filter((id) => !taken.has(id)).sort()).toEqual(old.sort());
    }));
});

describe('a backup', () => {
  it('brings back bytes that are no text, logs, and an id counter that is high enough', () =>
    scene(async ({ redis, ...server }, adapter, base) => {
      const [id = ''] = await seedJobs({ redis, ...server }, '5', 'letters', [{ state: 'dead', id: '4711' }]);
      const bytes = Buffer.from([0x22, 0xff, 0x00, 0xfe, 0x22]);
      await redis.hset(`${base}${id}`, 'data', bytes);
      await redis.hset(`${base}${id}`, Buffer.from([0xc3, 0x28]), bytes);
      await redis.hset(`${base}${id}`, '__proto__', 'x');
      await redis.rpush(`${base}${id}:logs`, 'first', bytes);
      const before = await server.dump();
      const { saved } = await act(opsOf({ adapter }, 'remove'), dead, remove);
      expect(await redis.exists(`${base}${id}`, `${base}${id}:logs`)).toBe(0);
      await redis.set(`${base}id`, '7');
      await putBack(opsOf({ adapter }, 'restore'), saved, false, adapter);
      const counter = await redis.get(`${base}id`);
      expect(counter).toBe('4711');
      const told = (text: string): string => text.replace(/^.*:id .*$/m, '');
      expect(told(await server.dump())).toBe(told(before));
    }));

  it('brings back the window in time of a deduplication id, and no id that a dead job would keep for ever', () =>
    scene(async (server, adapter, base) => {
      const [id = ''] = await seedJobs(server, '6', 'letters', [
        { state: 'dead', key: 'w' },
        { state: 'waiting', key: 'k' },
      ]);
      await server.redis.set(`${base}de:w`, id, 'PX', 600_000);
      const { saved } = await act(opsOf({ adapter }, 'remove'), inState('letters', 'dead', 'waiting'), remove);
      expect(await server.redis.exists(`${base}de:w`, `${base}de:k`)).toBe(0);
      expect(told((await putBack(opsOf({ adapter }, 'restore'), saved, false, adapter)).outcomes)).toHaveLength(2);
      expect(await server.redis.get(`${base}de:w`)).toBe(id);
      expect(await server.redis.pttl(`${base}de:w`)).toBeGreaterThan(500_000);
      expect(await server.redis.exists(`${base}de:k`)).toBe(0);
    }));

  it('brings back dead what would run by itself, and does not say that it had failed', () =>
    scene(async (server, adapter) => {
      const [id = ''] = await seedJobs(server, '6', 'letters', [{ state: 'waiting' }]);
      const { saved } = await act(opsOf({ adapter }, 'remove'), inState('letters', 'waiting'), remove);
      await putBack(opsOf({ adapter }, 'restore'), saved, false, adapter);
      const detail = await adapter.find(id, 'letters');
      expect(detail?.job).toMatchObject({ state: 'dead', attempts: 0 });
      expect(detail?.notes).toEqual([]);
    }));

  it('is what is removed: a job that was changed since it was saved stays', () =>
    scene(async (server, adapter, base) => {
      const [id = ''] = await seedJobs(server, '6', 'letters', [{ state: 'dead' }, { state: 'dead' }]);
      for await (const claim of opsOf({ adapter }, 'remove').claim({ selection: dead, action: remove, size: 5 })) {
        await server.redis.hset(`${base}${id}`, 'data', '{"new":1}');
        expect(told(await claim.apply(claim.jobs))).toEqual([`${id}: skipped state-changed`, '2: done']);
        await claim.release();
      }
    }));
});

describe('an undo of an undo', () => {
  it('takes the deduplication id again, and leaves a job whose id another has by now', () =>
    scene(async (server, adapter, base) => {
      const [free = '', taken = ''] = await seedJobs(server, '6', 'letters', [
        { state: 'dead', key: 'k1' },
        { state: 'dead', key: 'k2' },
      ]);
      const owners = () => server.redis.mget(`${base}de:k1`, `${base}de:k2`);
      const replayed = await act(opsOf({ adapter }, 'replay'), dead, replay);
      expect(await owners()).toEqual([free, taken]);
      const back = opsOf({ adapter }, 'revert');
      const undone = await putBack(back, replayed.saved, true, adapter, replayed.marks[0]);
      expect(await owners()).toEqual([null, null]);
      const [other = ''] = await seedJobs(server, '6', 'letters', [{ state: 'waiting', key: 'k2' }]);
      const again = await putBack(back, undone.jobs, true, adapter, undone.mark);
      expect(told(again.outcomes)).toEqual([`${free}: done`, `${taken}: skipped duplicate`]);
      expect(await owners()).toEqual([free, other]);
      expect((await server.redis.lrange(`${base}wait`, 0, -1)).sort()).toEqual([free, other]);
      expect(await server.redis.zrange(`${base}failed`, '0', '-1')).toEqual([taken]);
    }));

  it('of a cancel cancels again, and the next one brings the job back again', () =>
    scene(async (server, adapter, base) => {
      const ids = await seedJobs(server, '6', 'letters', [{ state: 'delayed' }, { state: 'waiting' }]);
      const standing = async (): Promise<string> => (await server.dump()).replace(/.*:marker .*\n/, '');
      const before = await standing();
      const cancelled = await act(opsOf({ adapter }, 'cancel'), inState('letters', 'delayed', 'waiting'), {
        verb: 'cancel',
      });
      const after = await standing();
      const back = opsOf({ adapter }, 'revert');
      for (const [nth, mark] of cancelled.marks.entries()) {
        let last: { jobs: readonly SavedJob[]; mark: string } = { jobs: cancelled.saved.slice(nth, nth + 1), mark };
        const id = last.jobs[0]?.job.id ?? '';
        for (const exists of [1, 0, 1, 0]) {
          const next = await putBack(back, last.jobs, true, adapter, last.mark);
          expect(told(next.outcomes)).toEqual([`${id}: done`]);
          expect(told(await back.settle({ action: 'revert', mark: next.mark, jobs: next.jobs }))).toEqual([
            `${id}: done`,
          ]);
          expect(await server.redis.exists(`${base}${id}`)).toBe(exists);
          last = next;
        }
      }
      expect(await standing()).toBe(after);
      expect(before).not.toBe(after);
      expect(ids).toHaveLength(2);
    }));
});

describe('the lock', () => {
  it('is looked at by every write: who has lost it writes nothing', () =>
    scene(async (server, adapter) => {
      await seedJobs(server, '6', 'letters', [{ state: 'dead' }]);
      const lock = await requireOps('', 'lock', adapter.can.lock).acquire({
        queues: ['letters'],
        holder: 'run 1',
        waitMs: 0,
      });
      const claims = opsOf({ adapter }, 'replay').claim({ selection: dead, action: replay, size: 5 });
      for await (const claim of claims) {
        await server.redis.set(`${server.prefix}:.jobctl:letters:lock`, 'of another');
        const before = await server.dump();
        await expect(claim.apply(claim.jobs)).rejects.toMatchObject({ code: 'JOBCTL_LOCKED' });
        expect(lock.lost.aborted).toBe(true);
        expect(await server.dump()).toBe(before);
        await claim.release();
      }
    }));

  it('of a process of this machine that is no more is taken at once', () =>
    scene(async (server, adapter) => {
      const ops = requireOps('', 'lock', adapter.can.lock);
      const request = { queues: ['letters'], holder: 'run 1', waitMs: 0 };
      const key = `${server.prefix}:.jobctl:letters:lock`;
      const lock = await ops.acquire(request);
      const held = (await server.redis.get(key)) ?? '';
      await lock.release();
      const gone = JSON.stringify({ ...JSON.parse(held), pid: 2 ** 22 + 1 });
      await server.redis.set(key, gone);
      await (await ops.acquire(request)).release();
      await server.redis.set(key, gone.replace('"on":"', '"on":"elsewhere '));
      await expect(ops.acquire(request)).rejects.toMatchObject({ code: 'JOBCTL_LOCKED' });
    }));
});

describe('a pause', () => {
  it.each(['5', '6'] as const)('and the end of it lose no job of layout v%s', (version) =>
    scene(async ({ redis, ...server }, adapter, base) => {
      if (adapter.can.pause === undefined) throw new Error('no pause');
      const ops = requireOps('', 'pause', adapter.can.pause);
      await seedJobs({ redis, ...server }, version, 'letters', [
        { state: 'waiting' },
        { state: 'waiting', priority: 2 },
      ]);
      expect(await ops.pause('letters')).toMatchObject({ paused: true });
      expect(await redis.llen(`${base}${version === '5' ? 'paused' : 'wait'}`)).toBe(1);
      expect(await ops.pause('letters')).toMatchObject({ paused: true });
      await redis.lpush(`${base}wait`, ...times(12_000, (n) => `w${n}`));
      await redis.lpush(`${base}paused`, ...times(12_000, (n) => `p${n}`));
      const there = (await redis.llen(`${base}wait`)) + (await redis.llen(`${base}paused`));
      expect(await ops.resume('letters')).toMatchObject({ paused: false });
      expect([await redis.llen(`${base}wait`), await redis.llen(`${base}paused`)]).toEqual([there, 0]);
      expect(await redis.zscore(`${base}marker`, '0')).toBe('0');
    }),
  );
});

it('jobs are added as the library adds them', () =>
  scene(async (server, adapter, base) => {
    if (adapter.can.enqueue === undefined) throw new Error('no enqueue');
    const ops = requireOps('', 'enqueue', adapter.can.enqueue);
    await server.redis.hset(`${base}meta`, 'version', 'bullmq:6.7.0');
    const told = await ops.enqueue('letters', [
      { type: 'mail', payload: '{"n":1}', key: 'once', maxAttempts: 3 },
      { type: 'mail', payload: '{"n":2}', key: 'once' },
      { type: 'mail', payload: '{"n":3}', priority: 4 },
      { type: 'mail', payload: '{"n":4}', delaySeconds: 3600 },
      { type: 'mail', payload: 'no json' },
    ]);
    expect(told.map(({ result }) => result)).toEqual(['done', 'duplicate', 'done', 'done', 'failed']);
    const jobs = await jobsOf(adapter, 'letters');
    expect([...jobs.values()].map(({ state, priority, maxAttempts }) => [state, priority, maxAttempts])).toEqual([
      ['waiting', 0, 3],
      ['waiting', 4, 1],
      ['delayed', 0, 1],
    ]);
  }));

it('queues of older layouts are only read', () =>
  scene(async ({ redis }, adapter, base) => {
    await redis.hset(`${base}1`, {
      name: 'mail',
      data: '{}',
      opts: '{}',
      attemptsMade: '3',
      finishedOn: '5',
      failedReason: 'x',
    });
    await redis.zadd(`${base}failed`, 5, '1');
    await redis.hset(`${base}meta`, 'version', 'bullmq:4.18.3');
    await expect(act(opsOf({ adapter }, 'replay'), dead, replay)).rejects.toMatchObject({ code: 'JOBCTL_UNSUPPORTED' });
  }));
