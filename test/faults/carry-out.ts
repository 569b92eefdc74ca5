import { type Opening, openAdapter } from '../../src/adapters/registry.ts';
import { changeSchedule } from '../../src/cli/change-schedule.ts';
import { portsFor } from '../../src/cli/ports.ts';
import { putBack } from '../../src/cli/put-back.ts';
import type { Session } from '../../src/cli/session.ts';
import { sourceOf } from '../../src/cli/source.ts';
import { placeOf } from '../../src/config/backend-url.ts';
import type { Action } from '../../src/domain/action.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import type { JobState } from '../../src/domain/job.ts';
import type { Report } from '../../src/domain/plan.ts';
import { type EngineParts, engineFor } from '../../src/operations/engine.ts';
import { planAction } from '../../src/operations/plan-action.ts';
import { wayBackOn } from '../../src/operations/plan-return.ts';
import { scheduleBack } from '../../src/operations/plan-schedule.ts';
import type { Pace, Ports } from '../../src/operations/ports.ts';
import { resumeRun } from '../../src/operations/resume.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { plainStyle } from '../../src/output/page.ts';
import { openRun, type RunFolder, readRun } from '../../src/safety/run-folder.ts';

interface Act {
  readonly verb: 'replay' | 'purge' | 'reset' | 'evacuate';
  readonly queue: string;
  readonly states?: readonly JobState[];
}

/** `run`: of a removal, to be taken back. */
interface OnSchedule {
  readonly verb: 'schedule';
  readonly deed: 'pause' | 'resume' | 'remove' | 'put';
  readonly queue: string;
  readonly id: string;
  readonly run?: string;
}

/** A write as plain data, so that a test can hand it to a process that dies of it. */
export type Order =
  | Act
  | OnSchedule
  | { readonly verb: 'undo' | 'restore'; readonly run: string }
  | { readonly verb: 'resume'; readonly run: string };

export interface World {
  readonly adapter: QueueAdapter;
  readonly ports: Ports;
  readonly stateDir: string;
  readonly pace: Pace;
  /** Goes around the folder of a run that is taken up again. */
  readonly around?: ((run: RunFolder) => RunFolder) | undefined;
}

const acts = {
  replay: { states: ['dead'], action: { verb: 'replay', keepAttempts: false } },
  purge: { states: ['dead'], action: { verb: 'remove' } },
  evacuate: { states: ['waiting'], action: { verb: 'remove' } },
  reset: { states: ['active'], action: { verb: 'reset' }, stuck: true },
} as const satisfies Record<string, { states: readonly JobState[]; action: Action; stuck?: boolean }>;

/** The adapter that a command would open. */
export const openAt = (url: string, more: Pick<Opening, 'deadLetters' | 'tables'> = {}): Promise<QueueAdapter> =>
  openAdapter({ url, where: placeOf(url), ...more });

/** The ports of a command that nobody asks anything. */
export function worldOf(adapter: QueueAdapter, stateDir: string, pace: Partial<Pace> = {}): World {
  const ports = portsFor(sessionOf(adapter, stateDir), {
    json: true,
    input: false,
    yes: true,
    prompt: { yesNo: async () => true, text: async () => undefined },
    page: { width: 80, style: plainStyle, clean: (text) => text },
    say: () => {},
    waitLockMs: 20_000,
  });
  return {
    adapter,
    stateDir,
    ports: { ...ports, confirm: async () => {} },
    pace: { dryRun: false, batch: 6, signal: new AbortController().signal, ...pace },
  };
}

export function sessionOf(adapter: QueueAdapter, stateDir: string): Session {
  const context = {
    name: 'faults',
    url: '',
    origin: 'a test',
    protected: false,
    readOnly: false,
    redact: { fields: [], types: {} },
    jobTypes: {},
    queues: {},
  } as unknown as Session['context'];
  return {
    context,
    adapter,
    reader: adapter,
    slowed: () => adapter,
    stateDir,
    redact: (value) => value,
    [Symbol.asyncDispose]: () => adapter.close(),
  };
}

/** What the command of this verb does between its flags and its report. */
export async function carryOut(world: World, order: Order): Promise<Report> {
  const { adapter, ports, pace, stateDir } = world;
  if (order.verb === 'resume') return await resume(world, order.run);
  if (order.verb === 'schedule') return await onSchedule(world, order);
  if (order.verb === 'undo' || order.verb === 'restore') {
    const run = await readRun(stateDir, order.run);
    const from = { backup: run.backupPath ?? '', ...(order.verb === 'undo' ? { run: run.id } : {}) };
    const via = order.verb === 'undo' ? wayBackOn(adapter.can, run) : 'restore';
    return await putBack(sessionOf(adapter, stateDir), ports, pace, {
      verb: order.verb,
      via,
      asWas: true,
      from,
      warnings: [],
    });
  }
  const { queue, verb } = order as Act;
  const { action, ...more } = acts[verb];
  const states = (order as Act).states ?? more.states;
  const selection = { ...more, queues: [queue], states };
  const request = { verb, context: 'faults', protected: false, selection, tests: {}, action };
  return await runOperation(
    () => planAction(adapter, request),
    (plan) => engineFor(plan, partsOf(adapter, stateDir)),
    ports,
    pace,
  );
}

async function onSchedule({ adapter, ports, pace, stateDir }: World, order: OnSchedule): Promise<Report> {
  const { queue, id, deed } = order;
  const session = sessionOf(adapter, stateDir);
  if (deed !== 'put') return await changeSchedule(session, ports, pace, { verb: `schedule-${deed}`, queue, id, deed });
  const run = await readRun(stateDir, order.run ?? '');
  const back = await scheduleBack(run, run.plan.task as Parameters<typeof scheduleBack>[1]);
  return await changeSchedule(session, ports, pace, { verb: 'undo', ...back });
}

async function resume({ adapter, ports, pace, stateDir, around = (run) => run }: World, id: string): Promise<Report> {
  const { task } = (await readRun(stateDir, id)).plan;
  const run = around(await openRun(stateDir, id));
  try {
    const source = (from: number) => (task.kind === 'put-back' ? sourceOf(task, from, stateDir) : none());
    return await resumeRun(
      run,
      engineFor(run.plan, { ...partsOf(adapter, stateDir), resumed: true }),
      source,
      ports,
      pace,
    );
  } finally {
    await run.close();
  }
}

const partsOf = (adapter: QueueAdapter, stateDir: string): EngineParts => ({
  adapter,
  tests: {},
  source: (task, from) => sourceOf(task, from, stateDir),
});

async function* none(): AsyncGenerator<never> {}
