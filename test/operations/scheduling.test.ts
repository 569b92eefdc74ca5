import { expect, it } from 'vitest';
import { readOnly } from '../../src/adapters/wrap/read-only.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import { JobctlError } from '../../src/domain/errors.ts';
import type { Report } from '../../src/domain/plan.ts';
import { engineFor } from '../../src/operations/engine.ts';
import { planSchedule, type ScheduleRequest, scheduleBack } from '../../src/operations/plan-schedule.ts';
import { resumeRun } from '../../src/operations/resume.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { openRun, readRun } from '../../src/safety/run-folder.ts';
import { openStage, portsOf, type Stage } from './stage.ts';

const nothing = async function* () {};
const pace = { dryRun: false, batch: 10, signal: new AbortController().signal };

async function scene() {
  const stage = await openStage();
  stage.seed(1);
  const { schedules } = stage.memory.store;
  schedules.set('email\nnightly', {
    id: 'nightly',
    queue: 'email',
    type: 'report',
    when: '0 3 * * *',
    payload: '{"a":1}',
  });
  const all = () => [...schedules.values()];
  return { stage, all };
}

const portsAt = ({ stateDir, log, memory }: Stage) =>
  portsOf(
    (run) => run,
    stateDir,
    log,
    () => memory,
  );

function change(
  stage: Stage,
  deed: ScheduleRequest['deed'],
  more: Partial<ScheduleRequest> = {},
  adapter: QueueAdapter = stage.memory,
): Promise<Report> {
  const verb = deed === 'put' ? 'undo' : (`schedule-${deed}` as const);
  const request: ScheduleRequest = {
    verb,
    deed,
    context: 'test',
    protected: false,
    queue: 'email',
    id: 'nightly',
    ...more,
  };
  return runOperation(
    () => planSchedule(stage.memory, request),
    (plan) => engineFor(plan, { adapter, tests: {}, source: nothing }),
    portsAt(stage),
    { ...pace, dryRun: false },
  );
}

async function undo(stage: Stage, id = ''): Promise<Report> {
  const run = await readRun(stage.stateDir, id);
  const { task } = run.plan;
  if (task.kind !== 'schedule' || task.deed === 'run') throw new TypeError(task.kind);
  const { deed } = task;
  const back = await scheduleBack(run, { ...task, deed });
  return await change(stage, back.deed, { ...back, verb: 'undo' });
}

it('pauses under the lock, with a journal; paused already is nothing to do', async () => {
  const { stage, all } = await scene();
  const paused = await change(stage, 'pause');
  expect(paused).toMatchObject({ verb: 'schedule-pause', matched: 1, outcomes: { done: 1 }, complete: true });
  expect(paused.next).toEqual(['jobctl schedule resume email nightly']);
  expect(stage.log).toEqual(['plan', 'confirm 1', 'lock', 'settled', 'audit', 'unlock']);
  expect((await stage.journal(paused.run ?? '')).map(({ at }) => at)).toEqual(['start', 'intent', 'outcome', 'end']);
  expect(all()).toMatchObject([{ paused: true }]);
  expect(await change(stage, 'pause')).toMatchObject({ matched: 0, complete: true });
  expect(await change(stage, 'resume')).toMatchObject({ outcomes: { done: 1 } });
  expect(all()).toMatchObject([{ paused: false }]);
});

it('undo goes both ways, of a pause and of a removal', async () => {
  const { stage, all } = await scene();
  const before = JSON.stringify(all());
  const paused = await change(stage, 'pause');
  const undone = await undo(stage, paused.run);
  expect([undone.verb, all()[0]?.paused]).toEqual(['undo', false]);
  await undo(stage, undone.run);
  expect(all()[0]?.paused).toBe(true);
  stage.memory.store.schedules.set('email\nnightly', JSON.parse(before)[0]);

  const removed = await change(stage, 'remove');
  expect([removed.outcomes.done, all()]).toEqual([1, []]);
  const back = await undo(stage, removed.run);
  expect([back.outcomes.done, JSON.stringify(all())]).toEqual([1, before]);
  await undo(stage, back.run);
  expect(all()).toEqual([]);
});

it('put back over another of that name is refused, and the run is partial', async () => {
  const { stage, all } = await scene();
  const removed = await change(stage, 'remove');
  stage.memory.store.schedules.set('email\nnightly', { id: 'nightly', queue: 'email', when: 'every 5m' });
  const report = await undo(stage, removed.run);
  expect(report).toMatchObject({ complete: false, outcomes: { failed: 1 } });
  expect(all()).toMatchObject([{ when: 'every 5m' }]);
});

it('run adds one job, and tells its id', async () => {
  const { stage } = await scene();
  const report = await change(stage, 'run');
  const [id = ''] = report.made ?? [];
  expect((await stage.memory.find(id))?.job).toMatchObject({ type: 'report', payload: '{"a":1}', state: 'waiting' });
});

it('changed between the look and the write: nothing is done, and the run says so', async () => {
  const { stage, all } = await scene();
  const { can } = stage.memory;
  if (can.schedule?.level !== 'native') throw new TypeError('the memory has schedules');
  const { ops } = can.schedule;
  const late: QueueAdapter = {
    ...stage.memory,
    can: {
      ...can,
      schedule: {
        level: 'native',
        ops: {
          ...ops,
          remove: (id, queue, as) => {
            stage.memory.store.schedules.set('email\nnightly', { id, queue, when: 'every 5m' });
            return ops.remove(id, queue, as);
          },
        },
      },
    },
  };
  const report = await change(stage, 'remove', {}, late);
  expect(report).toMatchObject({ complete: false, outcomes: { done: 0, skipped: 1 } });
  expect(all()).toMatchObject([{ when: 'every 5m' }]);
});

it.each(['before', 'after'] as const)('a lost answer %s the write is settled by run resume', async (when) => {
  const { stage, all } = await scene();
  const { can } = stage.memory;
  if (can.schedule?.level !== 'native') throw new TypeError('the memory has schedules');
  const { ops } = can.schedule;
  const cut: QueueAdapter = {
    ...stage.memory,
    can: {
      ...can,
      schedule: {
        level: 'native',
        ops: {
          ...ops,
          pause: async (id, queue) => {
            if (when === 'after') await ops.pause(id, queue);
            throw new JobctlError('unreachable', 'the line went dead');
          },
        },
      },
    },
  };
  const broken = await change(stage, 'pause', {}, cut);
  expect(broken).toMatchObject({ complete: false, outcomes: { unknown: 1 } });
  const run = await openRun(stage.stateDir, broken.run ?? '');
  const engine = engineFor(run.plan, { adapter: stage.memory, tests: {}, source: nothing });
  const report = await resumeRun(run, engine, nothing, portsAt(stage), pace);
  await run.close();
  expect(report).toMatchObject({ complete: true, outcomes: { done: 1, unknown: 0 } });
  expect(all()).toMatchObject([{ paused: true }]);
});

it('names what is close to a wrong id, and refuses where the backend or the context cannot', async () => {
  const { stage } = await scene();
  await expect(change(stage, 'pause', { id: 'nihgtly' })).rejects.toMatchObject({
    code: 'JOBCTL_USAGE',
    message: expect.stringContaining('Did you mean nightly?'),
  });
  const refused = readOnly(stage.memory, 'the context is readOnly');
  await expect(change(stage, 'pause', {}, refused)).rejects.toMatchObject({ exitCode: 4 });
  const { schedule: _, ...can } = stage.memory.can;
  await expect(change(stage, 'pause', {}, { ...stage.memory, can })).rejects.toMatchObject({ exitCode: 5 });
});
