import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { actOn, type Deed } from '../../src/cli/act.ts';
import { addJobs } from '../../src/cli/add-jobs.ts';
import { type ApplyOrder, applyPlan } from '../../src/cli/apply-plan.ts';
import { changeSchedule } from '../../src/cli/change-schedule.ts';
import { planKeeper } from '../../src/cli/plan-keeper.ts';
import { putBack } from '../../src/cli/put-back.ts';
import { switchQueues } from '../../src/cli/switch-queues.ts';
import type { Context } from '../../src/config/context.ts';
import { earlier, secondsBetween } from '../../src/domain/instant.ts';
import type { Report } from '../../src/domain/plan.ts';
import { wayBack } from '../../src/operations/plan-return.ts';
import type { Pace, Ports } from '../../src/operations/ports.ts';
import { rememberedPause } from '../../src/safety/pauses.ts';
import { readPlanFile } from '../../src/safety/plan-file.ts';
import { readRun } from '../../src/safety/run-folder.ts';
import { openStage, portsOf, remove, replay } from '../operations/stage.ts';
import { pace, sessionOf } from './session.ts';

async function scene(seed = 6) {
  const stage = await openStage();
  stage.seed(seed);
  const path = join(stage.stateDir, 'plan.json');
  const base: Ports = portsOf(
    (run) => run,
    stage.stateDir,
    stage.log,
    () => stage.adapter,
  );
  const deed = (more: Partial<Deed> = {}): Deed => ({
    verb: 'replay',
    action: replay,
    selection: { queues: ['email'], states: ['dead'] },
    ...more,
  });
  /** What a command does with --plan-out. */
  const plan = (work: (ports: Ports, dry: Pace) => Promise<Report>, flags = {}) =>
    work({ ...base, keep: planKeeper(path, flags) }, { ...pace, dryRun: true });
  const keep = (more: Partial<Deed> = {}, flags = {}) =>
    plan((ports, dry) => actOn(sessionOf(stage), ports, dry, deed(more)), flags);
  const apply = async (more: Partial<ApplyOrder> = {}, at: Partial<Context> = {}) => {
    const file = await readPlanFile(path);
    const order = { path, file, line: 'jobctl replay email', maxAge: '24h', timeout: '15s', ...more };
    return await applyPlan(sessionOf(stage, at), base, pace, order, () => {});
  };
  return { stage, path, base, plan, keep, apply };
}

it('writes the plan and stops: ids, cutoff, count; for its owner only, and without a payload', async () => {
  const { stage, path, keep } = await scene(3);
  const before = stage.states();
  const report = await keep({ reason: 'see postgres://app:geheim@db/jobs' }, { rate: '5/s', canary: 2 });
  expect(report).toMatchObject({ dryRun: true, matched: 3, planFile: path });
  expect(report.next.at(-1)).toBe(`jobctl apply ${path}`);
  expect(stage.states()).toEqual(before);
  expect(stage.log).toEqual(['plan']);

  const text = await readFile(path, 'utf8');
  expect(text).not.toMatch(/"ada\\?"/); // a digest may hold the letters
  expect(text).not.toContain('geheim');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const { plan, pace: how } = await readPlanFile(path);
  expect(plan).toMatchObject({
    matched: { value: 3, exact: true },
    task: { selection: { ids: ['1', '2', '3'], cutoff: plan.madeAt } },
  });
  expect(how).toMatchObject({ rate: '5/s', canary: 2 });
});

