import { randomUUID } from 'node:crypto';
import type { Enqueued, Enqueues, NewJob } from '../../domain/enqueue.ts';
import type { Queue } from './directory.ts';
import type { Ground } from './ground.ts';
import { BATCH } from './in-parallel.ts';
import { TYPE } from './message.ts';
import { replyAttributes, replyQueue } from './replies.ts';
import { bodyFault, type Sent, sendAll, type ToSend } from './send.ts';

const LONGEST_DELAY_SECONDS = 900;
/** So long a FIFO queue remembers a deduplication id. */
const KEY_SECONDS = 300;
/** What SQS takes as a group or as a deduplication id. */
const shortName = /^[!-~]{1,128}$/;

/** One call for up to ten, so that a lost answer leaves no more than these in doubt. */
export const enqueues = (ground: Ground): Enqueues => ({
  ignores: new Set(['priority', 'maxAttempts']),
  refuses,
  batch: BATCH,
  keySeconds: KEY_SECONDS,
  async enqueue(name, jobs) {
    ground.calls.refuseWhenClosed();
    const to = await ground.directory.mustBe(name);
    const sent = await sendAll(
      ground.calls,
      to,
      jobs.map((job, index) => messageOf(job, to, String(index))),
    );
    return jobs.map((_, index) => answerOf(name, sent.get(String(index))));
  },
  replies: (asked, queue, seconds) => replyQueue(ground, asked, queue, seconds),
});

function refuses(job: NewJob, queue: string): string | undefined {
  const { payload, delaySeconds, lane, tenant, key } = job;
  const fifo = queue.endsWith('.fifo');
  if (fifo && delaySeconds !== undefined) return 'a FIFO queue delays all of its messages alike: leave the delay out';
  if (fifo && tenant !== undefined) return 'the group of a FIFO queue is the lane: name it so';
  if (!fifo && lane !== undefined) return 'only a FIFO queue has lanes; the group of a standard queue is the tenant';
  if (!fifo && key !== undefined) return 'only a FIFO queue knows idempotency keys: a standard queue takes it twice';
  if (delaySeconds !== undefined && delaySeconds > LONGEST_DELAY_SECONDS)
    return `SQS delays by 15 minutes at most, not by ${delaySeconds} s`;
  for (const [what, text] of Object.entries({ lane, tenant, key }))
    if (text !== undefined && !shortName.test(text))
      return `SQS takes up to 128 characters of plain ASCII, without a space, as a ${what}`;
  return bodyFault(payload);
}

function messageOf({ type, payload, delaySeconds, lane, tenant, key, replyTo }: NewJob, to: Queue, id: string): ToSend {
  const group = to.fifo ? (lane ?? groupName(type)) : tenant;
  return {
    saved: {
      messageId: id,
      body: payload,
      attributes: {
        ...(type === to.name ? {} : { [TYPE]: { type: 'String', value: type } }),
        ...(replyTo === undefined ? {} : replyAttributes(replyTo)),
      },
      system: group === undefined ? {} : { MessageGroupId: group },
    },
    dedupId: key ?? randomUUID(),
    ...(delaySeconds === undefined ? {} : { delaySeconds: Math.ceil(delaySeconds) }),
  };
}

/** A FIFO queue wants a group: the jobs of one type, unless a lane is named. */
const groupName = (type: string): string => type.replace(/[^!-~]/g, '_').slice(0, 128);

function answerOf(queue: string, sent: Sent | undefined): Enqueued {
  if (sent === undefined) return { result: 'unknown', why: 'nothing tells what became of it' };
  if ('as' in sent) return { result: 'done', ref: { queue, id: sent.as } };
  if ('unknown' in sent) return { result: 'unknown', why: sent.unknown };
  return { result: 'failed', why: 'failed' in sent ? sent.failed : `it was not sent: ${sent.held}` };
}
