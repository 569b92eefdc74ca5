import { setTimeout as sleep } from 'node:timers/promises';
import type { SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import type { Calls } from './client.ts';
import type { Queue } from './directory.ts';
import { isRefusal, isThrottle, lineOf, nameOf } from './errors.ts';
import { BATCH, inParallel } from './in-parallel.ts';
import { attributesBack, bytesOf, type Sendable } from './message.ts';

/** What became of one message that was to be sent. `held`: not tried, because of what became of one before it. */
export type Sent =
  | { readonly as: string }
  | { readonly failed: string }
  | { readonly unknown: string }
  | { readonly held: string };

export interface ToSend {
  readonly saved: Sendable;
  /** For a FIFO queue: the same for every try of one message in one run, another one in the next run. */
  readonly dedupId: string;
  readonly delaySeconds?: number | undefined;
}

/** Of all entries of a batch together. */
const MOST_BYTES = 1_048_576;
const AT_ONCE = 10;
const TRIES = 4;
const FIRST_WAIT_MS = 200;
/** What SQS takes in a body: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const refusedCharacter = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Sends all, in batches that fit. Standard queues take several batches at once, FIFO queues one after the other. */
export async function sendAll(calls: Calls, to: Queue, items: readonly ToSend[]): Promise<Map<string, Sent>> {
  const results = new Map<string, Sent>();
  const good = items.filter(({ saved }) => {
    const fault = faultOf(saved, to);
    if (fault !== undefined) results.set(saved.messageId, { failed: fault });
    return fault === undefined;
  });
  let doubt = false;
  const stuck = new Set<string>();
  for (const { saved } of items) if (to.fifo && results.has(saved.messageId)) stuck.add(groupOf(saved));
  await inParallel(packed(good), to.fifo ? 1 : AT_ONCE, async (batch) => {
    const free = batch.filter(({ saved }) => {
      const isHeld = doubt || (to.fifo && stuck.has(groupOf(saved)));
      if (isHeld)
        results.set(saved.messageId, {
          held: doubt ? 'the answer to an earlier send was lost' : 'an earlier message of its group was not sent',
        });
      return !isHeld;
    });
    for (const [id, sent] of await sendBatch(calls, to, free)) {
      results.set(id, sent);
      if ('unknown' in sent) doubt = true;
      if ('as' in sent) continue;
      const failed = free.find(({ saved }) => saved.messageId === id);
      if (failed !== undefined) stuck.add(groupOf(failed.saved));
    }
  });
  return results;
}

const groupOf = ({ system }: Sendable): string => system['MessageGroupId'] ?? '';

/** Why this queue would never take it; undefined when it would. */
function faultOf(saved: Sendable, to: Queue): string | undefined {
  const bytes = bytesOf(saved);
  const limit = Math.min(to.maxBytes, MOST_BYTES);
  if (bytes > limit) return `${to.name} takes messages of up to ${limit} bytes, this one has ${bytes}`;
  const fault = bodyFault(saved.body);
  if (fault !== undefined) return fault;
  if (to.fifo && groupOf(saved) === '') return `${to.name} is a FIFO queue and the message has no group`;
  return undefined;
}

/** What no queue takes in a body. */
export function bodyFault(body: string): string | undefined {
  if (body === '') return 'SQS refuses an empty body';
  const bad = refusedCharacter.exec(body);
  if (bad === null) return undefined;
  const code = (bad[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `SQS refuses the character U+${code} at offset ${bad.index} of its body`;
}

/** In order, ten to a batch at most, and no more bytes than a batch may have. */
export function packed(items: readonly ToSend[]): ToSend[][] {
  const batches: ToSend[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item.saved);
    const last = batches.at(-1);
    if (last === undefined || last.length === BATCH || bytes + size > MOST_BYTES) {
      batches.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return batches;
}

function entryOf({ saved, dedupId, delaySeconds }: ToSend, index: number, to: Queue): SendMessageBatchRequestEntry {
  const trace = saved.system['AWSTraceHeader'];
  const group = groupOf(saved);
  return {
    Id: String(index),
    MessageBody: saved.body,
    ...(Object.keys(saved.attributes).length === 0 ? {} : { MessageAttributes: attributesBack(saved) }),
    ...(trace === undefined
      ? {}
      : { MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: trace } } }),
    ...(group === '' ? {} : { MessageGroupId: group }),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
    ...(to.fifo ? { MessageDeduplicationId: dedupId } : {}),
  };
}

/** Tries again only what SQS said it did not take. */
async function sendBatch(calls: Calls, to: Queue, batch: readonly ToSend[]): Promise<Map<string, Sent>> {
  const results = new Map<string, Sent>();
  const idOf = (index: string | undefined, of: readonly ToSend[]): string => of[Number(index)]?.saved.messageId ?? '';
  let left = batch;
  for (let attempt = 1; left.length > 0; attempt += 1) {
    const tried = left;
    const last = attempt === TRIES;
    try {
      const { done, failed } = await calls.send(
        to.url,
        tried.map((item, index) => entryOf(item, index, to)),
      );
      for (const { Id, MessageId } of done) results.set(idOf(Id, tried), { as: MessageId ?? '' });
      for (const { Id, Code, Message, SenderFault } of failed) {
        if (SenderFault === true || last) results.set(idOf(Id, tried), { failed: Message ?? Code ?? 'refused' });
      }
      const again = new Set(failed.filter(({ SenderFault }) => SenderFault !== true).map(({ Id }) => Id));
      left = last ? [] : tried.filter((_, index) => again.has(String(index)));
      // an entry that the answer does not name
      for (const [index, { saved }] of tried.entries()) {
        if (!results.has(saved.messageId) && !again.has(String(index)))
          results.set(saved.messageId, { unknown: `${to.name} did not say what became of it` });
      }
    } catch (error) {
      const { cause } = error as Error;
      const message = lineOf(error as Error);
      if (nameOf(cause) === 'BatchRequestTooLong' && tried.length > 1) {
        // an endpoint with the older, smaller limit: nothing of the batch was taken
        const half = Math.ceil(tried.length / 2);
        for (const part of [tried.slice(0, half), tried.slice(half)]) {
          for (const [id, sent] of await sendBatch(calls, to, part)) results.set(id, sent);
        }
        return results;
      }
      if (isThrottle(cause) && !last) left = tried;
      else {
        const sent: Sent = isRefusal(cause)
          ? { failed: message }
          : { unknown: `The answer to the send was lost: ${message}` };
        for (const { saved } of tried) results.set(saved.messageId, sent);
        left = [];
      }
    }
    if (left.length > 0) await sleep(FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
  }
  return results;
}