it('no plan is written where there is nothing to do', async () => {
  const { path, keep } = await scene(0);
  expect(await keep()).toMatchObject({ matched: 0, next: ['No plan was written: there is nothing to do.'] });
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('is applied by the pipeline, to the jobs it names and to no others', async () => {
  const { stage, keep, apply } = await scene(3);
  await keep();
  const [late = ''] = stage.seed(1);
  const report = await apply();
  expect(report).toMatchObject({ verb: 'replay', complete: true, outcomes: { done: 3, skipped: 0 } });
  expect(stage.states()).toMatchObject({ 1: 'waiting', 2: 'waiting', 3: 'waiting', [late]: 'dead' });
  expect(stage.log.filter((line) => /^(confirm|lock|audit)/.test(line))).toEqual(['confirm 3', 'lock', 'audit']);
});

it('is refused as stale, with what changed, when a job moved on; nothing is done', async () => {
  const { stage, keep, apply } = await scene(3);
  await keep();
  await stage.act({ more: { ids: ['2'] } });
  const before = stage.states();
  await expect(apply()).rejects.toMatchObject({
    code: 'JOBCTL_STALE',
    exitCode: 6,
    message: expect.stringContaining('1 of its 3 jobs no longer match: 2 (waiting).'),
  });
  expect(stage.states()).toEqual(before);
});

it('a job that moves on between plan and claim is skipped', async () => {
  const { stage, base, keep, apply } = await scene(3);
  await keep();
  const { confirm } = base;
  base.confirm = async (plan) => {
    await confirm(plan);
    stage.memory.take({ queue: 'email', id: '2' });
  };
  expect(await apply()).toMatchObject({ outcomes: { done: 2, skipped: 1 } });
});

it('is refused twice, in another context, on another backend, and when it is too old', async () => {
  const { keep, apply, path } = await scene(2);
  await keep();
  const file = await readPlanFile(path);
  const changed = (more: object) => ({ file: { ...file, plan: { ...file.plan, ...more } } });
  const why: [RegExp, () => Promise<Report>][] = [
    [/made in the context test, this is live/, () => apply({}, { name: 'live' })],
    [/made for postgres\/own/, () => apply(changed({ backend: 'postgres/own' }))],
    [/made for postgres:\/\/ada@db/, () => apply(changed({ where: 'postgres://ada@db/jobs' }))],
    [/--plan-max-age allows 1 h/, () => apply({ ...changed({ madeAt: '2020-01-01T00:00:00.000000Z' }), maxAge: '1h' })],
    [
      /It is 2 min old; --plan-max-age allows 30 s/,
      () => apply({ ...changed({ madeAt: earlier(file.plan.madeAt, 100) }), maxAge: '30s' }),
    ],
    [/lies ahead/, () => apply(changed({ madeAt: '2999-01-01T00:00:00.000000Z' }))],
  ];
  for (const [message, work] of why)
    await expect(work()).rejects.toMatchObject({ code: 'JOBCTL_STALE', message: expect.stringMatching(message) });
  const { run = '' } = await apply();
  await expect(apply()).rejects.toMatchObject({
    code: 'JOBCTL_STALE',
    message: expect.stringContaining(`was applied already: ${run}`),
    next: [`jobctl run show ${run}`],
  });
});

it('the consent is that of the place where it is applied, whatever the file says', async () => {
  const { stage, base, keep, apply } = await scene(1);
  await keep();
  let severity = '';
  base.confirm = async (plan) => {
    severity = plan.severity;
  };
  await apply({}, { protected: true });
  expect(severity).toBe('severe');
  expect(Object.values(stage.states())).toEqual(['waiting']);
});

it.each([
  ['changed by hand', (text: string) => text.replace('"email"', '"reports"'), /changed after it was written/],
  ['with a field nobody knows', (text: string) => text.replace('{', '{"force": true,'), /Unrecognized key/],
  ['cut short', (text: string) => text.slice(0, 100), /not the JSON of a plan/],
  ['of a newer version', (text: string) => text.replace('"schemaVersion": 1', '"schemaVersion": 2'), /newer jobctl/],
])('a plan that is %s is a usage error', async (_name, spoil, message) => {
  const { path, keep } = await scene(1);
  await keep();
  await writeFile(path, spoil(await readFile(path, 'utf8')));
  await expect(readPlanFile(path)).rejects.toMatchObject({
    code: 'JOBCTL_USAGE',
    message: expect.stringMatching(message),
  });
});

it('an undo is planned and applied; the removed jobs come back', async () => {
  const { stage, plan, apply } = await scene(4);
  const { run: id = '' } = await stage.act({ verb: 'remove', action: remove });
  expect(stage.states()).toEqual({});
  const run = await readRun(stage.stateDir, id);
  await plan((ports, dry) =>
    putBack(sessionOf(stage), ports, dry, {
      verb: 'undo',
      via: wayBack(run),
      asWas: true,
      from: { backup: run.backupPath ?? '', run: id },
      warnings: [],
    }),
  );
  expect(await apply()).toMatchObject({ verb: 'undo', complete: true, outcomes: { done: 4 } });
  expect(Object.keys(stage.states())).toHaveLength(4);
});

it('jobs to be added lie in the plan, are added once, and never twice', async () => {
  const { stage, path, plan, apply } = await scene(0);
  stage.seed(1, { state: 'completed' });
  const jobs = (async function* () {
    for (const n of [1, 2]) yield { at: `line ${n}`, job: { type: 'email.send', payload: `{"n":${n}}` } };
  })();
  await plan((ports, dry) =>
    addJobs(sessionOf(stage), ports, dry, {
      verb: 'enqueue',
      queue: 'email',
      jobs,
      skipInvalid: false,
      newQueue: false,
    }),
  );
  expect((await readPlanFile(path)).jobs).toHaveLength(2);
  expect(await apply()).toMatchObject({ verb: 'enqueue', outcomes: { done: 2 } });
  await expect(apply()).rejects.toMatchObject({ code: 'JOBCTL_STALE' });
  expect(Object.values(stage.states()).filter((state) => state === 'waiting')).toHaveLength(2);
});

it('a pause is planned for later, with its length; applied where it is paused already, it is stale', async () => {
  const { stage, plan, apply } = await scene(1);
  const { paused } = stage.memory.store;
  const order = { verb: 'pause', to: 'paused', queues: ['email'], timeout: '15s', for: '30m' } as const;
  const keep = () => plan((ports, dry) => switchQueues(sessionOf(stage), ports, dry, order));
  await keep();
  expect(await apply()).toMatchObject({ verb: 'pause', outcomes: { done: 1 } });
  const { since, until = '' } = (await rememberedPause(stage.stateDir, stage.memory.backend.where, 'email')) ?? {};
  expect(secondsBetween(since ?? '', until)).toBeCloseTo(1800, 0);

  paused.clear();
  await plan((ports, dry) => switchQueues(sessionOf(stage), ports, dry, { ...order, for: undefined }));
  paused.add('email');
  await expect(apply()).rejects.toMatchObject({
    code: 'JOBCTL_STALE',
    message: expect.stringContaining('email is paused already.'),
  });
});

it('a schedule is removed only while it is what the plan saw', async () => {
  const { stage, plan, apply } = await scene(1);
  const { schedules } = stage.memory.store;
  const nightly = { id: 'nightly', queue: 'email', when: '0 3 * * *', payload: '{"token":"geheim"}' };
  schedules.set('email\nnightly', nightly);
  const order = { verb: 'schedule-remove', deed: 'remove', queue: 'email', id: 'nightly' } as const;
  await plan((ports, dry) => changeSchedule(sessionOf(stage), ports, dry, order));
  schedules.set('email\nnightly', { ...nightly, when: '0 4 * * *' });
  await expect(apply()).rejects.toMatchObject({
    message: expect.stringContaining('The schedule nightly was 0 3 * * *, and is 0 4 * * *.'),
  });
  schedules.set('email\nnightly', nightly);
  expect(await apply()).toMatchObject({ outcomes: { done: 1 } });
  expect(schedules.size).toBe(0);
});
