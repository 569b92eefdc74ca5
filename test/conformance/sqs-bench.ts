import { DeleteMessageCommand, ReceiveMessageCommand, UntagQueueCommand } from '@aws-sdk/client-sqs';
import { openSqs } from '../../src/adapters/sqs/index.ts';
import type { Bench, Holds, SeedJob } from '../../src/testkit/index.ts';
import { startAwsStandIn } from '../setup/aws-stand-in.ts';
import { mapOnto } from '../setup/lambda-mapping.ts';
import { createSqs, type TestQueue } from '../setup/sqs.ts';

/** The emulator's answers are exact: what it does not give at once is not there. */
export const hasty = {
  waitSeconds: 0,
  emptyPolls: 1,
  visibilitySeconds: 60,
  othersSeconds: 0,
  empty: { looks: 1, seconds: 0 },
  moveSeconds: 0.05,
};

const holds: Holds = {
  // what is in flight or delayed can be counted, not seen
  states: new Set(['waiting', 'dead']),
  attributes: new Set(),
  types: 'the queue',
  payloads: 'json',
  nulEscape: true,
  loneSurrogates: true,
  ids: 'new ones',
  queueNames: ['letters', 'parcels', 'a_queue-with-odd_signs'],
};

type Pair = { source: TestQueue; dlq: TestQueue };

export async function sqsBench(): Promise<Bench> {
  const [sqs, aws] = await Promise.all([createSqs(), startAwsStandIn()]);
  Object.assign(process.env, aws.env);
  const patience = { pollMs: 1, mostMs: 5_000 };
  const open = () => openSqs({ url: sqs.url, endpoint: sqs.endpoint, receive: true, tempo: hasty, patience });
  const pairs = new Map<string, Promise<Pair>>();
  const pairOf = (name: string): Promise<Pair> => {
    const known = pairs.get(name);
    if (known !== undefined) return known;
    const made = sqs.pair(name);
    pairs.set(name, made);
    mapOnto(aws, name, `work-${name}`);
    return made;
  };
  await Promise.all(['letters', 'parcels', 'a-parcels'].map(pairOf));
  const peers = [await open()];
  return {
    adapter: peers[0] as Bench['adapter'],
    holds,
    async peer() {
      const peer = await open();
      peers.push(peer);
      return peer;
    },
    async seed(queue, jobs) {
      const pair = await pairOf(queue);
      const ids: string[] = [];
      for (const { state, payload = '{}' } of jobs satisfies readonly SeedJob[]) {
        const message = [{ MessageBody: payload }];
        ids.push(...(state === 'dead' ? await sqs.dead(pair, message) : await sqs.send(pair.source, message)));
      }
      return ids;
    },
    async dump() {
      const lines: string[] = [];
      for (const pair of pairs.values()) {
        for (const { name } of Object.values(await pair)) {
          for (const [where, messages] of Object.entries(await sqs.stored(name))) {
            for (const { messageId, body, messageAttributes } of messages)
              lines.push(JSON.stringify([name, where, messageId, body, messageAttributes]));
          }
        }
      }
      return lines.sort().join('\n');
    },
    async work(queue, end) {
      const { source } = await pairOf(queue);
      // the worker is a Lambda function
      if (aws.mappings.get(`work-${queue}-of-${queue}`)?.State !== 'Enabled') return undefined;
      const { Messages } = await sqs.client.send(new ReceiveMessageCommand({ QueueUrl: source.url }));
      const [message] = Messages ?? [];
      if (message !== undefined && end === 'completes') {
        await sqs.client.send(
          new DeleteMessageCommand({ QueueUrl: source.url, ReceiptHandle: message.ReceiptHandle ?? '' }),
        );
      }
      return message?.MessageId;
    },
    async breakLock(queue) {
      for (const { url } of Object.values(await pairOf(queue)))
        await sqs.client.send(new UntagQueueCommand({ QueueUrl: url, TagKeys: ['jobctl:lock'] }));
    },
    async drop() {
      await Promise.all(peers.map((peer) => peer.close()));
      await Promise.all([sqs.drop(), aws.stop()]);
    },
  };
}
