import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { JobctlError } from '../../src/domain/errors.ts';
import type { Pauses } from '../../src/domain/pause.ts';
import type { Report } from '../../src/domain/plan.ts';
import { type EngineParts, engineFor, type Switches } from '../../src/operations/engine.ts';
import { resumeRun } from '../../src/operations/resume.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { planSwitch, type SwitchRequest, switchBack } from '../../src/operations/switching.ts';
import { forgetPause, rememberedPause, rememberPause } from '../../src/safety/pauses.ts';
import { openRun, readRun } from '../../src/safety/run-folder.ts';
import { summaryOf } from '../../src/safety/run-list.ts';
import { openStage, portsOf, type Stage } from './stage.ts';

/** Workers that are scaled up and down, as a hook does it. */
function deployment(replicas: number) {
  const state = { replicas, deaf: false };
  const look: Pauses['look'] = async () => ({
    paused: state.replicas === 0,
    found: { replicas: state.replicas },
    means: ['deployment/email'],
  });
  const ops: Pauses = {
    look,
    async pause(queue) {
      if (!state.deaf) state.replicas = 0;
      return await look(queue);
    },
    async resume(queue, found) {
      state.replicas = Number(found?.['replicas'] ?? 1);
      return await look(queue);
    },
  };
  return { state, ops };
}

async function scene(replicas = 3) {
  const stage = await openStage();
  stage.seed(1);
  const { state, ops } = deployment(replicas);
  const { where } = stage.memory.backend;
  const remembered = (queue: string) => rememberedPause(stage.stateDir, where, queue);
  const switches: Switches = {
    of: () => ops,
    remembered,
    forget: (queue) => forgetPause(stage.stateDir, where, queue),
    async remember(plan, { queue, before }) {
      const { madeAt: since, context } = plan;
      await rememberPause(stage.stateDir, {
        schemaVersion: 1,
        context,
        where,
        queue,
        by: 'ada',
        since,
        found: before.paused ? ((await remembered(queue))?.found ?? before.found) : before.found,
      });
    },
  };
  return { stage, state, switches, remembered };
}

const partsOf = (stage: Stage, switches: Switches): EngineParts => ({
  adapter: stage.memory,
  tests: {},
  switches,
  source: async function* () {},
});

function order(stage: Stage, switches: Switches, request: Partial<SwitchRequest>): Promise<Report> {
  const full: SwitchRequest = {
    verb: 'pause',
    to: 'paused',
    context: 'test',
    protected: false,
    queues: ['email'],
    ...request,
  };
  return runOperation(
    () => planSwitch(stage.memory, full, switches),
    (plan) => engineFor(plan, partsOf(stage, switches)),
    portsOf(
      (run) => run,
      stage.stateDir,
      stage.log,
      () => stage.memory,
    ),
    { dryRun: false, batch: 10, signal: new AbortController().signal },
  );
}

it('pauses under the lock, with a journal, and resumes to exactly what it found', async () => {
  const { stage, state, switches, remembered } = await scene(3);
  const paused = await order(stage, switches, {});
  expect(paused).toMatchObject({ verb: 'pause', matched: 1, outcomes: { done: 1 }, complete: true });
  expect(paused.next).toEqual(['jobctl resume email']);
  expect(state.replicas).toBe(0);
  expect(stage.log).toEqual(['plan', 'confirm 1', 'lock', 'settled', 'audit', 'unlock']);
  expect((await stage.journal(paused.run ?? '')).map(({ at }) => at)).toEqual(['start', 'intent', 'outcome', 'end']);
  expect(await remembered('email')).toMatchObject({ found: { replicas: 3 } });

  expect(await order(stage, switches, {})).toMatchObject({ matched: 0, complete: true });
  expect(await order(stage, switches, { verb: 'resume', to: 'running' })).toMatchObject({ outcomes: { done: 1 } });
  expect(state.replicas).toBe(3);
  expect(await remembered('email')).toBeUndefined();
});

it('a new deadline on a queue that is paused already keeps what the first pause found', async () => {
  const { stage, state, switches, remembered } = await scene(5);
  await order(stage, switches, {});
  expect(await order(stage, switches, { forSeconds: 60 })).toMatchObject({ outcomes: { done: 1 } });
  expect(await remembered('email')).toMatchObject({ found: { replicas: 5 } });
  await order(stage, switches, { verb: 'resume', to: 'running' });
  expect(state.replicas).toBe(5);
});

