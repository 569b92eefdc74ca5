import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/domain/plan.ts';
import { listRuns } from '../../src/safety/run-list.ts';
import { isLong } from '../setup/long.ts';
import { makeActive, makeDead } from '../setup/procrastinate.ts';
import { carryOut, type Order, worldOf } from './carry-out.ts';
import { type Death, half } from './kill-points.ts';
import { expectNothingLost, expectSoundBackup, openScene, type Row, rowsOf, type Scene } from './scene.ts';
import { testSeed } from './seed.ts';
import { bundleVictim, forEach, type Victims } from './victim.ts';

const BATCH = 6;
const AT_ONCE = 4;

/** A write, what it needs to be there, and how the jobs must stand once it is over. */
interface Play {
  readonly jobs: number;
  /** On every change at each step, the others at every second one: the pipeline is the same. */
  readonly every?: true;
  /** Its journal and its backup are read back in a way of their own, so they are torn as well. */
  readonly torn?: true;
  readonly prepare: (
    scene: Scene,
    queue: string,
    stateDir: string,
    jobs: number,
  ) => Promise<{ ids: string[]; order: Order }>;
  readonly over: (row: Row | undefined, before: Row | undefined) => void;
}

const dead = (scene: Scene, queue: string, jobs: number): Promise<string[]> =>
  makeDead(scene.database.pool, jobs, { queue, args: (n) => ({ n, big: 9007199254740993n.toString() }) });

async function after(scene: Scene, stateDir: string, order: Order): Promise<string> {
  const adapter = await scene.peer();
  const { run } = await carryOut(worldOf(adapter, stateDir), order);
  await adapter.close();
  return run ?? '';
}

/** What the library itself has noted since, but for the planned times that it repeats. */
const added = (row: Row | undefined, before: Row | undefined) =>
  row?.events.slice(before?.events.length).filter((event) => event !== 'scheduled');

const plays: Record<string, Play> = {
  replay: {
    jobs: 18,
    every: true,
    torn: true,
    prepare: async (scene, queue, _, jobs) => ({
      ids: await dead(scene, queue, jobs),
      order: { verb: 'replay', queue },
    }),
    over(row, before) {
      expect(row).toMatchObject({ status: 'todo', attempts: 0 });
      expect(added(row, before)).toEqual(['retried']);
    },
  },
  purge: {
    jobs: 12,
    torn: true,
    prepare: async (scene, queue, _, jobs) => ({
      ids: await dead(scene, queue, jobs),
      order: { verb: 'purge', queue },
    }),
    over: (row) => expect(row).toBeUndefined(),
  },
  reset: {
    jobs: 12,
    async prepare({ database }, queue, _, jobs) {
      const { ids } = await makeActive(database.pool, jobs, { queue, worker: 'crashed' });
      return { ids, order: { verb: 'reset', queue } };
    },
    over(row, before) {
      expect(row).toMatchObject({ status: 'todo', attempts: 1 });
      expect(added(row, before)).toEqual(['deferred_for_retry']);
    },
  },
  restore: {
    jobs: 12,
    torn: true,
    async prepare(scene, queue, stateDir, jobs) {
      const ids = await dead(scene, queue, jobs);
      return { ids, order: { verb: 'restore', run: await after(scene, stateDir, { verb: 'purge', queue }) } };
    },
    over: (row) =>
      expect(row).toMatchObject({ status: 'failed', attempts: 1, events: ['deferred', 'started', 'failed'] }),
  },
  'undo of a replay': {
    jobs: 12,
    async prepare(scene, queue, stateDir, jobs) {
      const ids = await dead(scene, queue, jobs);
      return { ids, order: { verb: 'undo', run: await after(scene, stateDir, { verb: 'replay', queue }) } };
    },
    over: (row) =>
      expect(row).toMatchObject({ status: 'failed', attempts: 1, events: ['deferred', 'started', 'failed'] }),
  },
};

let victims: Victims;
beforeAll(async () => {
  victims = await bundleVictim();
});
afterAll(() => victims.remove());

const seed = testSeed();

let count = 0;

