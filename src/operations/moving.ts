import type { QueueReader } from '../domain/adapter.ts';
import { requireOps } from '../domain/capability.ts';
import { JobctlError } from '../domain/errors.ts';
import { earlier, type Instant } from '../domain/instant.ts';
import type { Plan, Task } from '../domain/plan.ts';
import type { Move, Moves } from '../domain/whole-queue.ts';
import type { Engine, EngineParts, Taken, Watch } from './batch.ts';

type Moving = Extract<Task, { kind: 'move' }>;

export const noMove = {
  level: 'none',
  why: 'it has no task of its own that gives dead jobs back.',
  instead: 'jobctl replay QUEUE   # without --native: job by job, each saved first',
} as const;

/** Looks, one after the other, at a list in which a move that was begun does not stand. */
const MOST_UNSEEN = 20;

/** The clock that stamps a move may be so much behind the one that the plan looked at. */
const SKEW_SECONDS = 5;

export interface MovePlanRequest {
  readonly verb: 'replay' | 'undo';
  readonly context: string;
  readonly severity: Plan['severity'];
  readonly deed: Moving['deed'];
  readonly queue: string;
  readonly to?: string | undefined;
  readonly perSecond?: number | undefined;
  readonly reason?: string | undefined;
  /** Of a cancellation: the move of this task. */
  readonly of?: Moving | undefined;
}

/** A whole dead-letter queue, without any choice among its messages. */
export async function planMove(reader: QueueReader, ops: Moves, request: MovePlanRequest): Promise<Plan> {
  const { verb, context, severity, deed, queue, to, perSecond, reason, of } = request;
  const madeAt = await reader.now();
  const { from, count, warnings, lastBegan } =
    of === undefined ? await outlook(ops, { queue, to, perSecond }) : await progressOf(ops, of);
  return {
    schemaVersion: 1,
    verb,
    context,
    backend: reader.backend.name,
    where: reader.backend.where,
    queues: [queue],
    task: {
      kind: 'move',
      deed,
      queue,
      from,
      ...(to === undefined ? {} : { to }),
      ...(perSecond === undefined ? {} : { perSecond }),
      since: of?.since ?? after(lastBegan, earlier(madeAt, SKEW_SECONDS)),
    },
    madeAt,
    matched: { value: count, exact: false },
    severity,
    sample: [],
    strays: [],
    warnings: [...reader.backend.warnings, ...warnings],
    ...(reason === undefined ? {} : { reason }),
  };
}

/** What began then or later is the move of this plan: the one before it may be a moment old. */
const after = (last: Instant | undefined, least: Instant): Instant =>
  last === undefined || last < least ? least : earlier(last, -1e-6);

async function outlook(ops: Moves, request: Parameters<Moves['outlook']>[0]) {
  const { from, sources, count, lastBegan, warnings } = await ops.outlook(request);
  return {
    from,
    count,
    lastBegan,
    warnings: [
      `The backend moves all of ${from} by itself, to ${request.to ?? sources.join(', ')}: no choice, no order, no copy on the disk. Nothing leaves the backend, and nothing of it can be undone; it can be cancelled while it runs.`,
      'Each arrives as a new message, with another id, a new age and no receives; workers take it at once.',
      ...warnings,
    ],
  };
}

async function progressOf(ops: Moves, task: Moving) {
  const move = await ours(ops, task);
  if (move?.status !== 'running' || move.handle === undefined) {
    throw new JobctlError(
      'refused',
      `The move out of ${task.from} does not run any more: there is nothing to cancel.`,
      {
        next: [
          `What was moved is a new message in a queue whose workers take it: jobctl stats ${task.queue}`,
          'It cannot be taken back as a whole.',
        ],
      },
    );
  }
  const rest = move.toMove === undefined ? 1 : Math.max(1, move.toMove - move.moved);
  return {
    from: task.from,
    count: rest,
    lastBegan: undefined,
    warnings: [`About ${move.moved} messages were moved; they stay moved.`],
  };
}

