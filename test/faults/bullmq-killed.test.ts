import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Opening } from '../../src/adapters/registry.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import { listRuns } from '../../src/safety/run-list.ts';
import { times } from '../../src/testkit/act.ts';
import { seedJobs } from '../setup/bullmq-seed.ts';
import { isLong } from '../setup/long.ts';
import { createRedis, type TestRedis } from '../setup/redis.ts';
import { carryOut, type Order, openAt, worldOf } from './carry-out.ts';
import { type Death, half } from './kill-points.ts';
import { expectSoundBackup, savedIds } from './scene.ts';
import { testSeed } from './seed.ts';
import { bundleVictim, forEach, type Victims } from './victim.ts';

const JOBS = 12;
const AT_ONCE = 4;
const seed = testSeed();

let victims: Victims;
let server: TestRedis;
let folder: string;
beforeAll(async () => {
  victims = await bundleVictim();
  server = createRedis('killed');
  folder = await mkdtemp(join(tmpdir(), 'jobctl-killed-'));
});
afterAll(async () => {
  await victims.remove();
  await server.drop();
  await rm(folder, { recursive: true, force: true });
});

const url = (): string => `${server.url}/0?prefix=${server.prefix}`;

async function withAdapter<T>(work: (adapter: QueueAdapter) => Promise<T>, letters?: Letters): Promise<T> {
  const adapter = await openAt(url(), { deadLetters: letters });
  try {
    return await work(adapter);
  } finally {
    await adapter.close();
  }
}

type Letters = Opening['deadLetters'];
const shelf = (queue: string): string => `${queue}-dead`;
const lettersOf = (queue: string) => ({ [queue]: { queue: shelf(queue), payload: 'data' } });

interface Play {
  /** The jobs lie in a queue of their own, wrapped as `{data}`. */
  readonly apart?: true;
  /** Also killed before each step of the pipeline, and not only with each script on its way. */
  readonly steps?: true;
  readonly prepare: (queue: string, stateDir: string) => Promise<Order>;
  readonly over: (queue: string, ids: readonly string[]) => Promise<void>;
}

const plays: Record<string, Play> = {
  replay: {
    steps: true,
    prepare: async (queue) => ({ verb: 'replay', queue }),
    async over(queue, ids) {
      const base = `${server.prefix}:${queue}:`;
      expect((await server.redis.lrange(`${base}wait`, 0, -1)).sort()).toEqual([...ids].sort());
      expect(await server.redis.zcard(`${base}failed`)).toBe(0);
      for (const id of ids) expect(await server.redis.hexists(`${base}${id}`, 'finishedOn')).toBe(0);
    },
  },
  purge: {
    prepare: async (queue) => ({ verb: 'purge', queue }),
    async over(queue, ids) {
      const base = `${server.prefix}:${queue}:`;
      expect(await server.redis.exists(`${base}failed`, ...ids.map((id) => `${base}${id}`))).toBe(0);
    },
  },
  'replay from a dead-letter queue': {
    apart: true,
    prepare: async (queue) => ({ verb: 'replay', queue }),
    async over(queue, ids) {
      const base = `${server.prefix}:${queue}:`;
      const waiting = await server.redis.lrange(`${base}wait`, 0, -1);
      const payloads = await Promise.all(waiting.map((id) => server.redis.hget(`${base}${id}`, 'data')));
      expect(payloads.sort()).toEqual(ids.map((_, n) => `{"n":${n}}`).sort());
      const copies = `${server.prefix}:${shelf(queue)}:`;
      expect(await server.redis.exists(`${copies}wait`, ...ids.map((id) => `${copies}${id}`))).toBe(0);
    },
  },
  'undo of a replay from a dead-letter queue': {
    apart: true,
    async prepare(queue, stateDir) {
      const { run } = await withAdapter(
        (adapter) => carryOut(worldOf(adapter, stateDir), { verb: 'replay', queue }),
        lettersOf(queue),
      );
      return { verb: 'undo', run: run ?? '' };
    },
    async over(queue, ids) {
      const copies = `${server.prefix}:${shelf(queue)}:`;
      expect((await server.redis.lrange(`${copies}wait`, 0, -1)).sort()).toEqual([...ids].sort());
      for (const [n, id] of ids.entries())
        expect(await server.redis.hget(`${copies}${id}`, 'data')).toBe(`{"data":{"n":${n}}}`);
      expect(await server.redis.keys(`${server.prefix}:${queue}:[0-9]*`)).toEqual([]);
      expect(await server.redis.exists(`${server.prefix}:${queue}:wait`)).toBe(0);
    },
  },
  'undo of a replay': {
    async prepare(queue, stateDir) {
      const { run } = await withAdapter((adapter) => carryOut(worldOf(adapter, stateDir), { verb: 'replay', queue }));
      return { verb: 'undo', run: run ?? '' };
    },
    async over(queue, ids) {
      const base = `${server.prefix}:${queue}:`;
      expect((await server.redis.zrange(`${base}failed`, '0', '-1')).sort()).toEqual([...ids].sort());
      expect(await server.redis.llen(`${base}wait`)).toBe(0);
      for (const id of ids) expect(await server.redis.hget(`${base}${id}`, 'atm')).toBe('3');
    },
  },
};