it('undo puts back what each run found, both ways', async () => {
  const { stage, state, switches } = await scene(4);
  const undo = async (id = '') => {
    const { task } = (await readRun(stage.stateDir, id)).plan;
    if (task.kind !== 'switch') throw new TypeError(task.kind);
    return await order(stage, switches, { ...switchBack(task), verb: 'undo' });
  };
  const paused = await order(stage, switches, {});
  const undone = await undo(paused.run);
  expect([undone.outcomes.done, state.replicas]).toEqual([1, 4]);
  const again = await undo(undone.run);
  expect([again.outcomes.done, state.replicas]).toEqual([1, 0]);
});

it('says failed, and ends as partial, when the backend does not show the change', async () => {
  const { stage, state, switches } = await scene();
  state.deaf = true;
  expect(await order(stage, switches, {})).toMatchObject({
    complete: false,
    outcomes: { failed: 1 },
    failed: [{ id: 'email', why: 'the backend still shows it as running' }],
  });
});

/** As a backend that answers, and says no; `after` it had changed something, or before. */
function refusing({ of, ...rest }: Switches, queues: readonly string[], after?: () => void): Switches {
  const pause = async (): Promise<never> => {
    after?.();
    throw new JobctlError('refused', 'permission denied for table flags', { next: ['jobctl schema check'] });
  };
  return { ...rest, of: (queue) => (queues.includes(queue) ? { ...of(queue), pause } : of(queue)) };
}

it('what the backend refused is failed, with the reason; the run goes on to the other queues and ends', async () => {
  const { stage, switches, remembered } = await scene();
  const report = await order(stage, refusing(switches, ['email']), { queues: ['email', 'reports'] });
  expect(report).toMatchObject({
    complete: false,
    outcomes: { done: 1, failed: 1, unknown: 0 },
    failed: [{ id: 'email', why: 'permission denied for table flags. jobctl schema check' }],
  });
  expect(report.stopped).toBeUndefined();
  expect(await remembered('email')).toBeUndefined();
  expect(await remembered('reports')).toBeDefined();
  expect(await summaryOf(stage.stateDir, report.run ?? '')).toMatchObject({ state: 'finished' });
});

it('a refusal that names no command to undo promises none', async () => {
  const { stage, switches } = await scene();
  expect((await order(stage, refusing(switches, ['email']), {})).next).toEqual([]);
});

it('a refusal after something was changed already stays in doubt, to be done again', async () => {
  const { stage, state, switches, remembered } = await scene();
  const report = await order(
    stage,
    refusing(switches, ['email'], () => (state.replicas = 0)),
    {},
  );
  expect(report).toMatchObject({ complete: false, outcomes: { unknown: 1, failed: 0 } });
  expect(report.next[0]).toMatch(/^jobctl run resume /);
  expect(await remembered('email')).toBeDefined();
});

it('what a crash left between remembering and pausing is done again by run resume', async () => {
  const { stage, state, switches } = await scene(2);
  const { of } = switches;
  const crashing: Switches = {
    ...switches,
    of: (queue) => ({ ...of(queue), pause: () => Promise.reject(new Error('the power went')) }),
  };
  const broken = await order(stage, crashing, {});
  expect(broken).toMatchObject({ complete: false, outcomes: { unknown: 1 } });
  expect(state.replicas).toBe(2);
  const run = await openRun(stage.stateDir, broken.run ?? '');
  const ports = portsOf(
    (one) => one,
    stage.stateDir,
    stage.log,
    () => stage.memory,
  );
  const pace = { dryRun: false, batch: 10, signal: new AbortController().signal };
  const nothing = async function* () {};
  const report = await resumeRun(run, engineFor(run.plan, partsOf(stage, switches)), nothing, ports, pace);
  await run.close();
  expect(report).toMatchObject({ complete: true, outcomes: { done: 1, unknown: 0 } });
  expect(state.replicas).toBe(0);
  expect(await readdir(join(stage.stateDir, 'pauses'))).toHaveLength(1);
});