/** Kills the write at each of these points, looks whether a job is lost, and takes the run up again. */
async function killAndResume(scene: Scene, play: Play, deaths: readonly Death[]): Promise<void> {
  const queue = `queue-${++count}`;
  const stateDir = await scene.stateDir();
  const { ids, order } = await play.prepare(scene, queue, stateDir, play.jobs);
  const before = await rowsOf(scene, queue);
  const earlier = new Set((await listRuns(stateDir)).map(({ id }) => id));
  const { url } = scene.database;
  let next: Order = order;
  for (const death of deaths) {
    expect(await victims.sendOut({ url, stateDir, order: next, death })).toBeUndefined();
    await expectNothingLost(scene, queue, stateDir, ids);
    const begun = (await listRuns(stateDir)).find(({ id, state }) => !earlier.has(id) && state !== 'damaged');
    if (begun !== undefined) next = { verb: 'resume', run: begun.id };
  }
  const finished = (await listRuns(stateDir)).find(({ id, state }) => !earlier.has(id) && state === 'finished');
  const adapter = await scene.peer();
  try {
    if (finished === undefined) {
      const report = await carryOut(worldOf(adapter, stateDir), next);
      expect(tellOf(report)).toEqual({ done: play.jobs, skipped: 0, failed: 0, unknown: 0, complete: true });
      await expectSoundBackup(stateDir, report.run ?? '');
    } else {
      const again = carryOut(worldOf(adapter, stateDir), { verb: 'resume', run: finished.id });
      await expect(again).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
      await expectSoundBackup(stateDir, finished.id);
    }
  } finally {
    await adapter.close();
  }
  const rows = await rowsOf(scene, queue);
  for (const id of ids) play.over(rows.get(id), before.get(id));
  expect((await listRuns(stateDir)).filter(({ state }) => state === 'unfinished')).toEqual([]);
}

const tellOf = ({ outcomes, complete }: Report) => ({ ...outcomes, complete });

describe.each(Object.entries(plays))('%s, killed', (_, play) => {
  let scene: Scene;
  let whole: { names: readonly string[]; commits: number; writes: number };
  beforeAll(async () => {
    scene = await openScene();
    const stateDir = await scene.stateDir();
    const { order } = await play.prepare(scene, 'whole', stateDir, play.jobs);
    const walked = await victims.sendOut({
      url: scene.database.url,
      stateDir,
      order,
      death: { at: 'never', number: 0 },
    });
    if (walked === undefined) throw new Error('The run died without being told to.');
    whole = walked;
  });
  afterAll(() => scene.drop());

  const points = (at: Death['at'], length: number): Death[] =>
    Array.from({ length }, (_, index) => ({ at, number: index + 1 }));

  it('before any of its steps: no job is lost, and resume does each one once', { timeout: 120_000 }, async () => {
    const deaths = points('step', whole.names.length);
    expect(deaths.length).toBeGreaterThan(6 + 5 * whole.commits);
    await forEach(isLong || play.every ? deaths : half(deaths, seed), AT_ONCE, (death) =>
      killAndResume(scene, play, [death]),
    );
  });

  it('with a COMMIT on its way: resume finds out whether it arrived', { timeout: 120_000 }, async () => {
    expect(whole.commits).toBe(play.jobs / BATCH);
    await forEach(points('commit', whole.commits), AT_ONCE, (death) => killAndResume(scene, play, [death]));
  });

  if (play.torn !== true) return;

  it('in the middle of any write to the backup or the journal', { timeout: 120_000 }, async () => {
    expect(whole.writes).toBeGreaterThan(2 * whole.commits);
    const deaths = points('torn', whole.writes);
    await forEach(isLong ? deaths : half(deaths, seed), AT_ONCE, (death) => killAndResume(scene, play, [death]));
  });

  it('again and again, while it is resumed', { timeout: 120_000 }, async () => {
    const apply = whole.names.indexOf('apply', whole.names.indexOf('apply') + 1) + 1;
    const first: Death = { at: 'step', number: apply };
    await forEach(points('step', 4), AT_ONCE, (death) => killAndResume(scene, play, [first, death]));
  });
});