let count = 0;

async function begin(play: Play) {
  count += 1;
  const queue = `queue-${count}`;
  const stateDir = join(folder, queue);
  const letters = play.apart ? lettersOf(queue) : undefined;
  if (play.apart) await seedJobs(server, '6', queue, []);
  const ids = await seedJobs(
    server,
    '6',
    play.apart ? shelf(queue) : queue,
    times(JOBS, (n) =>
      play.apart ? { state: 'waiting', payload: `{"data":{"n":${n}}}` } : { state: 'dead', attempts: 3 },
    ),
  );
  const order = await play.prepare(queue, stateDir);
  const earlier = new Set((await listRuns(stateDir)).map(({ id }) => id));
  return { queue, letters, stateDir, ids, order, earlier };
}

async function killAndResume(play: Play, death: Death): Promise<void> {
  const { queue, letters, stateDir, ids, order, earlier } = await begin(play);
  expect(await victims.sendOut({ url: url(), more: { deadLetters: letters }, stateDir, order, death })).toBeUndefined();
  const home = play.apart ? shelf(queue) : queue;
  const there = await Promise.all(ids.map((id) => server.redis.exists(`${server.prefix}:${home}:${id}`)));
  const saved = await savedIds(stateDir);
  const shownId = (id: string): string => (play.apart ? `${home}:${id}` : id);
  expect(ids.filter((id, index) => there[index] === 0 && !saved.has(shownId(id)))).toEqual([]);
  const begun = (await listRuns(stateDir)).find(({ id, state }) => !earlier.has(id) && state !== 'damaged');
  if (begun?.state !== 'finished') {
    const next: Order = begun === undefined ? order : { verb: 'resume', run: begun.id };
    const report = await withAdapter((adapter) => carryOut(worldOf(adapter, stateDir), next), letters);
    expect(report).toMatchObject({ complete: true, outcomes: { done: JOBS, skipped: 0, failed: 0, unknown: 0 } });
    await expectSoundBackup(stateDir, report.run ?? '');
  }
  await play.over(queue, ids);
  expect((await listRuns(stateDir)).filter(({ state }) => state === 'unfinished')).toEqual([]);
}

