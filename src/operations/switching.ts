import type { QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import { earlier } from '../domain/instant.ts';
import type { JobRef } from '../domain/job.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Pauses } from '../domain/pause.ts';
import type { Plan, QueueSwitch, Task, Verb } from '../domain/plan.ts';
import type { Batch, Engine, EngineParts, Switches, Taken } from './batch.ts';
import { foundSchedules } from './schedule-pauses.ts';
import { refused } from './scheduling.ts';

type Switch = Extract<Task, { kind: 'switch' }>;

export interface SwitchRequest {
  readonly verb: Extract<Verb, 'pause' | 'resume' | 'undo'>;
  readonly context: string;
  readonly protected: boolean;
  readonly to: Switch['to'];
  readonly queues: readonly string[];
  /** Seconds from now on. */
  readonly forSeconds?: number | undefined;
  /** Of a pause: also what adds jobs by itself. */
  readonly schedules?: boolean | undefined;
  /** Of a pause: that alone. */
  readonly only?: 'schedules' | undefined;
  readonly reason?: string | undefined;
  /** What a resume is to put back, by queue, where it is not what the last pause from here found. */
  readonly found?: ReadonlyMap<string, QueueSwitch['found']> | undefined;
  readonly warnings?: readonly string[] | undefined;
}

/** Looks at each queue. Those that are already so are left out, and named. */
export async function planSwitch(reader: QueueReader, request: SwitchRequest, switches: Switches): Promise<Plan> {
  const { verb, context, to, queues, forSeconds, reason } = request;
  const madeAt = await reader.now();
  const until = forSeconds === undefined ? undefined : earlier(madeAt, -forSeconds);
  const all: QueueSwitch[] = [];
  for (const queue of queues) {
    const ops = switches.of(queue);
    if ((request.schedules === true || request.only !== undefined) && ops.schedules === undefined)
      throw noSchedulesHere(queue);
    const found = request.found?.get(queue) ?? (await switches.remembered(queue))?.found;
    const before = await ops.look(
      queue,
      to === 'running' ? { found } : { schedules: request.schedules, only: request.only },
    );
    if (to === 'running' && before.paused) ops.permitResume?.(queue, found);
    all.push({ queue, before, ...(found === undefined ? {} : { found }) });
  }
  // a new deadline is something to do also for a queue that is paused already
  const isSo = ({ before }: QueueSwitch): boolean => before.paused === (to === 'paused') && until === undefined;
  const todo = all.filter((one) => !isSo(one));
  return {
    schemaVersion: 1,
    verb,
    context,
    backend: reader.backend.name,
    where: reader.backend.where,
    queues,
    task: {
      kind: 'switch',
      to,
      switches: todo,
      ...(request.schedules === true ? { schedules: true } : {}),
      ...(until === undefined ? {} : { until }),
    },
    madeAt,
    matched: { value: todo.length, exact: true },
    severity: request.protected ? 'severe' : 'normal',
    sample: [],
    strays: [],
    warnings: [
      ...reader.backend.warnings,
      ...all
        .filter(isSo)
        .map(({ queue }) =>
          request.only ? `No schedule that could be stopped feeds ${queue} now.` : `${queue} is ${to} already.`,
        ),
      // what feeds a queue and cannot be stopped is told also where nothing else does
      ...new Set((request.only ? all : todo).flatMap(({ before }) => before.warnings ?? [])),
      ...(request.warnings ?? []),
    ],
    ...(reason === undefined ? {} : { reason }),
  };
}

const noSchedulesHere = (queue: string): JobctlError =>
  new JobctlError('unsupported', `What adds jobs to ${queue} by itself cannot be stopped together with it.`, {
    next: [`jobctl schedule list ${queue}`, `jobctl schedule pause ${queue} ID   # each by itself`],
  });

/** The way back of a run that paused or resumed: only the queues that it changed, each as it was found. */
export function switchBack(task: Switch): Pick<SwitchRequest, 'to' | 'queues' | 'found' | 'schedules' | 'only'> {
  const to = task.to === 'paused' ? 'running' : 'paused';
  const changed = task.switches.filter(({ before }) => before.paused !== (task.to === 'paused'));
  // what a resume had started again is stopped again, all of it
  const again = to === 'paused' ? changed.map(({ found }) => found) : [];
  const only = again.length > 0 && again.every((found) => found?.['only'] === true);
  return {
    to,
    ...(only ? { only: 'schedules' } : again.some(foundSchedules) ? { schedules: true } : {}),
    queues: changed.map(({ queue }) => queue),
    found: new Map(to === 'running' ? changed.map(({ queue, before }) => [queue, before.found]) : []),
  };
}

/** One step a queue. Doing it twice does no harm, so whatever a crash left open is simply done again. */
export function switching(plan: Plan, task: Switch, { switches }: Pick<EngineParts, 'switches'>): Engine {
  if (switches === undefined) throw new TypeError('nothing here can pause or resume');
  for (const { queue } of task.switches) switches.of(queue); // refuses what cannot be done, on a dry run too
  return {
    saves: false,
    keeps: () => true,
    left: async () => 0,
    settle: async ({ refs }) => refs.map((ref) => ({ ref, result: 'skipped', why: 'not-applied' })),
    async *batches(_size, from) {
      for (const [index, one] of task.switches.entries()) {
        if (index + 1 >= from) yield stepOf(plan, task, one, switches, index + 1);
      }
    },
  };
}

function stepOf(plan: Plan, { to }: Switch, one: QueueSwitch, switches: Switches, source: number): Batch {
  const { queue } = one;
  const ref = { queue, id: queue };
  return {
    source,
    step: {
      mark: to,
      single: true,
      refs: [ref],
      apply: async ({ waits }) => {
        const ops = switches.of(queue);
        const known = to === 'paused' ? await switches.remembered(queue) : undefined;
        if (to === 'paused') await switches.remember(plan, one);
        try {
          const now =
            to === 'paused'
              ? await ops.pause(queue, one.before.found, waits)
              : await ops.resume(queue, one.found, waits);
          if (now.paused !== (to === 'paused')) return { outcomes: [failed(ref, to)] };
        } catch (error) {
          const taken = await refusedWhole(ops, one, error);
          if (to === 'paused' && known === undefined) await switches.forget(queue);
          return taken;
        }
        if (to === 'running') await switches.forget(queue);
        return { outcomes: [{ ref, result: 'done' }] };
      },
    },
  };
}

/** Throws the error on where something may have been changed before it came: several writes can make up a pause. */
async function refusedWhole(ops: Pauses, { queue, before, found }: QueueSwitch, error: unknown): Promise<Taken> {
  const taken = refused({ queue, id: queue }, error);
  if (foundSchedules(before.found) || foundSchedules(found)) throw error;
  const now = await ops.look(queue, { found }).catch(() => undefined);
  if (now?.paused !== before.paused) throw error;
  return taken;
}

const failed = (ref: JobRef, to: Switch['to']): Outcome => ({
  ref,
  result: 'failed',
  why: `the backend still shows it as ${to === 'paused' ? 'running' : 'paused'}`,
});
