import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { smokeQueue } from '../../../src/cli/smoke-queue.ts';
import type { SmokeView } from '../../../src/output/smoke-text.ts';
import { hasty } from '../../conformance/sqs-bench.ts';
import type { TestQueue } from '../../setup/sqs.ts';
import { answer, attributeOf, text } from '../../setup/sqs-answering.ts';
import { openOffice } from './office.ts';
import { bodies, numbered, openScene, type Scene } from './scene.ts';

const tempo = { ...hasty, empty: { looks: 2, seconds: 0.2 } };

type Answer = Partial<SendMessageCommandInput>;
type Said = Answer | undefined | Promise<Answer | undefined>;

/** A consumer of one message: it says what it has to say, if anything, and then deletes what it had. */
async function consume(scene: Scene, from: TestQueue, says: (to: Message) => Said): Promise<Message> {
  const QueueUrl = from.url;
  for (;;) {
    const { Messages } = await scene.client.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1, MessageAttributeNames: ['All'] }),
    );
    const [message] = Messages ?? [];
    if (message === undefined) continue;
    const said = await says(message);
    if (said !== undefined) await answer(scene.client, message, said);
    await scene.client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
    return message;
  }
}

const markOf = (to: Message): string => attributeOf(to, 'CorrelationId');
const marked = (to: Message) => ({ CorrelationId: text(markOf(to)) });

interface Asked {
  readonly queue?: string;
  readonly replies?: string;
  readonly within?: string;
  readonly receive?: boolean;
  readonly signal?: AbortSignal;
  readonly dryRun?: boolean;
}

/** The test of `orders`, or what else is asked, with its worker. */
async function smoke(scene: Scene, asked: Asked = {}) {
  const { queue = 'orders', replies: replyQueue = 'replies', within = '20s', receive, signal, dryRun = false } = asked;
  const adapter = await scene.open({ tempo, ...(receive === undefined ? {} : { receive }) });
  const office = await openOffice(adapter, { dryRun, ...(signal && { signal }) });
  const order = { queue, replyQueue, within, payload: '{"note":"{mark}"}' };
  const view = (await smokeQueue(office.session, office.ports, office.pace, order, () => {})) as SmokeView;
  return { view, plans: office.plans, first: view.checks?.[0]?.note, last: view.checks?.[2]?.note };
}

