/** What a script does with the dead: receive, send, delete, ten calls at once, without a copy on the disk. */
import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';

const [endpoint = '', region = '', dlq, queue, width] = process.argv.slice(2);
const client = new SQSClient({ region, endpoint, useQueueUrlAsEndpoint: false });

async function ten(): Promise<boolean> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl: dlq, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
  );
  if (Messages.length === 0) return false;
  const sends = Messages.map(({ Body = '' }, index) => ({ Id: String(index), MessageBody: Body }));
  await client.send(new SendMessageBatchCommand({ QueueUrl: queue, Entries: sends }));
  const deletes = Messages.map(({ ReceiptHandle = '' }, index) => ({ Id: String(index), ReceiptHandle }));
  await client.send(new DeleteMessageBatchCommand({ QueueUrl: dlq, Entries: deletes }));
  return true;
}

async function one(): Promise<void> {
  while (await ten());
}

await Promise.all(Array.from({ length: Number(width) }, one));
client.destroy();
