import { copyFile, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
import { createRun, readRun } from '../../src/safety/run-folder.ts';
import { around, openStage, portsOf, remove, replay } from '../operations/stage.ts';
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
  const said: string[] = [];
  const openIn = (stateDir: string): Ports['open'] =>
    stateDir === stage.stateDir ? base.open : async (made) => await createRun(stateDir, made, new Date());
  /** `stateDir`: on another machine. */
  const apply = async (more: Partial<ApplyOrder> = {}, at: Partial<Context> & { stateDir?: string } = {}) => {
    const file = await readPlanFile(path);
    const order = { path, file, line: 'jobctl replay email', maxAge: '24h', timeout: '15s', ...more };
    const { stateDir = stage.stateDir, ...context } = at;
    const session = { ...sessionOf(stage, context), stateDir };
    return await applyPlan(session, { ...base, open: openIn(stateDir) }, pace, order, (text) => void said.push(text));
  };
  return { stage, path, base, plan, keep, apply, said };
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

/** Two jobs to be added, planned; with a key each, or without. */
async function planned(keys?: readonly string[]) {
  const at = await scene(0);
  at.stage.seed(1, { state: 'completed' });
  const jobs = (async function* () {
    for (const n of [1, 2]) {
      const key = keys?.[n - 1];
      const job = { type: 'email.send', payload: `{"n":${n}}`, ...(key === undefined ? {} : { key }) };
      yield { at: `line ${n}`, job };
    }
  })();
  const order = { verb: 'enqueue', queue: 'email', jobs, skipInvalid: false, newQueue: false } as const;
  const report = await at.plan((ports, dry) => addJobs(sessionOf(at.stage), ports, dry, order));
  const waiting = () => Object.values(at.stage.states()).filter((state) => state === 'waiting').length;
  const marks = async () => (await readdir(dirname(at.path))).filter((name) => name.endsWith('.applied'));
  return { ...at, report, waiting, marks, elsewhere: join(at.stage.stateDir, 'elsewhere') };
}

it('a plan of jobs without a key warns that a copy of it adds them again, and names --key', async () => {
  const { report } = await planned();
  expect(report.warnings?.join()).toMatch(/^2 jobs without an idempotency key: .*A copy of the file.*--key/);
  expect((await planned(['a', 'b'])).report.warnings).toBeUndefined();
  expect((await planned(['a'])).report.warnings?.join()).toMatch(/^1 job without/);
});

it('the mark beside the file keeps another machine from applying it again', async () => {
  const { stage, path, apply, waiting, marks, elsewhere, said } = await planned();
  const { run = '' } = await apply();
  const [mark = ''] = await marks();
  expect(mark).toMatch(/^plan\.json\.[0-9a-f]{8}\.applied$/);
  const text = await readFile(join(dirname(path), mark), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ run, user: expect.any(String), host: expect.any(String) });
  await expect(apply({}, { stateDir: elsewhere })).rejects.toMatchObject({
    code: 'JOBCTL_STALE',
    exitCode: 6,
    message: expect.stringMatching(new RegExp(`was applied already by .*@.*: ${run}, says .*\\.applied`)),
  });
  expect([waiting(), said]).toEqual([2, []]);
  await writeFile(join(dirname(path), mark), '{"us'); // a disk that was full: it is there all the same
  await expect(apply({}, { stateDir: elsewhere })).rejects.toMatchObject({ code: 'JOBCTL_STALE' });
  expect(stage.log.filter((line) => line.startsWith('confirm'))).toHaveLength(1); // nobody is asked in vain
});

it('of two machines that apply it at once, one is refused', async () => {
  const { apply, waiting, elsewhere } = await planned();
  const both = await Promise.allSettled([apply(), apply({}, { stateDir: elsewhere })]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'JOBCTL_STALE' } });
  expect(waiting()).toBe(2);
});

it('the mark goes again where nothing was begun, and another plan in the same file has none', async () => {
  const { stage, base, apply, waiting, marks, elsewhere, plan } = await planned();
  const { confirm, open } = base;
  base.confirm = () => Promise.reject(new Error('no'));
  await expect(apply()).rejects.toThrow('no');
  expect(await marks()).toEqual([]);
  base.confirm = confirm;
  base.open = async (made) => {
    const run = await open(made);
    expect(await marks()).toHaveLength(1);
    const journal: typeof run.journal = (entry) =>
      entry.at === 'intent' ? Promise.reject(new Error('no space')) : run.journal(entry);
    return around(run, { journal });
  };
  await expect(apply()).rejects.toThrow('no space');
  expect([await marks(), waiting()]).toEqual([[], 0]);
  base.open = open;
  await apply();
  const selection = { queues: ['email'], states: ['waiting'] } as const;
  await plan((ports, dry) => actOn(sessionOf(stage), ports, dry, { verb: 'remove', action: remove, selection }));
  expect(await apply({}, { stateDir: elsewhere })).toMatchObject({ verb: 'remove', outcomes: { done: 2 } });
  expect(await marks()).toHaveLength(2);
});

it('where no mark can be left, that is said, and the runs of this machine keep guard', async () => {
  const { path, apply, waiting, marks, said } = await planned();
  const long = join(dirname(path), `${'x'.repeat(245)}.json`); // a name to which nothing can be added
  await copyFile(path, long);
  await apply({ path: long });
  expect(said.join()).toContain('Only this machine knows that the plan is applied');
  await expect(apply({ path: long })).rejects.toMatchObject({ code: 'JOBCTL_STALE' });
  expect([await marks(), waiting()]).toEqual([[], 2]);
});

it('jobs to be added lie in the plan, are added once, and never twice', async () => {
  const { path, apply, waiting } = await planned();
  expect((await readPlanFile(path)).jobs).toHaveLength(2);
  expect(await apply()).toMatchObject({ verb: 'enqueue', outcomes: { done: 2 } });
  await expect(apply()).rejects.toMatchObject({ code: 'JOBCTL_STALE' });
  expect(waiting()).toBe(2);
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
