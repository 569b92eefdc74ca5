import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { startAwsStandIn } from '../setup/aws-stand-in.ts';
import { createSqs, type TestQueue, type TestSqs } from '../setup/sqs.ts';
import { answer } from '../setup/sqs-answering.ts';
import type { Payload, Shop, Work } from './shops.ts';

/** Enough for a look with --receive or two: what a look has counted must not send a message to the dead. */
const RECEIVES = 5;

/** A team with consumers of its own, no functions of Lambda: each queue has its dead-letter queue, and SQS moves the dead there. */
export async function sqsShop(): Promise<Shop> {
  const [sqs, aws] = await Promise.all([createSqs(), startAwsStandIn()]);
  const queues = new Map<string, TestQueue>();
  for (const name of ['email', 'report', 'export']) {
    const { source, dlq } = await sqs.pair(name);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dlq.arn, maxReceiveCount: RECEIVES });
    await sqs.client.send(new SetQueueAttributesCommand({ QueueUrl: source.url, Attributes: { RedrivePolicy } }));
    queues.set(name, source);
  }
  await sqs.queue('smoke-replies');
  const named = (queue: string): TestQueue => queues.get(queue) as TestQueue;
  // the answers of the emulator are exact: to wait for a message that may be on another host is for nothing
  sqs.standIn.fault = (action) =>
    action === 'ReceiveMessage' ? { ask: (body) => ({ ...body, WaitTimeSeconds: 0 }) } : undefined;
  return {
    url: sqs.url,
    receives: true,
    env: { ...sqs.env, ...aws.env },
    add: (queue, payload) => sqs.send(named(queue), [{ MessageBody: JSON.stringify(payload) }]),
    waiting: async (queue) => (await sqs.stored(queue)).ready.length,
    serve: async (queue, work) => serve(sqs, named(queue), work),
    async drop() {
      await Promise.all([sqs.drop(), aws.stop()]);
    },
  };
}

/** Receives, works, answers where it is asked to, deletes. What failed is let go, not tried again, until SQS has counted to its limit and moves it. */
function serve({ client }: TestSqs, { url: QueueUrl }: TestQueue, work: Work): () => Promise<unknown> {
  const failed = new Set<string>();
  let stopped = false;
  const handle = async (message: Message): Promise<void> => {
    const { MessageId = '', ReceiptHandle, Body = '{}' } = message;
    const isDone =
      !failed.has(MessageId) &&
      (await work(JSON.parse(Body) as Payload).then(
        () => true,
        () => false,
      ));
    if (isDone) {
      await answer(client, message);
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    } else {
      failed.add(MessageId);
      await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
      );
      if (Messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      for (const message of Messages) await handle(message);
    }
  };
  const ended = loop();
  return () => {
    stopped = true;
    return ended;
  };
}
