import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { type AwsStandIn, startAwsStandIn } from '../setup/aws-stand-in.ts';
import { mapOnto, queueArn } from '../setup/lambda-mapping.ts';
import { createSqs, type TestQueue, type TestSqs } from '../setup/sqs.ts';
import type { Place, Rows } from './play.ts';

const HOUR_MS = 3_600_000;

/** The ids that stand in docs/runbooks/sqs.md. */
export const messageId = (n: number): string => `5c5e0000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export interface SqsScene extends Place {
  readonly sqs: TestSqs;
  readonly aws: AwsStandIn;
  /** What the functions have done, in order. */
  readonly done: Payload[];
}

type Payload = Readonly<Record<string, unknown>>;

const queues = ['coupons', 'coupons-dlq', 'pdf-exports', 'pdf-exports-dlq'] as const;

/**
 * Two queues with their dead-letter queues, a function for each, and a schedule: an hour after an outage of the shop's
 * partner, which `coupons` could not reach.
 */
export async function openSqsScene(): Promise<SqsScene> {
  const [sqs, aws] = await Promise.all([createSqs(), startAwsStandIn()]);
  const coupons = await sqs.pair('coupons');
  const exports = await sqs.pair('pdf-exports');
  const sentAt = new Map<string, number>();
  const lay = async (pair: typeof coupons, first: number, hours: number, bodies: readonly Payload[]): Promise<void> => {
    const ids = await sqs.dead(
      pair,
      bodies.map((body, index) => ({ MessageBody: JSON.stringify({ job: `dead-${first + index}`, ...body }) })),
    );
    for (const [index, id] of ids.entries()) {
      const shown = messageId(first + index);
      sqs.standIn.rename(id, shown);
      sentAt.set(shown, Date.now() - hours * HOUR_MS);
    }
  };
  await lay(
    coupons,
    101,
    1,
    [1, 2, 3, 4].map((n) => ({ mission: n, user: `user${n}`, token: 'abc' })),
  );
  await lay(coupons, 105, 2, [{ user: 'user5' }]);
  await lay(exports, 201, 30, [{ document: 7 }]);
  sqs.standIn.fault = (action) => {
    if (action !== 'ReceiveMessage') return undefined;
    return {
      ask: (body) => ({ ...body, WaitTimeSeconds: 0 }),
      answer: (answer) => {
        for (const one of (answer['Messages'] ?? []) as Message[]) {
          const at = sentAt.get(one.MessageId ?? '');
          if (at !== undefined) one.Attributes = { ...one.Attributes, SentTimestamp: String(at) };
        }
        return answer;
      },
    };
  };
  const minute = Math.floor(Date.now() / 60_000) * 60;
  mapOnto(aws, 'coupons', 'issue-coupons', { ScalingConfig: { MaximumConcurrency: 5 }, LastProcessingResult: 'OK' });
  mapOnto(aws, 'pdf-exports', 'export-pdf', { ScalingConfig: { MaximumConcurrency: 2 } });
  aws.rules.push({
    Name: 'coupons-hourly',
    EventBusName: 'default',
    State: 'ENABLED',
    ScheduleExpression: 'rate(1 hour)',
    targets: [queueArn('coupons')],
  });
  aws.schedules.push({
    Name: 'export-nightly',
    GroupName: 'default',
    State: 'ENABLED',
    ScheduleExpression: 'cron(0 3 * * ? *)',
    Target: { Arn: queueArn('pdf-exports') },
  });
  const measured = (metric: string, of: string, value: number) =>
    aws.metrics.push({ metric, of, at: minute - 120, value });
  measured('ApproximateAgeOfOldestMessage', 'coupons', 75);
  measured('NumberOfMessagesSent', 'coupons', 40);
  measured('NumberOfMessagesDeleted', 'coupons', 38);
  measured('ConcurrentExecutions', 'issue-coupons', 4);
  measured('ConcurrentExecutions', 'export-pdf', 1);
  const write = (name: string, message: string) =>
    aws.logs.push({ group: `/aws/lambda/${name}`, at: Date.now(), message: `${message}\n` });
  write('issue-coupons', `ERROR\t${messageId(101)}\tError: 502 Bad Gateway at issue (/var/task/index.js:41:11)`);
  write('export-pdf', 'INFO\tready');
  const done: Payload[] = [];
  const stops = [
    serve(sqs, aws, coupons.source, 'issue-coupons', done),
    serve(sqs, aws, exports.source, 'export-pdf', done),
  ];
  return {
    sqs,
    aws,
    done,
    env: {
      ...sqs.env,
      ...aws.env,
      JOBS_URL: sqs.url,
      NODE_OPTIONS: `--import=${new URL('./shorter-waits.mjs?part=30&ahead', import.meta.url).href}`,
    },
    beat: async () => {},
    rows: () => rowsIn(sqs, done),
    async drop() {
      await Promise.all(stops.map((stop) => stop()));
      await Promise.all([sqs.drop(), aws.stop()]);
    },
  };
}

/** What Lambda does with a queue while the mapping is on: receive, call the function, delete. */
function serve(
  sqs: TestSqs,
  aws: AwsStandIn,
  { url, name }: TestQueue,
  called: string,
  done: Payload[],
): () => Promise<void> {
  let ended = false;
  const loop = async (): Promise<void> => {
    while (!ended) {
      const on = aws.mappings.get(`${called}-of-${name}`)?.State === 'Enabled';
      const { Messages = [] } = on
        ? await sqs.client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }))
        : {};
      if (Messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      else await handle(Messages);
    }
  };
  const handle = async (messages: readonly Message[]): Promise<void> => {
    for (const { MessageId, Body = '{}' } of messages) {
      const payload = JSON.parse(Body) as Payload;
      done.push(payload);
      const message = `INFO\tdone ${payload['note'] ?? MessageId}\n`;
      aws.logs.push({ group: `/aws/lambda/${called}`, at: Date.now(), message });
    }
    const Entries = messages.map(({ ReceiptHandle = '' }, index) => ({ Id: String(index), ReceiptHandle }));
    await sqs.client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
  };
  const loops = loop();
  return () => {
    ended = true;
    return loops;
  };
}

/** Each named job, and where it lies: SQS gives it another id when it is sent again. */
async function rowsIn(sqs: TestSqs, done: readonly Payload[]): Promise<Rows> {
  const rows: Record<string, string> = {};
  for (const { job } of done) if (typeof job === 'string') rows[job] = 'done';
  for (const name of queues) {
    const { ready, delayed, inflight } = await sqs.stored(name);
    for (const { body } of [...ready, ...delayed, ...inflight]) {
      const { job } = JSON.parse(body) as { job?: string };
      if (job !== undefined) rows[job] = name;
    }
  }
  return rows;
}
