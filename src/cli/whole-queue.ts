import { parseRate } from '../config/duration.ts';
import { requireOps } from '../domain/capability.ts';
import { JobctlError } from '../domain/errors.ts';
import { secondsBetween } from '../domain/instant.ts';
import type { Plan, Report, Task } from '../domain/plan.ts';
import { noEmptying, planEmpty } from '../operations/emptying.ts';
import { engineFor } from '../operations/engine.ts';
import { noMove, planMove } from '../operations/moving.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { runOperation } from '../operations/run-operation.ts';
import { readRun } from '../safety/run-folder.ts';
import { listRuns } from '../safety/run-list.ts';
import type { SelectionFlags } from './criteria.ts';
import { selectionFlags } from './flags.ts';
import { forewarned } from './forewarned.ts';
import { knownQueues, type Session } from './session.ts';

export interface MoveOrder {
  readonly queue: string;
  readonly to?: string | undefined;
  readonly perSecond?: number | undefined;
  /** It is known that no backup can be made. */
  readonly noBackup: boolean;
  readonly reason?: string | undefined;
}

export type MoveFlags = SelectionFlags & {
  readonly to?: string | undefined;
  readonly rate?: string | undefined;
  readonly backup: boolean;
  readonly reason?: string | undefined;
  readonly limit?: number | undefined;
  readonly canary?: number | undefined;
  readonly spread?: string | undefined;
  readonly 'all-queues'?: boolean | undefined;
};

/** What would choose among the jobs, or watch over them, the backend cannot heed. */
const choosing = [
  ...Object.keys(selectionFlags),
  'limit',
  'canary',
  'spread',
  'all-queues',
] as readonly (keyof MoveFlags)[];

export function moveOrder(queue: string | undefined, flags: MoveFlags): MoveOrder {
  const given = choosing.find((name) => flags[name] !== undefined && flags[name] !== false);
  if (given !== undefined) {
    throw new JobctlError('usage', `--native moves all of a queue: it cannot heed --${given}.`, {
      next: ['Leave out --native: then each job is looked at, saved and sent.', `Or leave out --${given}.`],
    });
  }
  if (queue === undefined) throw new JobctlError('usage', 'Which queue?', { next: ['Name it after the command.'] });
  const { to, rate, backup, reason } = flags;
  return { queue, to, noBackup: !backup, reason, perSecond: rate === undefined ? undefined : parseRate(rate) };
}

/** Lets the backend give back all dead jobs of a queue by itself. */
export async function moveQueue(session: Session, ports: Ports, pace: Pace, order: MoveOrder): Promise<Report> {
  const { adapter, reader, context } = session;
  const { noBackup, ...request } = order;
  const ops = requireOps(adapter.backend.name, 'move a whole queue', adapter.can.move ?? noMove);
  const severity = context.protected || !noBackup ? 'severe' : 'normal';
  const [queue = order.queue] = await knownQueues(reader, [order.queue]);
  const to = order.to === undefined ? undefined : await reader.destination?.({ queues: [queue] }, order.to);
  const plan = async (): Promise<Plan> => {
    const full = { ...request, queue, to, severity, verb: 'replay', deed: 'start', context: context.name } as const;
    return forewarned(await planMove(reader, ops, full), session);
  };
  return await runOperation(plan, (made) => engineFor(made, { adapter, tests: {}, source: nothing }), ports, pace);
}

/** Ends a move that is under way. */
export async function cancelMove(
  session: Session,
  ports: Ports,
  pace: Pace,
  task: Extract<Task, { kind: 'move' }>,
  reason: string | undefined,
): Promise<Report> {
  const { adapter, reader, context } = session;
  if (task.deed === 'cancel') {
    throw new JobctlError('refused', 'That run cancelled a move: a cancellation cannot be taken back.', {
      next: [`jobctl replay ${task.queue} --native   # moves what is left`],
    });
  }
  const ops = requireOps(adapter.backend.name, 'cancel a move', adapter.can.move ?? noMove);
  const severity = context.protected ? 'severe' : 'normal';
  const { queue, to } = task;
  const plan = (): Promise<Plan> =>
    planMove(reader, ops, {
      verb: 'undo',
      deed: 'cancel',
      context: context.name,
      severity,
      queue,
      to,
      of: task,
      reason,
    });
  return await runOperation(plan, (made) => engineFor(made, { adapter, tests: {}, source: nothing }), ports, pace);
}

export interface EmptyOrder {
  readonly queue: string;
  readonly saves: boolean;
  readonly reason?: string | undefined;
}

/** Deletes everything in a queue, also what nobody can receive. */
export async function emptyQueue(session: Session, ports: Ports, pace: Pace, order: EmptyOrder): Promise<Report> {
  const { adapter, reader, context } = session;
  const ops = requireOps(adapter.backend.name, 'empty a whole queue', adapter.can.empty ?? noEmptying);
  const [queue = order.queue] = await knownQueues(reader, [order.queue]);
  const plan = async (): Promise<Plan> => {
    await refuseTooSoon(session, queue);
    return forewarned(await planEmpty(reader, ops, { ...order, queue, context: context.name }), session);
  };
  return await runOperation(plan, (made) => engineFor(made, { adapter, tests: {}, source: nothing }), ports, pace);
}

const MINUTE = 60;

/** One a minute: counted from our own runs, the backend only says no. */
async function refuseTooSoon({ reader, stateDir }: Session, queue: string): Promise<void> {
  const now = await reader.now();
  for (const { id, verb, queues, startedAt } of await listRuns(stateDir)) {
    const ago = secondsBetween(startedAt, now);
    if (verb !== 'purge' || !queues.includes(queue) || ago >= MINUTE) continue;
    const { plan } = await readRun(stateDir, id);
    if (plan.where !== reader.backend.where || plan.task.kind !== 'act' || plan.task.empties === undefined) continue;
    const left = Math.ceil(MINUTE - ago);
    throw new JobctlError(
      'locked',
      `${queue} was emptied ${Math.max(0, Math.floor(ago))} s ago by ${id}; SQS allows it once a minute.`,
      {
        next: [
          `Wait ${left} s, then run it again.`,
          `jobctl purge ${queue} --state ${plan.task.selection.states[0]}   # one by one, at any time`,
        ],
      },
    );
  }
}

async function* nothing(): AsyncGenerator<never> {}
