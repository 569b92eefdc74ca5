import type { Message } from '@aws-sdk/client-sqs';
import type { NewJob } from '../../domain/enqueue.ts';
import { JobctlError } from '../../domain/errors.ts';
import type { Reply, ReplyQueue } from '../../domain/reply.ts';
import type { Queue } from './directory.ts';
import type { Ground } from './ground.ts';
import { BATCH, inTens } from './in-parallel.ts';
import type { Saved } from './message.ts';
import { Met } from './met.ts';
import { allowLook } from './places.ts';
import { deleteAll } from './remove.ts';

/** Message attributes of a job that asks for an answer: where to, and what the answer must carry. */
const REPLY_TO = 'ReplyTo';
const CORRELATION = 'CorrelationId';
/** Message attribute of an answer: it failed, and why. */
const ERROR = 'Error';

/** Receives a look, at most, while each brings as many as it can. */
const ROUNDS = 5;
/** How long beyond the wait a message stays hidden at most. */
const MARGIN_SECONDS = 30;
/** What SQS allows. */
const LONGEST_SECONDS = 43_200;
const MOST_CHARACTERS = 500;

export const replyAttributes = ({ address, mark }: NonNullable<NewJob['replyTo']>): Saved['attributes'] => ({
  [REPLY_TO]: { type: 'String', value: address },
  [CORRELATION]: { type: 'String', value: mark },
});

/**
 * Looking is receiving, and here it is done again and again. Without a redrive policy that harms nothing, and what is none of
 * ours is let go at once. With one each receive counts, so each message is received once, and held until the wait is over.
 */
export async function replyQueue(ground: Ground, asked: string, queue: string, seconds: number): Promise<ReplyQueue> {
  const { calls, directory, tempo } = ground;
  calls.refuseWhenClosed();
  // one of our own account is shown by its name
  const from = (asked.startsWith('arn:') && (await directory.byArn(asked))) || (await directory.mustBe(asked));
  refuseOwn(from, await directory.named(queue), queue);
  allowLook({ from }, ground.mayReceive);
  const counts = from.redrive !== undefined;
  const hidden = counts ? Math.ceil(seconds) + MARGIN_SECONDS : tempo.visibilitySeconds;
  const met = new Met();
  const held = new Map<string, string>();
  const letGo = ground.owe(async () => {
    for (const ten of inTens([...held.values()])) await release(ten);
    held.clear();
  });
  const release = (handles: readonly string[]): Promise<unknown> =>
    calls.setVisibility(from.url, handles, 0).catch(() => undefined); // then they come back by themselves
  const passOver = async (others: readonly Message[]): Promise<void> => {
    for (const { MessageId = '', ReceiptHandle = '' } of others) {
      met.add(MessageId);
      if (counts) held.set(MessageId, ReceiptHandle);
    }
    const handles = others.flatMap(({ ReceiptHandle }) => ReceiptHandle ?? []);
    if (!counts && handles.length > 0) await release(handles);
  };
  return {
    name: from.name,
    address: from.url,
    caution: counts
      ? `What others have in ${from.name} is received once meanwhile, which counts towards its dead-letter queue, and hidden until the wait is over.`
      : `What others have in ${from.name} is received again and again meanwhile, and let go at once.`,
    get others() {
      return met.size;
    },
    async look(mark) {
      for (let round = 0; round < ROUNDS; round += 1) {
        const messages = await calls.receive(from.url, {
          max: BATCH,
          visibilitySeconds: Math.min(LONGEST_SECONDS, hidden),
          waitSeconds: tempo.waitSeconds,
        });
        const { ours = [], others = [] } = Object.groupBy(messages, (one) => (carries(one, mark) ? 'ours' : 'others'));
        await passOver(others);
        if (ours.length > 0) return await taken(ground, from, ours);
        if (messages.length < BATCH) return undefined;
      }
      return undefined;
    },
    letGo,
  };
}

function refuseOwn(from: Queue, work: Queue | undefined, asked: string): void {
  if (work === undefined || (from.arn !== work.arn && from.arn !== work.redrive?.arn)) return;
  const what = from.arn === work.arn ? 'the queue of the job itself' : `where the dead of ${asked} go`;
  throw new JobctlError('usage', `${from.name} cannot be the reply queue: it is ${what}.`, {
    next: ['Name a queue that only answers are sent to.'],
  });
}

/** In an attribute or anywhere in the body. */
const carries = ({ Body = '', MessageAttributes = {} }: Message, mark: string): boolean =>
  Body.includes(mark) || Object.values(MessageAttributes).some(({ StringValue }) => StringValue?.includes(mark));

/** One job may be answered more than once, when it was tried again: it is as bad as the worst of what came together. */
async function taken({ calls }: Ground, from: Queue, ours: readonly Message[]): Promise<Reply> {
  const faults = ours.map(faultOf).filter((fault) => fault !== undefined);
  const items = ours.map(({ MessageId = '', ReceiptHandle = '' }) => ({ id: MessageId, handle: ReceiptHandle }));
  const [left] = (await deleteAll(calls, from.url, items)).values();
  const [error] = faults;
  return {
    ok: error === undefined,
    ...(error === undefined || error === '' ? {} : { error }),
    ...(left === undefined ? {} : { left }),
  };
}

/** What an answer says went wrong; undefined where it says of nothing that it did. */
function faultOf({ Body = '', MessageAttributes = {} }: Message): string | undefined {
  const named = MessageAttributes[ERROR]?.StringValue;
  if (named !== undefined) return named.slice(0, MOST_CHARACTERS);
  const { ok, error } = objectIn(Body);
  const isNone = error === undefined || error === null || error === '' || error === false;
  if (ok !== false && isNone) return undefined;
  if (isNone) return '';
  const { message } = Object(error) as { message?: unknown };
  const text = typeof error === 'string' ? error : typeof message === 'string' ? message : JSON.stringify(error);
  return text.slice(0, MOST_CHARACTERS);
}

function objectIn(body: string): { readonly ok?: unknown; readonly error?: unknown } {
  try {
    return Object(JSON.parse(body)) as object;
  } catch {
    return {};
  }
}
