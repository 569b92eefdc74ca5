/** The process of `jobctl demo up` that handles orders, and keeps adding some. Arguments: the demo's folder, and where SQS is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageCommand, GetQueueUrlCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { tellReady } from '../demo-process.ts';
import { dice } from '../dice.ts';
import { order, send } from './incident.ts';
import { clientFor, QUEUE } from './server.ts';

const [, , , url = ''] = process.argv;
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
const { signal } = stop;

const client = await clientFor(url);
const { QueueUrl = '' } = await client.send(new GetQueueUrlCommand({ QueueName: QUEUE }));
await tellReady();

/** One order comes in a second; handling one takes less. */
const shop = async (): Promise<void> => {
  const d = dice(Date.now());
  while (!signal.aborted) {
    await sleep(1000, undefined, { signal });
    await send(client, QueueUrl, [order(d, d.roll() < 0.3 ? 'order.ship' : 'order.invoice')]);
  }
};
const work = async (): Promise<void> => {
  while (!signal.aborted) {
    const asked = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1, WaitTimeSeconds: 1 });
    const { Messages = [] } = await client.send(asked, { abortSignal: signal });
    for (const { ReceiptHandle } of Messages) {
      await sleep(600, undefined, { signal });
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
};

await Promise.all([shop(), work()]).catch((error: Error) => {
  if (!signal.aborted) console.log(`ended by an error: ${error.message}`);
});
process.exit();
