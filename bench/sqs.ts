import { fileURLToPath } from 'node:url';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { startTestSqs } from '../test/setup/sqs-start.ts';
import type { Bench } from './bullmq.ts';
import { median, run } from './process.ts';

const ROWS = Number(process.env['BENCH_SQS_ROWS'] ?? 200_000);
const FLOOD = 10_000;
const FEW = 1_000;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
/** As many calls at once as the adapter makes. */
const AT_ONCE = 10;
const region = 'eu-test-1';

interface Stage {
  readonly endpoint: string;
  readonly queue: string;
  readonly dlq: string;
  drop(): Promise<void>;
}

const inParallel = async (width: number, work: () => Promise<boolean>): Promise<void> => {
  const one = async (): Promise<void> => {
    while (await work());
  };
  await Promise.all(Array.from({ length: width }, one));
};

/** An emulator with so many dead messages of half a kilobyte, and nothing else. */
async function openStage(control: string, messages: number): Promise<Stage> {
  const port = await (await fetch(control, { method: 'POST' })).text();
  const endpoint = `http://127.0.0.1:${port}`;
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_SQS: endpoint,
  });
  const client = new SQSClient({ region, endpoint, useQueueUrlAsEndpoint: false });
  const made = async (name: string): Promise<string> =>
    (await client.send(new CreateQueueCommand({ QueueName: name }))).QueueUrl ?? '';
  const dlq = await made('flood-dlq');
  const queue = await made('flood');
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: dlq, AttributeNames: ['QueueArn'] }),
  );
  const policy = { deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: 5 };
  await client.send(
    new SetQueueAttributesCommand({ QueueUrl: queue, Attributes: { RedrivePolicy: JSON.stringify(policy) } }),
  );
  let left = messages;
  await inParallel(AT_ONCE, async () => {
    const size = Math.min(10, left);
    if (size <= 0) return false;
    left -= size;
    const Entries = Array.from({ length: size }, (_, index) => ({
      Id: String(index),
      MessageBody: JSON.stringify({ n: left + index, body: 'x'.repeat(480) }),
    }));
    await client.send(new SendMessageBatchCommand({ QueueUrl: dlq, Entries }));
    return true;
  });
  return {
    endpoint,
    queue,
    dlq,
    async drop() {
      client.destroy();
      await fetch(`${control}/${port}`, { method: 'DELETE' });
    },
  };
}

/** In a process of its own, as ours is: a loop that other work has warmed up in this one would be measured against a cold start. */
const bareScript = async ({ endpoint, queue, dlq }: Stage): Promise<number> => {
  const program = fileURLToPath(new URL('./sqs-bare.ts', import.meta.url));
  return (await run(process.execPath, [program, endpoint, region, dlq, queue, String(AT_ONCE)], process.env)).seconds;
};

export async function benchSqs({ jobctl, line, memory }: Bench): Promise<void> {
  const server = await startTestSqs();
  const onStage = async <T>(messages: number, work: (stage: Stage) => Promise<T>): Promise<T> => {
    const stage = await openStage(server.endpoint, messages);
    try {
      return await work(stage);
    } finally {
      await stage.drop();
    }
  };
  const replay = () => jobctl(`sqs://${region}`, 'replay', 'flood', '--yes');
  try {
    const ours: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      ours.push((await onStage(FLOOD, replay)).seconds);
      bare.push(await onStage(FLOOD, bareScript));
    }
    const took = median(ours);
    line(`replay ${FLOOD} SQS messages, with backup`, `${took.toFixed(2)} s`);
    line(
      '  a bare script: receive, send, delete',
      `${median(bare).toFixed(2)} s, ratio ${(median(bare) / took).toFixed(2)}`,
      'goal ≥ 0.70',
    );
    const many = await onStage(ROWS, replay);
    const few = await onStage(FEW, replay);
    memory('replay', [many], few, ROWS);
  } finally {
    await server.stop();
  }
}
