import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { SavedJob, Snapshot } from '../../domain/claim.ts';
import { fromDate, type Instant } from '../../domain/instant.ts';
import type { Job } from '../../domain/job.ts';
import { nameInArn, type Queue } from './directory.ts';

/**
 * A message as it was, but for its place in line. SQS gives it another id when it is sent again. Its body is the payload of the
 * job beside it, and is not kept twice.
 */
export interface Saved {
  readonly messageId: string;
  readonly md5OfBody?: string | undefined;
  /** Binary values as base64. */
  readonly attributes: Readonly<Record<string, { type: string; value: string } | { type: string; binary: string }>>;
  /** As SQS names them: SentTimestamp, MessageGroupId, AWSTraceHeader … */
  readonly system: Readonly<Record<string, string>>;
  /** ARN of the queue that it lay in. */
  readonly queueArn: string;
  /** ARN of the queue that a replay sends it to, where that is known. */
  readonly home?: string | undefined;
  /** By this handle a run that was killed lets go of the message, or deletes it, as long as it lasts. */
  readonly handle: string;
  /** Milliseconds since 1970, on the clock of this machine. */
  readonly handleEnds: number;
  readonly receivedAt: Instant;
}

/** What of it is sent. */
export interface Sendable extends Pick<Saved, 'messageId' | 'attributes' | 'system'> {
  readonly body: string;
}

/** A message in our hands. */
export interface InHand {
  readonly message: Message;
  readonly id: string;
  readonly handle: string;
  readonly handleEnds: number;
}

export const savedOf = ({ snapshot }: Pick<SavedJob, 'snapshot'>): Saved => snapshot as unknown as Saved;

export const sendableOf = (item: SavedJob): Sendable => ({ ...savedOf(item), body: item.job.payload });

/** How the jobs of one queue are shown. */
export interface Shown {
  /** The queue's name, as it was asked for. */
  readonly as: string;
  readonly state: 'waiting' | 'dead';
  /** The queue that the message lies in. */
  readonly from: Queue;
  readonly home?: string | undefined;
  readonly maxAttempts?: number | undefined;
}

/** The message attribute that names the type of a job; without it a queue holds one type, its own name. */
export const TYPE = 'type';

const moment = (millis: string | undefined): Instant | undefined =>
  millis === undefined ? undefined : fromDate(new Date(Number(millis)));

export function jobOf({ message, id }: InHand, { as, state, from, home, maxAttempts }: Shown): Job {
  const system = message.Attributes ?? {};
  const group = system.MessageGroupId;
  // the receive by which we see it is ours
  const attempts = Math.max(0, Number(system.ApproximateReceiveCount ?? 1) - 1);
  const sent = moment(system.SentTimestamp);
  return {
    queue: as,
    id,
    type: message.MessageAttributes?.[TYPE]?.StringValue ?? (home === undefined ? as : nameInArn(home)),
    state,
    native: state === 'dead' ? `in ${from.name}` : 'visible',
    retrying: state === 'waiting' && attempts > 0,
    attempts,
    payload: message.Body ?? '',
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    // SQS keeps no time of death: the age of a dead message is that of its sending
    ...(sent === undefined ? {} : { since: sent, createdAt: sent }),
    ...(group === undefined ? {} : from.fifo ? { lane: group } : { tenant: group }),
    ...(system.MessageDeduplicationId === undefined ? {} : { key: system.MessageDeduplicationId }),
  };
}

export function snapshotOf({ message, id, handle, handleEnds }: InHand, { from, home }: Shown, now: Instant): Snapshot {
  const saved: Saved = {
    messageId: id,
    ...(message.MD5OfBody === undefined ? {} : { md5OfBody: message.MD5OfBody }),
    attributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, attributeOf(value)]),
    ),
    system: { ...message.Attributes },
    queueArn: from.arn,
    ...(home === undefined ? {} : { home }),
    handle,
    handleEnds,
    receivedAt: now,
  };
  return saved as unknown as Snapshot;
}

const attributeOf = ({ DataType = 'String', StringValue, BinaryValue }: MessageAttributeValue) =>
  BinaryValue === undefined
    ? { type: DataType, value: StringValue ?? '' }
    : { type: DataType, binary: Buffer.from(BinaryValue).toString('base64') };

export const attributesBack = ({ attributes }: Sendable): Record<string, MessageAttributeValue> =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, one]) => [
      name,
      'binary' in one
        ? { DataType: one.type, BinaryValue: new Uint8Array(Buffer.from(one.binary, 'base64')) }
        : { DataType: one.type, StringValue: one.value },
    ]),
  );

/** What counts against the limits: body, and of each attribute its name, type and value. */
export function bytesOf({ body, attributes }: Sendable): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, one] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(one.type);
    bytes += 'binary' in one ? Buffer.byteLength(one.binary, 'base64') : Buffer.byteLength(one.value);
  }
  return bytes;
}