/** One step; the backend works, we look on. Taken up again, it looks for its move before it would begin one. */
export function moving(task: Moving, { adapter, resumed = false }: Pick<EngineParts, 'adapter' | 'resumed'>): Engine {
  const ops = requireOps(adapter.backend.name, 'move a whole queue', adapter.can.move ?? noMove);
  return {
    saves: false,
    keeps: () => true,
    left: async () => 0,
    settle: async ({ refs }) => refs.map((ref) => ({ ref, result: 'skipped', why: 'not-applied' })),
    async *batches(_size, from) {
      if (from > 1) return;
      const apply = (watch: Watch): Promise<Taken> =>
        task.deed === 'start' ? begun(ops, task, watch, resumed) : cancelled(ops, task, watch);
      yield { source: 1, step: { mark: `move ${task.deed}`, refs: [refOf(task)], apply } };
    },
  };
}

const refOf = ({ queue, from }: Moving) => ({ queue, id: from });

async function begun(ops: Moves, planned: Moving, watch: Watch, resumed: boolean): Promise<Taken> {
  // a new run has none yet: what is there was begun by somebody else, while the plan was read
  const others = resumed ? undefined : (await ops.look(planned.from))[0]?.startedAt;
  const task = { ...planned, since: after(others, planned.since) };
  if (!resumed || (await ours(ops, task)) === undefined) {
    const { queue, to, perSecond } = task;
    try {
      await ops.start(task.from, { queue, to, perSecond });
    } catch (error) {
      // whatever else went wrong, it may have begun
      if (error instanceof JobctlError && error.kind === 'refused') return failure(task, 0, error.message);
      if ((await ours(ops, task)) === undefined) throw error;
    }
  }
  for (let unseen = 0; ; ) {
    const move = await ours(ops, task);
    if (move === undefined) {
      unseen += 1;
      if (unseen > MOST_UNSEEN) return left(task, 'the backend took the order and does not list the move yet');
    } else {
      watch.progress(move.moved, move.toMove ?? move.moved);
      if (move.status === 'completed') return { outcomes: [{ ref: refOf(task), result: 'done' }], amount: move.moved };
      if (move.status === 'cancelled')
        return failure(task, move.moved, 'the move was cancelled; the others are still there');
      if (move.status === 'failed')
        return failure(task, move.moved, ops.explain(move.failure ?? 'it does not say why'));
    }
    if (watch.signal.aborted) {
      const far = move === undefined ? '' : `, ${move.moved} of about ${move.toMove ?? '?'} so far`;
      return left(task, `detached: the backend goes on moving by itself${far}`);
    }
    await watch.sleep(ops.every);
  }
}

async function cancelled(ops: Moves, task: Moving, watch: Watch): Promise<Taken> {
  for (let unseen = 0; ; ) {
    const move = await ours(ops, task);
    unseen = move === undefined ? unseen + 1 : 0;
    if (unseen > MOST_UNSEEN) return left(task, 'the backend does not list the move any more');
    if (move?.status === 'cancelled' || move?.status === 'completed' || move?.status === 'failed')
      return { outcomes: [{ ref: refOf(task), result: 'done' }] };
    if (move?.status === 'running' && move.handle !== undefined) await ops.cancel(task.from, move.handle);
    if (watch.signal.aborted) return left(task, 'the backend has not confirmed yet that it ended');
    await watch.sleep(ops.every);
  }
}

/** One move a queue at a time, and the lock keeps other runs out: the newest since the plan is the one of this run. */
const ours = async (ops: Moves, { from, to, since }: Moving): Promise<Move | undefined> =>
  (await ops.look(from)).find((move) => move.startedAt >= since && (to === undefined || move.to === to));

const failure = (task: Moving, amount: number, why: string): Taken => ({
  outcomes: [{ ref: refOf(task), result: 'failed', why }],
  amount,
});

/** Nothing of it is over: whoever takes the run up again looks on. */
const left = (task: Moving, stopped: string): Taken => ({
  outcomes: [{ ref: refOf(task), result: 'skipped', why: 'not-applied' }],
  stopped,
});

/** What to do next about a move. */
export function afterMove(run: string, { deed, queue }: Moving, finished: boolean): string[] {
  if (finished || deed === 'cancel') return [`jobctl stats ${queue}`];
  return [
    `jobctl run resume ${run}   # looks on again`,
    `jobctl undo ${run}   # cancels it; what was moved stays moved`,
  ];
}
