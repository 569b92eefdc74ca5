import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { actOn, type Deed } from '../../src/cli/act.ts';
import { applyPlan } from '../../src/cli/apply-plan.ts';
import { goOn } from '../../src/cli/go-on.ts';
import { planKeeper } from '../../src/cli/plan-keeper.ts';
import type { Pace } from '../../src/operations/ports.ts';
import { appendAudit } from '../../src/safety/audit.ts';
import { readPlanFile } from '../../src/safety/plan-file.ts';
import { readRun } from '../../src/safety/run-folder.ts';
import { unanswered } from '../operations/faulty.ts';
import { openStage, portsOf, replay } from '../operations/stage.ts';
import { pace, sessionOf } from './session.ts';

/** Dead jobs; the second and the third have been replayed twice already. */
async function scene(count = 4) {
  const stage = await openStage();
  const ids = stage.seed(count, { maxAttempts: 1 });
  const warnings: string[] = [];
  const ports = portsOf(
    (run) => run,
    stage.stateDir,
    stage.log,
    () => stage.adapter,
  );
  ports.show.plan = (plan) => void warnings.splice(0, warnings.length, ...plan.warnings);
  const act = (more: Partial<Deed['selection']> = {}, deed: Partial<Deed> = {}, how: Partial<Pace> = {}) =>
    actOn(
      sessionOf(stage),
      ports,
      { ...pace, ...how },
      { verb: 'replay', action: replay, selection: { queues: ['email'], states: ['dead'], ...more }, ...deed },
    );
  const often = ids.slice(1, 3);
  const runs: string[] = [];
  for (const _ of [1, 2]) {
    runs.push((await act({ ids: often })).run ?? '');
    const worker = stage.memory.worker();
    for (let job = worker.take('email'); job !== undefined; job = worker.take('email')) worker.fail(job);
  }
  await appendAudit(stage.stateDir, {
    time: '2026-11-24T03:41:09.000000Z',
    user: 'ada',
    host: 'web-1',
    context: 'test',
    queues: ['email'],
    verb: 'replay',
    run: runs[0],
    command: [],
    outcome: 'done',
    exitCode: 0,
  });
  const states = () => ids.map((id) => stage.states()[id]);
  const resume = (run: string) => goOn(sessionOf(stage), ports, pace, { run, timeout: '15s' });
  return { stage, ids, often, runs, act, resume, warnings, states, ports };
}

it('a replay that was taken back does not count; one that was taken back and done after all does', async () => {
  const { act, stage, often, runs, states } = await scene();
  const third = await act({ ids: often }, { force: true });
  const undo = await stage.undo(third.run ?? '');
  expect(undo).toMatchObject({ complete: true, outcomes: { done: 2 } });
  expect((await act({}, {}, { dryRun: true })).warnings?.[1]).toBe(
    `Job ${often[0]}: ${runs[1]}, ${runs[0]} by ada@web-1.`,
  );
  await stage.undo(undo.run ?? '');
  expect(states().slice(1, 3)).toEqual(['waiting', 'waiting']);
  const worker = stage.memory.worker();
  for (let job = worker.take('email'); job !== undefined; job = worker.take('email')) worker.fail(job);
  expect((await act({}, {}, { dryRun: true })).warnings?.[1]).toMatch(`Job ${often[0]}: ${third.run}, `);
});

it('those that were replayed twice within a day are left dead, with the reason; the rest goes on', async () => {
  const { act, often, runs, states, warnings } = await scene();
  const lines = [
    '2 of these jobs were replayed twice within a day already: left as they are, unless --force is given.',
    `Job ${often[0]}: ${runs[1]}, ${runs[0]} by ada@web-1.`,
    `Job ${often[1]}: ${runs[1]}, ${runs[0]} by ada@web-1.`,
  ];
  const dry = await act({}, {}, { dryRun: true });
  expect(dry).toMatchObject({ matched: 4, warnings: lines });
  expect(states()).toEqual(['dead', 'dead', 'dead', 'dead']);
  const report = await act();
  expect(warnings).toEqual(lines);
  expect(report).toMatchObject({ matched: 4, complete: false, outcomes: { done: 2, skipped: 2, failed: 0 } });
  expect(report.skipped).toEqual(often.map((id) => ({ id, why: `replayed-twice: by ${runs[1]}, ${runs[0]}` })));
  expect(states()).toEqual(['waiting', 'dead', 'dead', 'waiting']);
});

it('a journal that was damaged later keeps nobody from replaying, and the plan says whose it is', async () => {
  const { stage, act, runs, warnings } = await scene();
  const [damaged = ''] = runs;
  const { journalPath } = await readRun(stage.stateDir, damaged);
  await writeFile(journalPath, `{"at":\n${await readFile(journalPath, 'utf8')}`);
  expect(await act()).toMatchObject({ complete: true, outcomes: { done: 4, skipped: 0 } });
  expect(warnings).toEqual([expect.stringContaining(`The journal of the run ${damaged} cannot be read`)]);
});

it('a replay of nothing but such jobs is refused, whether they are named or all that match', async () => {
  const { act, often, states } = await scene();
  const refused = {
    code: 'JOBCTL_REFUSED',
    message: expect.stringMatching(/^2 jobs were replayed twice within a day already.*\n {2}job 2: .*by ada@web-1/),
    next: expect.arrayContaining(['Add --force to replay them once more.']),
  };
  await expect(act({ ids: often })).rejects.toMatchObject(refused);
  await expect(act({ ids: often }, {}, { dryRun: true })).rejects.toMatchObject(refused);
  expect(await act({ ids: ['1', '4'] })).toMatchObject({ complete: true, outcomes: { done: 2, skipped: 0 } });
  await expect(act()).rejects.toMatchObject(refused);
  expect(await act({ ids: often }, { force: true })).toMatchObject({ complete: true, outcomes: { done: 2 } });
  expect(states()).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
});

it('a limit counts those that are replayed, and a resumed run still leaves the others alone', async () => {
  const few = await scene();
  expect(await few.act({}, { limit: 2 })).toMatchObject({ outcomes: { done: 2, skipped: 2 } });
  const { stage, act, resume, often, ids } = await scene(12);
  stage.adapter = unanswered(stage.memory, 2, false);
  const broken = await act();
  expect(broken).toMatchObject({ complete: false, outcomes: { unknown: expect.any(Number) } });
  stage.adapter = stage.memory;
  expect(await resume(broken.run ?? '')).toMatchObject({
    complete: false,
    outcomes: { done: 10, skipped: 2, unknown: 0 },
  });
  expect(ids.filter((id) => stage.states()[id] === 'dead')).toEqual(often);
});

it('a plan for later names them, and what applies it leaves them alone', async () => {
  const { stage, act, often, runs, states, ports } = await scene();
  const path = join(stage.stateDir, 'plan.json');
  Object.assign(ports, { keep: planKeeper(path, {}) });
  await act({}, {}, { dryRun: true });
  const file = await readPlanFile(path);
  expect(file.plan.task).toMatchObject({ spared: often.map((id) => ({ id, runs: [runs[1], runs[0]] })) });
  const order = { path, file, line: 'jobctl replay email', maxAge: '24h', timeout: '15s' };
  const { keep: _keep, ...later } = ports;
  const report = await applyPlan(sessionOf(stage), later, pace, order, () => {});
  expect(report).toMatchObject({ matched: 4, outcomes: { done: 2, skipped: 2 } });
  expect(states()).toEqual(['waiting', 'dead', 'dead', 'waiting']);
});
