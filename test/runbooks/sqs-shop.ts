import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { startAwsStandIn } from '../setup/aws-stand-in.ts';
import { createSqs, type TestQueue, type TestSqs } from '../setup/sqs.ts';
import type { Payload, Shop, Work } from './shops.ts';

/** Consumers that are no Lambda functions: a loop that receives, works and deletes, scaled by commands of the team's own. */
export async function openSqsShop(): Promise<Shop> {
  const [sqs, aws] = await Promise.all([createSqs(), startAwsStandIn()]);
  const queues = new Map<string, TestQueue>();
  const shelves = new Set<string>();
  /** By its body: SQS keeps the id of a message that dies, fauxqs does not. */
  const failed = new Map<string, Message>();
  for (const name of ['email', 'report', 'export']) {
    const { source, dlq } = await sqs.pair(name);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dlq.arn, maxReceiveCount: 1 });
    await sqs.client.send(new SetQueueAttributesCommand({ QueueUrl: source.url, Attributes: { RedrivePolicy } }));
    queues.set(name, source);
    shelves.add(dlq.url);
  }
  const urlOf = (name: string): string => queues.get(name)?.url ?? '';
  sqs.standIn.fault = (action, body) =>
    action === 'ReceiveMessage'
      ? {
          ask: (asked) => ({ ...asked, WaitTimeSeconds: 0 }),
          answer: (answer) => {
            if (shelves.has(String(body['QueueUrl'])))
              for (const one of (answer['Messages'] ?? []) as Message[])
                Object.assign(one, { MessageId: failed.get(one.Body ?? '')?.MessageId ?? one.MessageId });
            return answer;
          },
        }
      : undefined;
  return {
    url: sqs.url,
    env: { ...sqs.env, ...aws.env },
    add: (queue, payload) =>
      sqs.client.send(new SendMessageCommand({ QueueUrl: urlOf(queue), MessageBody: JSON.stringify(payload) })),
    waiting: async (queue) => (await sqs.stored(queue)).ready.length,
    serve: async (queue, work) =>
      consume(sqs, urlOf(queue), work, (message) => failed.set(message.Body ?? '', message)),
    drop: () => Promise.all([sqs.drop(), aws.stop()]),
  };
}

/** What fails is let go at once; the next receive finds that it was received often enough. */
function consume(
  { client }: TestSqs,
  QueueUrl: string,
  work: Work,
  fail: (message: Message) => void,
): () => Promise<unknown> {
  let stopped = false;
  const handle = async (message: Message): Promise<void> => {
    const { ReceiptHandle } = message;
    try {
      await work(JSON.parse(message.Body ?? '{}') as Payload);
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    } catch {
      fail(message);
      await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
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
