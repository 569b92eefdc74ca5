import { expect, it } from 'vitest';
import { pauseIntake, resumeIntake } from '../../src/cli/intake.ts';
import { switchQueues } from '../../src/cli/switch-queues.ts';
import { undoRun } from '../../src/cli/undo-run.ts';
import { openStage, portsOf } from '../operations/stage.ts';
import { pace, sessionOf } from './session.ts';

const order = { queues: ['email'], timeout: '15s' };

/** Three schedules of the queue, of which one was paused by somebody before. */
async function scene() {
  const stage = await openStage();
  stage.seed(1, { state: 'waiting' });
  const { schedules, paused } = stage.memory.store;
  for (const [id, off] of Object.entries({ hourly: false, nightly: false, old: true }))
    schedules.set(`email\n${id}`, { id, queue: 'email', when: 'every 1h', paused: off });
  const session = sessionOf(stage);
  const ports = portsOf(
    (run) => run,
    stage.stateDir,
    stage.log,
    () => stage.adapter,
  );
  const running = () => [...schedules.values()].filter((one) => one.paused !== true).map(({ id }) => id);
  const pause = (more = {}) => switchQueues(session, ports, pace, { ...order, verb: 'pause', to: 'paused', ...more });
  const resume = () => switchQueues(session, ports, pace, { ...order, verb: 'resume', to: 'running' });
  const undo = (run = '') => undoRun(session, ports, pace, { run, asWas: true, timeout: '15s' });
  const pauseElsewhere = () => paused.add('email');
  return { session, ports, running, pause, resume, undo, pauseElsewhere, workersPaused: () => paused.has('email') };
}

it('stops what feeds the queue and leaves the workers alone; resume starts what was on, and no more', async () => {
  const { session, ports, running, resume, workersPaused } = await scene();
  const report = await pauseIntake(session, ports, pace, order);
  expect(report).toMatchObject({ outcomes: { done: 1 }, next: ['jobctl resume email'] });
  expect([running(), workersPaused()]).toEqual([[], false]);
  expect(await resume()).toMatchObject({ outcomes: { done: 1 } });
  expect([running(), workersPaused()]).toEqual([['hourly', 'nightly'], false]);
  expect(await resume()).toMatchObject({ matched: 0 });
});

it('its undo starts them again, and the undo of that stops them again', async () => {
  const { session, ports, running, undo, workersPaused } = await scene();
  const paused = await pauseIntake(session, ports, pace, order);
  const undone = await undo(paused.run);
  expect(running()).toEqual(['hourly', 'nightly']);
  await undo(undone.run);
  expect([running(), workersPaused()]).toEqual([[], false]);
});

it('a pause of the workers that follows does not forget the schedules: one resume ends both', async () => {
  const { session, ports, running, pause, resume, workersPaused } = await scene();
  await pauseIntake(session, ports, pace, order);
  await pause();
  expect([running(), workersPaused()]).toEqual([[], true]);
  await resume();
  expect([running(), workersPaused()]).toEqual([['hourly', 'nightly'], false]);
});

it('pause --schedules stops both, also where the workers were paused before', async () => {
  const { running, pause, resume, workersPaused } = await scene();
  await pause();
  expect(await pause({ schedules: true })).toMatchObject({ outcomes: { done: 1 } });
  expect([running(), workersPaused()]).toEqual([[], true]);
  await resume();
  expect([running(), workersPaused()]).toEqual([['hourly', 'nightly'], false]);
});

it.each([
  ['a deadline', { for: '1h' }, ['hourly', 'nightly']],
  ['its schedules stopped too', { schedules: true }, ['hourly', 'nightly']],
])('a queue that others had paused, given %s, is resumed when that is said', async (_, more, then) => {
  const { running, pause, resume, pauseElsewhere, workersPaused } = await scene();
  pauseElsewhere();
  expect(await pause(more)).toMatchObject({ outcomes: { done: 1 } });
  expect(await resume()).toMatchObject({ outcomes: { done: 1 }, complete: true });
  expect([running(), workersPaused()]).toEqual([then, false]);
});

it('a wait in vain starts them again without a question', async () => {
  const { session, ports, running } = await scene();
  await pauseIntake(session, ports, pace, order);
  await resumeIntake(session, { ...ports, confirm: () => Promise.reject(new Error('asked')) }, pace, order);
  expect(running()).toEqual(['hourly', 'nightly']);
});

it('is refused where schedules cannot be changed from here', async () => {
  const { session, ports } = await scene();
  const { schedule: _, ...can } = session.adapter.can;
  const without = { ...session, adapter: { ...session.adapter, can } };
  await expect(pauseIntake(without, ports, pace, order)).rejects.toMatchObject({ code: 'JOBCTL_UNSUPPORTED' });
});