describe('a reply queue', () => {
  it('tells that the job was done, in a queue that never runs empty; the answers of others stay', async () => {
    const scene = await openScene();
    const { source } = await scene.pair('orders');
    const replies = await scene.queue('replies');
    await scene.send(source, [{ MessageBody: 'tomorrow', DelaySeconds: 900 }]);
    await scene.send(replies, numbered(23));
    const worked = consume(scene, source, () => ({}));
    const { view, first, plans } = await smoke(scene);
    expect(view).toMatchObject({
      ok: true,
      ended: 'completed',
      seenBy: 'the reply queue replies',
      replyQueue: 'replies',
      othersMet: 23,
      cleanedUp: true,
    });
    expect(first).toMatch(/^after \S+, seen by the reply queue replies$/);
    expect(plans[0]?.warnings.join()).toContain('What others have in replies is received again and again');
    const message = await worked;
    const { note } = JSON.parse(message.Body ?? '') as { note: string };
    expect(message.MessageAttributes).toMatchObject({ ReplyTo: text(replies.url), CorrelationId: text(note) });
    const { ready, inflight } = await scene.stored('replies');
    expect([inflight, bodies(ready).sort()]).toEqual([
      [],
      bodies(numbered(23).map(({ MessageBody: body }) => ({ body }))).sort(),
    ]);
  });

  it.each<[string, (to: Message) => Answer, string]>([
    [
      'its body, with the mark nowhere else',
      (to) => ({ MessageBody: JSON.stringify({ ok: false, error: '502', of: markOf(to) }), MessageAttributes: {} }),
      ': 502',
    ],
    ['an error in its body', () => ({ MessageBody: '{"error":{"message":"no mail"}}' }), ': no mail'],
    ['an attribute', (to) => ({ MessageAttributes: { ...marked(to), Error: text('no paper') } }), ': no paper'],
    ['its body alone', () => ({ MessageBody: '{"ok":false}' }), ''],
  ])('tells by %s that the job failed', async (_, answer, why) => {
    const scene = await openScene();
    const source = await scene.queue('orders');
    await scene.queue('replies');
    const worked = consume(scene, source, answer);
    const { view, first, last } = await smoke(scene);
    await worked;
    expect(view).toMatchObject({ ok: false, ended: 'failed', seenBy: 'the reply queue replies', newlyDead: 0 });
    expect(first).toBe(`its worker answered in replies that it failed${why}`);
    expect(last ?? '').toMatch(/^$|met neither in its queue nor among the dead|may still be there/);
    expect((await scene.stored('replies')).ready).toEqual([]);
  });

  it('a job that left without an answer has not completed', async () => {
    const scene = await openScene();
    const { source } = await scene.pair('orders');
    await scene.queue('replies');
    const worked = consume(scene, source, () => undefined);
    const { view, first } = await smoke(scene, { within: '1s' });
    await worked;
    expect(view).toMatchObject({ ok: false, ended: 'timeout', othersMet: 0 });
    expect(view.seenBy).toBeUndefined();
    expect(first).toBe('it left the queue, but no reply came to replies');
  });

  it('a job that nobody takes is taken away again; a foreign answer does not pass for its own', async () => {
    const scene = await openScene();
    await scene.pair('orders');
    const replies = await scene.queue('replies');
    const foreign = { MessageAttributes: { CorrelationId: text('smoke-000000000000') }, MessageBody: '{"ok":true}' };
    await scene.send(replies, [foreign]);
    const { view, first } = await smoke(scene, { within: '0s', receive: true });
    expect(view).toMatchObject({ ended: 'timeout', cleanedUp: true, othersMet: 1 });
    expect(first).toBe('it was still waiting, and no reply came to replies');
    expect((await scene.stored('orders')).ready).toEqual([]);
    expect((await scene.stored('replies')).ready).toHaveLength(1);
  });

  it('with a redrive policy it is looked into only with --receive, each message once', async () => {
    const scene = await openScene();
    await scene.queue('orders');
    const { source: replies } = await scene.pair('replies');
    await scene.send(replies, numbered(3));
    const sent = scene.standIn.calls.length;
    const refusal = expect.stringMatching(/^Looking into replies counts as a receive/);
    await expect(smoke(scene)).rejects.toMatchObject({ code: 'JOBCTL_REFUSED', message: refusal });
    expect(scene.standIn.calls.slice(sent)).not.toContain('SendMessageBatch');
    const { view } = await smoke(scene, { within: '2s', receive: true });
    expect(scene.standIn.calls.filter((call) => call === 'ReceiveMessage').length).toBeGreaterThan(3);
    expect(view).toMatchObject({ ended: 'timeout', othersMet: 3 });
    const { ready, inflight } = await scene.stored('replies');
    expect(inflight).toEqual([]);
    expect(ready.map((one) => (one as unknown as { approximateReceiveCount: number }).approximateReceiveCount)).toEqual(
      [1, 1, 1],
    );
  });

  it('lets go of what it holds when the wait is stopped', async () => {
    const scene = await openScene();
    await scene.queue('orders');
    const { source: replies } = await scene.pair('replies');
    await scene.send(replies, numbered(3));
    const stop = new AbortController();
    scene.standIn.fault = (action, _, number) => {
      if (action === 'ReceiveMessage' && number === 3) stop.abort();
      return undefined;
    };
    const { view, first } = await smoke(scene, { receive: true, signal: stop.signal });
    expect(view).toMatchObject({ ended: 'stopped', cleanedUp: true, othersMet: 3 });
    expect(first).toMatch(/^the wait was stopped; no reply came to replies; ~1 waiting/);
    const { ready, inflight } = await scene.stored('replies');
    expect([ready.length, inflight]).toEqual([3, []]);
  });

  it('may be a FIFO queue, of a FIFO queue', async () => {
    const scene = await openScene();
    const { source } = await scene.pair('orders.fifo');
    const replies = await scene.queue('replies.fifo');
    const others = ['a', 'b'].map((group) => ({ MessageGroupId: group, MessageDeduplicationId: group }));
    await scene.send(replies, others);
    const worked = consume(scene, source, (to) => {
      const mark = markOf(to);
      return { MessageGroupId: mark, MessageDeduplicationId: mark };
    });
    const { view } = await smoke(scene, { queue: 'orders.fifo', replies: replies.arn });
    await worked;
    expect(view).toMatchObject({ ok: true, seenBy: 'the reply queue replies.fifo', othersMet: 2 });
    expect((await scene.stored('replies.fifo')).inflight).toEqual([]);
  });

  it.each<[string, Answer | undefined, string]>([
    ['no answer', undefined, 'it died'],
    ['an answer', { MessageBody: '{"ok":false,"error":"502"}' }, 'it died: 502'],
  ])('with %s, a job is found where it died', async (_, said, why) => {
    const scene = await openScene();
    const pair = await scene.pair('orders');
    await scene.queue('replies');
    const worked = consume(scene, pair.source, async ({ MessageId = '', Body = '' }) => {
      const [id = ''] = await scene.dead(pair, [{ MessageBody: Body }]);
      scene.standIn.rename(id, MessageId); // SQS keeps the id of a message that dies
      return said;
    });
    const { view, first } = await smoke(scene);
    await worked;
    expect(view).toMatchObject({ ok: false, ended: 'dead', newlyDead: 0, cleanedUp: true });
    expect(first).toBe(why);
    for (const queue of ['orders-dlq', 'replies']) expect((await scene.stored(queue)).ready).toEqual([]);
  });

  it('an answer that cannot be deleted is said to be there still', async () => {
    const scene = await openScene();
    const source = await scene.queue('orders');
    const replies = await scene.queue('replies');
    const worked = consume(scene, source, () => ({}));
    scene.standIn.fault = (action, body) =>
      action === 'DeleteMessageBatch' && body['QueueUrl'] === replies.url ? { refuse: 'AccessDenied' } : undefined;
    const { view, last } = await smoke(scene);
    await worked;
    expect(view).toMatchObject({ ok: false, ended: 'completed', cleanedUp: false });
    expect(last).toMatch(/^its reply is still there: Access denied/);
  });

  it.each([
    ['orders', 'the queue of the job itself'],
    ['orders-dlq', 'where the dead of orders go'],
    ['nowhere', 'There is no queue nowhere'],
    ['https://', 'There is no queue https://'],
  ])('is not %s', async (replies, why) => {
    const scene = await openScene();
    await scene.pair('orders');
    await expect(smoke(scene, { replies })).rejects.toMatchObject({
      code: 'JOBCTL_USAGE',
      message: expect.stringContaining(why),
    });
    expect(scene.standIn.calls).not.toContain('SendMessageBatch');
  });

  it('is not received from by a dry run, whose plan tells of it', async () => {
    const scene = await openScene();
    await scene.queue('orders');
    await scene.send(await scene.queue('replies'), numbered(1));
    const sent = scene.standIn.calls.length;
    const { plans } = await smoke(scene, { dryRun: true });
    expect(plans[0]?.warnings.join()).toContain('What others have in replies');
    const calls = scene.standIn.calls.slice(sent);
    expect(calls.filter((call) => /^(Receive|Send|Delete|Change)/.test(call))).toEqual([]);
  });

  it('that may not be received from is told before anything is sent', async () => {
    const scene = await openScene();
    await scene.queue('orders');
    await scene.queue('replies');
    scene.standIn.fault = (action) => (action === 'ReceiveMessage' ? { refuse: 'AccessDenied' } : undefined);
    await expect(smoke(scene)).rejects.toMatchObject({
      code: 'JOBCTL_UNREACHABLE',
      message: expect.stringMatching(/^Access denied/),
    });
    expect(scene.standIn.calls).not.toContain('SendMessageBatch');
  });
});
