import { expect, it } from 'vitest';
import { endPause } from '../../src/cli/pause-window.ts';
import { switchQueues } from '../../src/cli/switch-queues.ts';
import { JobctlError } from '../../src/domain/errors.ts';
import { openStage, portsOf } from '../operations/stage.ts';
import { pace, sessionOf } from './session.ts';

/** A queue that is paused from here, on a backend that does not answer for so many looks at the clock. */
async function scene(silentFor: number) {
  const stage = await openStage();
  stage.seed(1, { state: 'waiting' });
  const session = sessionOf(stage);
  const ports = portsOf(
    (run) => run,
    stage.stateDir,
    stage.log,
    () => stage.adapter,
  );
  const order = { queues: ['email'], timeout: '15s', for: '10ms' };
  await switchQueues(session, ports, pace, { ...order, verb: 'pause', to: 'paused' });
  let asked = 0;
  const now = async () => {
    asked += 1;
    if (asked <= silentFor) throw new JobctlError('timeout', 'the server does not answer', { next: ['Look at it.'] });
    return await stage.memory.now();
  };
  const told: string[] = [];
  const deaf = { ...session, reader: { ...session.reader, now } };
  const end = (patienceMs?: number) => endPause(deaf, ports, pace, order, (text) => told.push(text), patienceMs);
  return { end, told, paused: () => stage.memory.store.paused.has('email') };
}

it('a server that does not answer at the end of the pause is asked again', async () => {
  const { end, told, paused } = await scene(1);
  expect(await end()).toMatchObject({ outcomes: { done: 1 } });
  expect(paused()).toBe(false);
  expect(told.at(-1)).toMatch(/does not answer; still paused, trying again/);
});

it('where it stays away, the queue that stands still is named, with the command that ends it', async () => {
  const { end, paused } = await scene(Number.POSITIVE_INFINITY);
  await expect(end(20)).rejects.toMatchObject({
    message: 'email is STILL PAUSED: the server does not answer',
    next: ['jobctl resume email', 'Look at it.'],
  });
  expect(paused()).toBe(true);
});
