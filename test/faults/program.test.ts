import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runWorker } from '../../src/demo/worker.ts';
import type { Report } from '../../src/domain/plan.ts';
import { listRuns } from '../../src/safety/run-list.ts';
import { homeForTest, until } from '../e2e/jobctl.ts';
import { defer, makeDead } from '../setup/procrastinate.ts';
import { carryOut, worldOf } from './carry-out.ts';
import { begun, expectNothingLost, expectSoundBackup, openScene, rowsOf, type Scene, savedIds } from './scene.ts';
import { seededDice } from './seed.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.drop());

const reportIn = ({ stdout }: { stdout: string }): Report => JSON.parse(stdout) as Report;

async function expectReplayed(queue: string, ids: readonly string[]): Promise<void> {
  const rows = await rowsOf(scene, queue);
  for (const id of ids) {
    expect(rows.get(id)).toMatchObject({ status: 'todo', attempts: 0 });
    expect(rows.get(id)?.events.filter((event) => event === 'retried')).toHaveLength(1);
  }
}

describe('the program, killed at any moment', () => {
  const dice = seededDice();

  it.each(['replay', 'purge', 'replay', 'purge'])('goes on with run resume: %s', async (verb) => {
    const queue = `killed-${dice.word()}`;
    const ids = await makeDead(scene.database.pool, 120, { queue, args: (n) => ({ n }) });
    const home = await homeForTest(scene.database.url);
    const more = verb === 'purge' ? ['--state', 'dead', '--confirm', queue] : ['--yes'];
    const { child, ended } = home.start([verb, queue, ...more, '--batch', '10', '--rate', '400/s', '--json']);
    await until('a run', async () => (await listRuns(home.stateDir))[0]);
    await new Promise((resolve) => setTimeout(resolve, dice.upTo(350)));
    child.kill('SIGKILL');
    await ended;
    await expectNothingLost(scene, queue, home.stateDir, ids);
    const [run] = await listRuns(home.stateDir);
    if (run?.state === 'unfinished') {
      const consent = verb === 'purge' ? ['--confirm', queue] : ['--yes'];
      const again = await home.run(['run', 'resume', run.id, ...consent, '--wait-lock', '20s', '--json']);
      expect(again).toMatchObject({ code: 0 });
      const { outcomes, complete } = reportIn(again);
      expect({ complete, ...outcomes }).toEqual({ complete: true, done: 120, skipped: 0, failed: 0, unknown: 0 });
    }
    if (run?.state === 'damaged') return; // killed before its plan was on the disk: nothing has begun
    await expectSoundBackup(home.stateDir, run?.id ?? '');
    if (verb === 'replay') await expectReplayed(queue, ids);
    else expect((await rowsOf(scene, queue)).size).toBe(0);
  });
});

describe('several at once', () => {
  it('one run has the queue: another is told who; on another queue it goes on', async () => {
    const ids = await makeDead(scene.database.pool, 40, { queue: 'busy' });
    await makeDead(scene.database.pool, 3, { queue: 'free' });
    const home = await homeForTest(scene.database.url);
    const slow = home.start(['replay', 'busy', '--yes', '--batch', '4', '--rate', '8/s', '--json']);
    const run = await begun(home.stateDir);
    const [same, other] = await Promise.all([
      home.run(['replay', 'busy', '--yes']),
      home.run(['replay', 'free', '--yes', '--json']),
    ]);
    expect(same.code).toBe(7);
    expect(same.stderr).toMatch(new RegExp(`locked by another run .*pid ${slow.child.pid}\\)`));
    expect(same.stderr).toContain(`The run ${run} works on this queue now.`);
    expect(other.code).toBe(0);
    expect(reportIn(other)).toMatchObject({ complete: true, outcomes: { done: 3 } });

    slow.child.kill('SIGINT');
    const stopped = await slow.ended;
    expect(stopped.code).toBe(130);
    expect(reportIn(stopped)).toMatchObject({ complete: false, stopped: 'stopped on request' });

    const resume = ['run', 'resume', run, '--yes', '--json'];
    const both = await Promise.all([home.run(resume), home.run(resume)]);
    const codes = both.map(({ code }) => code).sort();
    expect([
      [0, 7],
      [0, 4],
    ]).toContainEqual(codes); // 4: it came when the other one had finished the run
    expect(reportIn(both.find(({ code }) => code === 0) ?? { stdout: '' })).toMatchObject({ outcomes: { done: 40 } });
    await expectReplayed('busy', ids);
  });

  it('workers take jobs all the while: each job is replayed once and ends once', async () => {
    const ids = await makeDead(scene.database.pool, 120, { queue: 'lively' });
    const stop = new AbortController();
    const worker = runWorker({
      url: scene.database.url,
      queues: ['lively'],
      handlers: { work: () => {} },
      concurrency: 4,
      pollMs: 50,
      signal: stop.signal,
    });
    const world = worldOf(await scene.peer(), await scene.stateDir(), { batch: 10 });
    const report = await carryOut(world, { verb: 'replay', queue: 'lively' });
    expect(report).toMatchObject({ complete: true, outcomes: { done: 120, skipped: 0 } });
    await until('all jobs done', async () => {
      const rows = [...(await rowsOf(scene, 'lively')).values()];
      return rows.every(({ status }) => status === 'succeeded');
    });
    stop.abort();
    expect(await worker).toMatchObject({ succeeded: 120, failed: 0 });
    const rows = await rowsOf(scene, 'lively');
    for (const id of ids)
      for (const event of ['retried', 'succeeded'])
        expect(rows.get(id)?.events.filter((one) => one === event)).toHaveLength(1);
  });

  it('a purge and the workers share the waiting jobs: each one is done or saved, never both', async () => {
    const { pool, url } = scene.database;
    const ids: string[] = [];
    for (let n = 0; n < 120; n += 1) ids.push(await defer(pool, { queue: 'shared' }));
    const stop = new AbortController();
    const worker = runWorker({
      url,
      queues: ['shared'],
      handlers: { work: () => {} },
      pollMs: 50,
      signal: stop.signal,
    });
    await until('the first job', async () =>
      [...(await rowsOf(scene, 'shared')).values()].some(({ attempts }) => attempts > 0),
    );
    const stateDir = await scene.stateDir();
    const world = worldOf(await scene.peer(), stateDir, { batch: 5 });
    const report = await carryOut(world, { verb: 'purge', queue: 'shared', states: ['waiting'] });
    await until('the rest', async () =>
      [...(await rowsOf(scene, 'shared')).values()].every(({ status }) => status === 'succeeded'),
    );
    stop.abort();
    const { succeeded } = await worker;
    const there = await rowsOf(scene, 'shared');
    const saved = await savedIds(stateDir);
    expect(saved.size).toBe(report.outcomes.done);
    expect(succeeded).toBe(there.size);
    expect([...there.keys(), ...saved].sort()).toEqual([...ids].sort());
    for (const { events } of there.values()) expect(events.filter((one) => one === 'succeeded')).toHaveLength(1);
  });
});
