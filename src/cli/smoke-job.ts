import { randomBytes } from 'node:crypto';
import { parseDuration } from '../config/duration.ts';
import { requireOps } from '../domain/capability.ts';
import type { NewJob } from '../domain/enqueue.ts';
import { JobctlError } from '../domain/errors.ts';
import type { ReplyQueue } from '../domain/reply.ts';
import { noDoor, unfit } from '../operations/adding.ts';
import type { Sign } from '../operations/follow-sign.ts';
import type { Asked } from './new-jobs.ts';
import type { Session } from './session.ts';
import { logSign, replySign } from './smoke-sign.ts';

export interface SmokeOrder {
  readonly queue: string;
  readonly type?: string | undefined;
  readonly payload?: string | undefined;
  readonly within?: string | undefined;
  /** Queue in which the worker is asked to answer. */
  readonly replyQueue?: string | undefined;
  /** Text of the line that its worker logs when it is done. */
  readonly logPattern?: string | undefined;
  readonly reason?: string | undefined;
}

/** The job of one smoke test: what was ordered, else what the configuration says of the queue. */
export interface SmokeJob {
  readonly type: string;
  /** Of this job alone. */
  readonly mark: string;
  /** Seconds. */
  readonly within: number;
  /** In which its worker is asked to answer. */
  readonly replies?: ReplyQueue | undefined;
  /** Text of the line in its worker's log by which it has completed. */
  readonly logPattern?: string | undefined;
  /** What is waited for, where its state or its disappearance shall not be enough. */
  readonly sign?: Sign | undefined;
  /** What the plan says of that. */
  readonly warnings: readonly string[];
  /** As the pipeline takes it. */
  jobs(): AsyncGenerator<Asked>;
}

const WITHIN = '60s';

/** Nothing is sent yet. Throws where what was asked to be waited for cannot be. */
export async function smokeJob(session: Session, order: SmokeOrder): Promise<SmokeJob> {
  const { reader, context } = session;
  const { queue } = order;
  const set = Object.hasOwn(context.queues, queue) ? context.queues[queue]?.smoke : undefined;
  const mark = `smoke-${randomBytes(6).toString('hex')}`;
  const type = order.type ?? set?.type ?? queue;
  const given = order.payload ?? (set?.payload === undefined ? '{}' : JSON.stringify(set.payload));
  // where an empty queue must be seen to be empty for a while, that while comes on top
  const patience = parseDuration(WITHIN) + 2 * (reader.backend.emptyAfter?.seconds ?? 0);
  const asked = order.within ?? set?.within;
  const within = asked === undefined ? patience : parseDuration(asked);
  const awaited = await awaitedOf(session, order, set ?? {}, within, mark);
  const { replies } = awaited;
  const job: NewJob = {
    type,
    payload: given.replaceAll('{mark}', mark),
    ...manners(session, queue, mark),
    ...(replies === undefined ? {} : { replyTo: { address: replies.address, mark } }),
  };
  return {
    type,
    mark,
    within,
    ...awaited,
    async *jobs() {
      yield { at: '--payload', job };
    },
  };
}

/** A key of its own, to tell it from all others, and one attempt, so that a failure is told at once: what the backend can take of it. */
function manners({ adapter }: Session, queue: string, mark: string): Partial<NewJob> {
  const { enqueue } = adapter.can;
  if (enqueue === undefined || enqueue.level === 'none') return {};
  const { ops } = enqueue;
  const fits = (some: Partial<NewJob>): Partial<NewJob> =>
    unfit(queue, { type: queue, payload: '{}', ...some }, ops) === undefined ? some : {};
  return { ...fits({ key: mark }), ...fits({ maxAttempts: 1 }) };
}

type Signs = Pick<SmokeOrder, 'replyQueue' | 'logPattern'>;

/** A flag comes before the configuration, whichever of the two signs that names. */
async function awaitedOf(
  session: Session,
  order: SmokeOrder,
  configured: Signs,
  within: number,
  mark: string,
): Promise<Pick<SmokeJob, 'replies' | 'logPattern' | 'sign' | 'warnings'>> {
  const { queue } = order;
  const isAsked = order.replyQueue !== undefined || order.logPattern !== undefined;
  const { replyQueue, logPattern }: Signs = isAsked ? order : configured;
  const without = (flag: string, key: string): string =>
    isAsked
      ? `jobctl smoke ${queue}   # without ${flag}`
      : `Take ${key} out of queues.${queue}.smoke in the configuration.`;
  if (replyQueue !== undefined) {
    const replies = await repliesOf(session, queue, replyQueue, within, without('--reply-queue', 'replyQueue'));
    return { replies, sign: replySign(replies, mark), warnings: [replies.caution] };
  }
  if (logPattern === undefined) return { warnings: [] };
  const pattern = { text: logPattern, mark, without: without('--log-pattern', 'logPattern') };
  const sign = await logSign(session.reader, queue, pattern);
  return { logPattern, sign, warnings: sign.cautions };
}

async function repliesOf(
  { adapter }: Session,
  queue: string,
  asked: string,
  within: number,
  without: string,
): Promise<ReplyQueue> {
  const { name } = adapter.backend;
  const ops = requireOps(name, 'enqueue', adapter.can.enqueue ?? noDoor);
  if (ops.replies !== undefined) return await ops.replies(asked, queue, within);
  throw new JobctlError('usage', `${name} has no reply queues: there the end of a job is seen by its state.`, {
    next: [without],
  });
}
