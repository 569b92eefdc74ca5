import { randomBytes } from 'node:crypto';
import { parseDuration } from '../config/duration.ts';
import { requireOps } from '../domain/capability.ts';
import type { NewJob } from '../domain/enqueue.ts';
import { JobctlError } from '../domain/errors.ts';
import type { ReplyQueue } from '../domain/reply.ts';
import { noDoor, unfit } from '../operations/adding.ts';
import type { Asked } from './new-jobs.ts';
import type { Session } from './session.ts';

export interface SmokeOrder {
  readonly queue: string;
  readonly type?: string | undefined;
  readonly payload?: string | undefined;
  readonly within?: string | undefined;
  /** Queue in which the worker is asked to answer. */
  readonly replyQueue?: string | undefined;
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
  /** As the pipeline takes it. */
  jobs(): AsyncGenerator<Asked>;
}

const WITHIN = '60s';

/** Nothing is sent yet. Throws where the reply queue that was asked for cannot be. */
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
  const replies = await repliesOf(session, order, set?.replyQueue, within);
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
    replies,
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

async function repliesOf(
  { adapter }: Session,
  order: SmokeOrder,
  configured: string | undefined,
  within: number,
): Promise<ReplyQueue | undefined> {
  const { queue } = order;
  const asked = order.replyQueue ?? configured;
  if (asked === undefined) return undefined;
  const { name } = adapter.backend;
  const ops = requireOps(name, 'enqueue', adapter.can.enqueue ?? noDoor);
  if (ops.replies !== undefined) return await ops.replies(asked, queue, within);
  throw new JobctlError('usage', `${name} has no reply queues: there the end of a job is seen by its state.`, {
    next: [
      order.replyQueue === undefined
        ? `Take replyQueue out of queues.${queue}.smoke in the configuration.`
        : `jobctl smoke ${queue}   # without --reply-queue`,
    ],
  });
}
