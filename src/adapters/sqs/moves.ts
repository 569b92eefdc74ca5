import { JobctlError } from '../../domain/errors.ts';
import { fromDate } from '../../domain/instant.ts';
import type { Move, MoveOutlook, MoveRequest, Moves } from '../../domain/whole-queue.ts';
import type { Calls } from './client.ts';
import { destination } from './destination.ts';
import type { Queue } from './directory.ts';
import { isRefusal } from './errors.ts';
import type { Ground } from './ground.ts';

const FASTEST = 500;

/** StartMessageMoveTask: SQS empties a dead-letter queue by itself. */
export const moves = (ground: Ground): Moves => ({
  every: ground.tempo.moveSeconds,
  outlook: (request) => outlook(ground, request),
  look: (from) => look(ground, from),
  async start(from, { to, perSecond }) {
    const source = await ground.directory.mustBe(from);
    const target = to === undefined ? undefined : await ground.directory.mustBe(to);
    try {
      await ground.calls.startMove({
        SourceArn: source.arn,
        ...(target === undefined ? {} : { DestinationArn: target.arn }),
        ...(perSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond: perSecond }),
      });
    } catch (error) {
      const { cause, message } = error as Error;
      if (!isRefusal(cause)) throw error;
      throw new JobctlError('refused', `SQS refused to begin the move: ${message}`, {
        next: error instanceof JobctlError ? error.next : [],
        cause,
      });
    }
  },
  async cancel(from, handle) {
    await ground.calls.cancelMove((await ground.directory.mustBe(from)).arn, handle);
  },
  explain,
});

async function outlook(ground: Ground, request: MoveRequest): Promise<MoveOutlook> {
  const { queue, to, perSecond } = request;
  if (perSecond !== undefined && !(Number.isInteger(perSecond) && perSecond >= 1 && perSecond <= FASTEST)) {
    throw new JobctlError('usage', `SQS moves 1 to ${FASTEST} whole messages a second, not ${perSecond}.`, {
      next: [`--rate 50/s   # or none: SQS then chooses the pace`, 'Slower or faster: replay without --native.'],
    });
  }
  const { from, sources } = await emptied(ground, queue);
  if (to !== undefined) await destination(ground, { queues: [queue] }, to);
  const before = await look(ground, from.name);
  const running = before.find(({ status }) => status === 'running' || status === 'cancelling');
  if (running !== undefined) {
    throw new JobctlError('locked', `A move out of ${from.name} runs already, since ${running.startedAt}.`, {
      next: [
        'jobctl run list   # of a run of yours: run resume looks on, undo cancels it',
        `Wait until it has ended: it has moved about ${running.moved} of ${running.toMove ?? 'an unknown number'}.`,
      ],
    });
  }
  return {
    from: from.name,
    sources,
    count: from.visible + from.inFlight,
    lastBegan: before[0]?.startedAt,
    warnings: [
      ...(to === undefined
        ? [
            `A message that was sent to ${from.name} directly has no way back, and ends the move as failed: name --to then.`,
          ]
        : []),
      ...(perSecond === undefined ? ['SQS chooses the pace and varies it; --rate 50/s spares the workers.'] : []),
      'A move lasts 36 hours at most.',
    ],
  };
}

async function emptied({ directory }: Ground, name: string): Promise<{ from: Queue; sources: readonly string[] }> {
  const queue = await directory.mustBe(name);
  const own = await directory.sourcesOf(queue);
  if (own.length > 0) return { from: queue, sources: own };
  const from = queue.redrive && (await directory.byArn(queue.redrive.arn));
  if (from === undefined) {
    throw new JobctlError('refused', `${queue.name} has no dead-letter queue, and is that of no queue.`, {
      next: [
        `jobctl replay ${queue.name} --to QUEUE   # one by one: if it is one all the same, SQS does not take it for one`,
        `jobctl stats ${queue.name}`,
      ],
    });
  }
  const sources = await directory.sourcesOf(from);
  const others = sources.filter((one) => one !== queue.name);
  if (others.length === 0) return { from, sources };
  throw new JobctlError(
    'refused',
    `${from.name} also holds the dead of ${others.join(', ')}, and SQS moves all of a queue or nothing.`,
    {
      next: [
        `jobctl replay ${from.name} --native   # all of them`,
        `jobctl replay ${queue.name}   # only those of ${queue.name}, one by one`,
      ],
    },
  );
}

async function look({ calls, directory }: Ground, from: string): Promise<Move[]> {
  const { arn } = await directory.mustBe(from);
  const found: Move[] = [];
  for (const task of await known(calls, arn)) {
    const { DestinationArn, Status, StartedTimestamp = 0 } = task;
    const to = DestinationArn === undefined ? undefined : await directory.byArn(DestinationArn);
    found.push({
      status: statuses[Status ?? ''] ?? 'running',
      startedAt: fromDate(new Date(StartedTimestamp)),
      moved: Number(task.ApproximateNumberOfMessagesMoved ?? 0),
      toMove:
        task.ApproximateNumberOfMessagesToMove === undefined
          ? undefined
          : Number(task.ApproximateNumberOfMessagesToMove),
      handle: task.TaskHandle,
      to: to?.name ?? DestinationArn,
      failure: task.FailureReason,
    });
  }
  return found.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}

async function known(calls: Calls, arn: string): ReturnType<Calls['moves']> {
  try {
    return await calls.moves(arn);
  } catch (error) {
    if (!(error instanceof JobctlError) || error.kind !== 'unsupported') throw error;
    throw new JobctlError('unsupported', error.message, {
      next: ['Replay without --native.', ...error.next],
      cause: error.cause,
    });
  }
}

const statuses: Readonly<Record<string, Move['status']>> = {
  RUNNING: 'running',
  CANCELLING: 'cancelling',
  CANCELLED: 'cancelled',
  COMPLETED: 'completed',
  FAILED: 'failed',
};

/** By what the reason is about: the exact words are not documented. */
function explain(failure: string): string {
  const about =
    /MessageSource|Source/i.test(failure) && /Determine|Unknown|Missing/i.test(failure)
      ? 'a message was sent to the dead-letter queue directly, so nothing tells its way back. Name a queue with --to, or replay without --native'
      : /AccessDenied|Kms|Denied/i.test(failure)
        ? 'the role that began it may not receive and delete here, send there, or use the KMS key of either queue'
        : /NonExistent|NotFound|DoesNotExist/i.test(failure)
          ? 'a queue that the messages came from is not there any more. Name another one with --to'
          : 'what was not moved is still in the dead-letter queue. Replay without --native tells it for each message';
  return `SQS gave up: ${failure}; ${about}`;
}
