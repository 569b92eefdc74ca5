import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listRuns } from '../../src/safety/run-list.ts';
import { times } from '../../src/testkit/act.ts';
import { createBullmqTables, queueOf, seedJobs, workerOf } from '../setup/bullmq-postgres.ts';
import type { SchemaDatabase } from '../setup/databases.ts';
import { isLong } from '../setup/long.ts';
import { carryOut, type Order, openAt, worldOf } from './carry-out.ts';
import { type Death, half } from './kill-points.ts';
import { expectSoundBackup, savedIds } from './scene.ts';
import { testSeed } from './seed.ts';
import { bundleVictim, forEach, type Victims } from './victim.ts';

const JOBS = 12;
const BATCH = 6;
const AT_ONCE = 4;
const seed = testSeed();

let victims: Victims;
let database: SchemaDatabase;
let folder: string;
beforeAll(async () => {
  victims = await bundleVictim();
  database = await createBullmqTables();
  folder = await mkdtemp(join(tmpdir(), 'jobctl-killed-'));
});
afterAll(async () => {
  await victims.remove();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** A job with all that hangs on it, and how often it was put among the waiting. */
interface Row {
  readonly state: string;
  readonly attempts: number;
  readonly whole: string;
  readonly started: number;
}

async function rowsOf(queue: string): Promise<Map<string, Row>> {
  const { rows } = await database.pool.query<Row & { id: string }>(
    `SELECT j.id, j.state::text AS state, j.attempts_made AS attempts,
            json_build_array(to_jsonb(j) - 'stalled_marked', (SELECT json_agg(l.row ORDER BY l.idx) FROM job_log l WHERE l.queue = j.queue AND l.job_id = j.id),
              (SELECT json_agg(h.*) FROM dedup h WHERE h.queue = j.queue AND h.job_id = j.id))::text AS whole,
            (SELECT count(*)::int FROM event e WHERE e.queue = j.queue AND e.event = 'waiting' AND e.data ->> 'jobId' = j.id) AS started
       FROM job j WHERE j.queue = $1`,
    [queue],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

async function carry(stateDir: string, order: Order) {
  const adapter = await openAt(database.url);
  try {
    return await carryOut(worldOf(adapter, stateDir, { batch: BATCH }), order);
  } finally {
    await adapter.close();
  }
}

interface Play {
  readonly prepare: (queue: string, stateDir: string) => Promise<Order>;
  /** `first`: as the jobs died, before anything was done to them. */
  readonly over: (row: Row | undefined, first: Row | undefined) => void;
}

const back = (row: Row | undefined, first: Row | undefined): void => expect(row?.whole).toBe(first?.whole);

const plays: Record<string, Play> = {
  replay: {
    prepare: async (queue) => ({ verb: 'replay', queue }),
    over: (row) => expect(row).toMatchObject({ state: 'waiting', attempts: 0, started: 1 }),
  },
  purge: {
    prepare: async (queue) => ({ verb: 'purge', queue }),
    over: (row) => expect(row).toBeUndefined(),
  },
  restore: {
    prepare: async (queue, stateDir) => ({
      verb: 'restore',
      run: (await carry(stateDir, { verb: 'purge', queue })).run ?? '',
    }),
    over: back,
  },
  'undo of a replay': {
    prepare: async (queue, stateDir) => ({
      verb: 'undo',
      run: (await carry(stateDir, { verb: 'replay', queue })).run ?? '',
    }),
    over: back,
  },
};

let count = 0;

async function begin(play: Play) {
  count += 1;
  const queue = `queue-${count}`;
  const stateDir = join(folder, queue);
  const jobs = times(JOBS, (n) => ({ state: 'dead', attempts: 3, priority: n % 3, key: `key-${n}` }) as const);
  const ids = await seedJobs(database, queue, jobs);
  await database.pool.query(
    `INSERT INTO job_log (queue, job_id, idx, row) SELECT queue, id, 0, 'it was tried' FROM job WHERE queue = $1`,
    [queue],
  );
  const first = await rowsOf(queue);
  const order = await play.prepare(queue, stateDir);
  const earlier = new Set((await listRuns(stateDir)).map(({ id }) => id));
  return { queue, stateDir, ids, first, order, earlier };
}

async function killAndResume(play: Play, death: Death): Promise<string> {
  const { queue, stateDir, ids, first, order, earlier } = await begin(play);
  expect(await victims.sendOut({ url: database.url, stateDir, order, death })).toBeUndefined();
  const there = await rowsOf(queue);
  const saved = await savedIds(stateDir);
  expect(ids.filter((id) => !there.has(id) && !saved.has(id))).toEqual([]);
  const begun = (await listRuns(stateDir)).find(({ id, state }) => !earlier.has(id) && state !== 'damaged');
  if (begun?.state !== 'finished') {
    const next: Order = begun === undefined ? order : { verb: 'resume', run: begun.id };
    const report = await carry(stateDir, next);
    expect(report).toMatchObject({ complete: true, outcomes: { done: JOBS, skipped: 0, failed: 0, unknown: 0 } });
    await expectSoundBackup(stateDir, report.run ?? '');
  }
  const rows = await rowsOf(queue);
  expect([...rows.keys()].filter((id) => !first.has(id))).toEqual([]);
  for (const id of ids) play.over(rows.get(id), first.get(id));
  expect((await listRuns(stateDir)).filter(({ state }) => state === 'unfinished')).toEqual([]);
  return queue;
}

/** What the library's own worker takes from the queue. */
async function taken(queue: string): Promise<string[]> {
  const worker = workerOf(database, queue, null, { autorun: false, skipStalledCheck: true });
  const ids: string[] = [];
  for (;;) {
    const job = await worker.getNextJob('token', { block: false });
    if (job === undefined) break;
    ids.push(job.id ?? '');
    await job.moveToCompleted('done', 'token', false);
  }
  await worker.close();
  return ids;
}

describe.each(Object.entries(plays))("%s in BullMQ's Postgres backend, killed", (name, play) => {
  it('before its steps, or with a COMMIT on its way: nothing is lost, and resume does each job once', {
    timeout: 120_000,
  }, async () => {
    const { stateDir, order } = await begin(play);
    const whole = await victims.sendOut({ url: database.url, stateDir, order, death: { at: 'never', number: 0 } });
    expect(whole?.commits).toBe(JOBS / BATCH);
    const points = (at: Death['at'], length = 0): Death[] => times(length, (n) => ({ at, number: n + 1 }));
    const steps = points('step', whole?.names.length);
    expect(steps.length).toBeGreaterThan(6 + 5 * (JOBS / BATCH));
    const deaths = [...(isLong ? steps : half(steps, seed)), ...points('commit', whole?.commits)];
    let last = '';
    await forEach(deaths, AT_ONCE, async (death) => {
      last = await killAndResume(play, death);
    });
    const runs = await taken(last);
    expect(new Set(runs).size).toBe(runs.length);
    expect(runs).toHaveLength(name === 'replay' ? JOBS : 0);
  });
});

describe("a job scheduler in BullMQ's Postgres backend, killed", () => {
  const start = { remove: undefined, pause: undefined, put: 'remove', resume: 'pause' } as const;

  async function prepare(deed: keyof typeof start): Promise<{ queue: string; stateDir: string; order: Order }> {
    count += 1;
    const queue = `queue-${count}`;
    const stateDir = join(folder, queue);
    const library = queueOf(database, queue);
    await library.upsertJobScheduler('nightly', { pattern: '0 3 1 1 *' }, { name: 'tidy', data: { n: 1 } });
    await library.close();
    const order = { verb: 'schedule', queue, id: 'nightly' } as const;
    const first = start[deed];
    if (first === undefined) return { queue, stateDir, order: { ...order, deed } };
    const { run } = await carry(stateDir, { ...order, deed: first });
    return { queue, stateDir, order: { ...order, deed, run: run ?? '' } };
  }

  /** The scheduler, its next run, and what is kept of a paused one. */
  async function parts(queue: string): Promise<number[]> {
    const { rows } = await database.pool.query(
      `SELECT (SELECT count(*)::int FROM scheduler WHERE queue = $1) AS a, (SELECT count(*)::int FROM job WHERE queue = $1) AS b,
              (SELECT count(*)::int FROM meta WHERE queue = $1 AND field LIKE 'jobctl%') AS c`,
      [queue],
    );
    return Object.values(rows[0] as Record<string, number>);
  }

  const there = [1, 1, 0];
  const ends = { remove: [0, 0, 0], pause: [0, 0, 1], put: there, resume: there };

  it.each(Object.keys(ends) as (keyof typeof ends)[])(
    '%s: it is there whole or gone whole, and resume ends it',
    async (deed) => {
      const walk = await prepare(deed);
      const before = await parts(walk.queue);
      const whole = await victims.sendOut({ url: database.url, ...walk, death: { at: 'never', number: 0 } });
      expect(await parts(walk.queue)).toEqual(ends[deed]);
      const deaths = times(whole?.commits ?? 0, (n): Death => ({ at: 'commit', number: n + 1 }));
      expect(deaths).toHaveLength(deed === 'put' || deed === 'resume' ? 1 : 2);
      await forEach(deaths, AT_ONCE, async (death) => {
        const { queue, stateDir, order } = await prepare(deed);
        const earlier = new Set((await listRuns(stateDir)).map(({ id }) => id));
        expect(await victims.sendOut({ url: database.url, stateDir, order, death })).toBeUndefined();
        expect([before, ends[deed]]).toContainEqual(await parts(queue));
        const begun = (await listRuns(stateDir)).find(({ id }) => !earlier.has(id));
        const next: Order = begun === undefined ? order : { verb: 'resume', run: begun.id };
        const report = await carry(stateDir, next);
        expect(report).toMatchObject({ complete: true, outcomes: { done: 1, unknown: 0 } });
        expect(await parts(queue)).toEqual(ends[deed]);
      });
    },
  );
});