describe.each(Object.entries(plays))('%s of BullMQ jobs, killed', (_, play) => {
  let whole: { names: readonly string[]; commits: number };
  beforeAll(async () => {
    const { letters, stateDir, order } = await begin(play);
    const walked = await victims.sendOut({
      url: url(),
      more: { deadLetters: letters },
      stateDir,
      order,
      death: { at: 'never', number: 0 },
    });
    if (walked === undefined) throw new Error('The run died without being told to.');
    whole = walked;
  });

  const points = (at: Death['at'], length: number): Death[] => times(length, (index) => ({ at, number: index + 1 }));

  it('with a script on its way: resume finds out whether it arrived', { timeout: 120_000 }, async () => {
    expect(whole.commits).toBeGreaterThan(5);
    await forEach(points('commit', whole.commits), AT_ONCE, (death) => killAndResume(play, death));
  });

  if (play.steps !== true) return;

  it('before any of its steps: no job is lost, and resume does each one once', { timeout: 120_000 }, async () => {
    const deaths = points('step', whole.names.length);
    await forEach(isLong ? deaths : half(deaths, seed), AT_ONCE, (death) => killAndResume(play, death));
  });
});

describe('a job scheduler that is removed, and put back, killed', () => {
  const nextRun = 4_102_444_800_000;
  const scheduler = { name: 'tidy', every: '60000', ic: '1', data: '{}', opts: '{}' };

  async function prepare(deed: 'remove' | 'put'): Promise<{ queue: string; stateDir: string; order: Order }> {
    count += 1;
    const queue = `queue-${count}`;
    const stateDir = join(folder, queue);
    const base = `${server.prefix}:${queue}:`;
    await seedJobs(server, '6', queue, []);
    await server.redis.zadd(`${base}repeat`, nextRun, 'nightly');
    await server.redis.hset(`${base}repeat:nightly`, scheduler);
    await server.redis.zadd(`${base}delayed`, nextRun * 4096, `repeat:nightly:${nextRun}`);
    await server.redis.hset(`${base}repeat:nightly:${nextRun}`, {
      name: 'tidy',
      data: '{}',
      opts: '{}',
      rjk: 'nightly',
    });
    const order: Order = { verb: 'schedule', deed: 'remove', queue, id: 'nightly' };
    if (deed === 'remove') return { queue, stateDir, order };
    const { run } = await withAdapter((adapter) => carryOut(worldOf(adapter, stateDir), order));
    return { queue, stateDir, order: { ...order, deed, run: run ?? '' } };
  }

  /** The scheduler, its place and its next run: all of them or none. */
  async function parts(queue: string): Promise<number[]> {
    const base = `${server.prefix}:${queue}:`;
    const [repeat, delayed] = [await server.redis.zcard(`${base}repeat`), await server.redis.zcard(`${base}delayed`)];
    const hashes = [`${base}repeat:nightly`, `${base}repeat:nightly:${nextRun}`];
    return [repeat, delayed, await server.redis.exists(...hashes)];
  }

  it.each(['remove', 'put'] as const)('%s: it is there whole or gone whole, and resume ends it', async (deed) => {
    const walk = await prepare(deed);
    const whole = await victims.sendOut({ url: url(), ...walk, death: { at: 'never', number: 0 } });
    const ended = deed === 'put' ? [1, 1, 2] : [0, 0, 0];
    expect(await parts(walk.queue)).toEqual(ended);
    const deaths = times(whole?.commits ?? 0, (n): Death => ({ at: 'commit', number: n + 1 }));
    expect(deaths.length).toBeGreaterThan(2);
    await forEach(deaths, AT_ONCE, async (death) => {
      const { queue, stateDir, order } = await prepare(deed);
      const earlier = new Set((await listRuns(stateDir)).map(({ id }) => id));
      expect(await victims.sendOut({ url: url(), stateDir, order, death })).toBeUndefined();
      expect([
        [0, 0, 0],
        [1, 1, 2],
      ]).toContainEqual(await parts(queue));
      const begun = (await listRuns(stateDir)).find(({ id }) => !earlier.has(id));
      if (begun?.state !== 'finished') {
        const next: Order = begun === undefined ? order : { verb: 'resume', run: begun.id };
        const report = await withAdapter((adapter) => carryOut(worldOf(adapter, stateDir), next));
        expect(report).toMatchObject({ complete: true, outcomes: { done: 1, unknown: 0 } });
      }
      expect(await parts(queue)).toEqual(ended);
    });
  });
});
