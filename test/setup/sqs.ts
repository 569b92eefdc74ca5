import {
  CreateQueueCommand,
  type MessageAttributeValue,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { inject } from 'vitest';
import { type StandIn, startStandIn } from './sqs-stand-in.ts';

/** As fauxqs keeps it. */
export interface StoredMessage {
  readonly messageId: string;
  readonly body: string;
  readonly messageAttributes: Readonly<Record<string, MessageAttributeValue>>;
  readonly messageGroupId?: string;
  readonly messageDeduplicationId?: string;
}

export interface TestQueue {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
}

export interface TestSqs {
  /** Of the stand-in, which adds to fauxqs what it lacks, and faults. */
  readonly endpoint: string;
  readonly url: string;
  readonly standIn: StandIn;
  readonly client: SQSClient;
  /** What an application would have to set to get here. */
  readonly env: Readonly<Record<string, string>>;
  queue(name: string, attributes?: Record<string, string>): Promise<TestQueue>;
  /** A queue and the one that takes its dead. */
  pair(name: string, dlq?: string): Promise<{ source: TestQueue; dlq: TestQueue }>;
  send(queue: TestQueue, messages: readonly Partial<SendMessageBatchRequestEntry>[]): Promise<string[]>;
  /** Dead messages as SQS leaves them: in the dead-letter queue, with the queue that they come from. */
  dead(
    of: { readonly source: TestQueue; readonly dlq: TestQueue },
    messages: readonly Partial<SendMessageBatchRequestEntry>[],
  ): Promise<string[]>;
  /** Without receiving: what lies in a queue, seen or hidden. */
  stored(name: string): Promise<{ ready: StoredMessage[]; delayed: StoredMessage[]; inflight: StoredMessage[] }>;
  drop(): Promise<void>;
}

export const region = 'eu-test-1';
export const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

/** An SQS of this test's own, empty. */
export async function createSqs(): Promise<TestSqs> {
  Object.assign(process.env, credentials);
  const control = inject('sqsEndpoint');
  const port = await (await fetch(control, { method: 'POST' })).text();
  const standIn = await startStandIn(`http://127.0.0.1:${port}`, region);
  const client = new SQSClient({ region, endpoint: standIn.endpoint, useQueueUrlAsEndpoint: false });
  const queue = async (name: string, attributes: Record<string, string> = {}): Promise<TestQueue> => {
    const fifo = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
    const { QueueUrl } = await client.send(
      new CreateQueueCommand({ QueueName: name, Attributes: { ...fifo, ...attributes } }),
    );
    return { name, url: QueueUrl ?? '', arn: `arn:aws:sqs:${region}:000000000000:${name}` };
  };
  const send: TestSqs['send'] = async (to, messages) => {
    const ids: string[] = [];
    for (let at = 0; at < messages.length; at += 10) {
      const entries = messages.slice(at, at + 10).map((message, index) => ({
        Id: String(index),
        MessageBody: '{}',
        ...message,
      }));
      const { Successful, Failed } = await client.send(
        new SendMessageBatchCommand({ QueueUrl: to.url, Entries: entries }),
      );
      if (Failed !== undefined && Failed.length > 0) throw new Error(JSON.stringify(Failed));
      const byId = new Map(Successful?.map(({ Id, MessageId }) => [Id, MessageId ?? '']));
      ids.push(...entries.map(({ Id }) => byId.get(Id) ?? ''));
    }
    return ids;
  };
  return {
    endpoint: standIn.endpoint,
    url: `sqs://${region}`,
    standIn,
    client,
    // also for the services around it, so that no test asks for them elsewhere
    env: { ...credentials, AWS_ENDPOINT_URL_SQS: standIn.endpoint, AWS_ENDPOINT_URL: standIn.endpoint },
    queue,
    async pair(name, shelf) {
      const fifo = name.endsWith('.fifo');
      const dlq = await queue(shelf ?? (fifo ? name.replace(/\.fifo$/, '-dlq.fifo') : `${name}-dlq`));
      const source = await queue(name);
      const policy = { deadLetterTargetArn: dlq.arn, maxReceiveCount: 1000 };
      await client.send(
        new SetQueueAttributesCommand({
          QueueUrl: source.url,
          Attributes: { RedrivePolicy: JSON.stringify(policy) },
        }),
      );
      return { source, dlq };
    },
    send,
    async dead({ source, dlq }, messages) {
      const ids = await send(dlq, messages);
      standIn.cameFrom(ids, source.arn);
      return ids;
    },
    async stored(name) {
      const found = (await (await fetch(`http://127.0.0.1:${port}/_fauxqs/queues/${name}`)).json()) as {
        messages: { ready: StoredMessage[]; delayed: StoredMessage[]; inflight: { message: StoredMessage }[] };
      };
      const { ready, delayed, inflight } = found.messages;
      return { ready, delayed, inflight: inflight.map(({ message }) => message) };
    },
    async drop() {
      client.destroy();
      await standIn.stop();
      await fetch(`${control}/${port}`, { method: 'DELETE' });
    },
  };
}
