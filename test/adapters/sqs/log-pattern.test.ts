import { DeleteMessageCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { smokeQueue } from '../../../src/cli/smoke-queue.ts';
import type { SmokeView } from '../../../src/output/smoke-text.ts';
import { hasty } from '../../conformance/sqs-bench.ts';
import type { TestQueue } from '../../setup/sqs.ts';
import { type Around, openAround } from './consumers/around.ts';
import { openOffice } from './office.ts';

const tempo = { ...hasty, empty: { looks: 2, seconds: 0.2 } };
const group = '/aws/lambda/bill';

const markOf = ({ Body = '' }: Message): string => (JSON.parse(Body) as { note: string }).note;

/** As a function consumes one message: it logs what it has to log, if anything, and then deletes what it had. */
async function consume(scene: Around, from: TestQueue, logs: (of: Message) => string | undefined | Promise<undefined>) {
  const QueueUrl = from.url;
  for (;;) {
    const { Messages } = await scene.client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
    const [message] = Messages ?? [];
    if (message === undefined) continue;
    const line = await logs(message);
    if (line !== undefined) scene.aws.logs.push({ group, at: Date.now(), message: `INFO\t${line}\n` });
    await scene.client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
    return;
  }
}

interface Asked {
  readonly pattern?: string;
  readonly within?: string;
  readonly receive?: boolean;
  readonly dryRun?: boolean;
}

async function smoke(scene: Around, asked: Asked = {}) {
  const { pattern: logPattern = 'done {mark}', within = '20s', receive, dryRun = false } = asked;
  const adapter = await scene.open({ tempo, ...(receive === undefined ? {} : { receive }) });
  const office = await openOffice(adapter, { dryRun });
  const order = { queue: 'orders', logPattern, within, payload: '{"note":"{mark}"}' };
  const view = (await smokeQueue(office.session, office.ports, office.pace, order, () => {})) as SmokeView;
  return { view, plans: office.plans, first: view.checks?.[0]?.note };
}

/** A queue with a function that consumes it and has logged before. */
async function open() {
  const scene = await openAround();
  const orders = await scene.pair('orders');
  scene.map('orders', 'bill');
  scene.aws.logs.push({ group, at: Date.now(), message: 'done smoke-000000000000' });
  return { ...scene, orders };
}

describe('a log pattern', () => {
  it('tells that the job was done, in a queue that never runs empty', async () => {
    const scene = await open();
    await scene.send(scene.orders.source, [{ MessageBody: 'tomorrow', DelaySeconds: 900 }]);
    const worked = consume(scene, scene.orders.source, (of) => `done ${markOf(of)}`);
    const { view, first } = await smoke(scene);
    await worked;
    expect(view).toMatchObject({
      ok: true,
      ended: 'completed',
      seenBy: 'the log of bill',
      logPattern: 'done {mark}',
      cleanedUp: true,
    });
    expect(first).toMatch(/^after \S+, seen by the log of bill$/);
  });

  it('is plain text, in which {id} stands for the id of the message', async () => {
    const scene = await open();
    const line = ({ MessageId = '' }: Message) => `{"msg":"handled (.*) \\"${MessageId}\\"","ms":3}`;
    const worked = consume(scene, scene.orders.source, line);
    const { view } = await smoke(scene, { pattern: 'handled (.*) \\"{id}\\"' });
    await worked;
    expect(view).toMatchObject({ ok: true, seenBy: 'the log of bill' });
  });

  it.each<[string, (of: Message) => string | undefined]>([
    ['no line', () => undefined],
    ['another line of it', (of) => `received ${markOf(of)}`],
  ])('with %s, a job that left has not completed', async (_, line) => {
    const scene = await open();
    const worked = consume(scene, scene.orders.source, line);
    const { view, first } = await smoke(scene, { within: '1s' });
    await worked;
    expect(view).toMatchObject({ ok: false, ended: 'timeout' });
    expect(view.seenBy).toBeUndefined();
    expect(first).toMatch(/^it left the queue, but no line with "done smoke-\w{12}" came in the log of bill$/);
  });

  it('a job that nobody takes is taken away again', async () => {
    const scene = await open();
    const { view, first } = await smoke(scene, { within: '0s', receive: true });
    expect(view).toMatchObject({ ended: 'timeout', cleanedUp: true });
    expect(first).toMatch(/^it was still waiting, and no line with "done smoke-\w{12}" came in the log of bill$/);
    expect((await scene.stored('orders')).ready).toEqual([]);
  });

  it('a job that died has not completed', async () => {
    const scene = await open();
    const worked = consume(scene, scene.orders.source, async ({ MessageId = '', Body = '' }) => {
      const [id = ''] = await scene.dead(scene.orders, [{ MessageBody: Body }]);
      scene.standIn.rename(id, MessageId); // SQS keeps the id of a message that dies
      return undefined;
    });
    const { view, first } = await smoke(scene);
    await worked;
    expect([view, first]).toMatchObject([{ ok: false, ended: 'dead', cleanedUp: true }, 'it died']);
  });

  it('a function that has logged nothing yet is told of in the plan, and waited for', async () => {
    const scene = await open();
    scene.aws.logs.length = 0;
    const { plans } = await smoke(scene, { dryRun: true });
    expect(plans[0]?.warnings.join()).toContain('bill has not logged anything yet');
    const worked = consume(scene, scene.orders.source, (of) => `done ${markOf(of)}`);
    expect((await smoke(scene)).view).toMatchObject({ ok: true, seenBy: 'the log of bill' });
    await worked;
  });

  it.each<[string, Asked, (scene: Around) => void, object]>([
    [
      'names no job',
      { pattern: 'done' },
      () => {},
      { code: 'JOBCTL_USAGE', message: expect.stringContaining('{mark} or {id} must be in it') },
    ],
    [
      'no function would write',
      {},
      ({ aws }) => aws.mappings.clear(),
      {
        code: 'JOBCTL_USAGE',
        message: expect.stringContaining('No Lambda function consumes orders'),
        next: expect.arrayContaining(['jobctl smoke orders   # without --log-pattern']),
      },
    ],
    [
      'may not be looked for',
      {},
      ({ aws }) => void aws.denied.add('logs:FilterLogEvents'),
      { code: 'JOBCTL_UNREACHABLE', message: expect.stringContaining('logs:FilterLogEvents') },
    ],
  ])('that %s is refused before anything is sent', async (_, asked, spoil, error) => {
    const scene = await open();
    spoil(scene);
    await expect(smoke(scene, asked)).rejects.toMatchObject(error);
    expect(scene.standIn.calls).not.toContain('SendMessageBatch');
  });
});
