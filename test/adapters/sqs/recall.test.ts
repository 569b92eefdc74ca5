import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import type { SavedJob } from '../../../src/domain/claim.ts';
import { readJournal } from '../../../src/safety/journal.ts';
import { readRun } from '../../../src/safety/run-folder.ts';
import { told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { openOffice } from './office.ts';
import { bodies, numbered, openScene } from './scene.ts';

/** One message more of which nothing is known any more. */
const withLost = ({ Successful, ...answer }: Record<string, unknown>, id: string) => ({
  ...answer,
  Successful: (Successful as object[]).map((one, index) => (index === 0 ? { ...one, MessageId: id } : one)),
});

const ref = (id: string) => ({ queue: 'orders', id });

const replayOf = (queue: string, to?: string) => ({
  verb: 'replay' as const,
  selection: { queues: [queue], states: ['dead'] as const },
  action: { verb: 'replay' as const, keepAttempts: false, to },
});

/** A dead-letter queue of so many, replayed; `receive`, because the look into the live queue counts. */
async function replayed(messages: Parameters<Awaited<ReturnType<typeof openScene>>['send']>[1], name = 'orders') {
  const scene = await openScene();
  const pair = await scene.pair(name);
  await scene.dead(pair, messages);
  const office = await openOffice(await scene.open({ receive: true }));
  const { run = '', outcomes } = await office.act(replayOf(name));
  expect(outcomes.done).toBe(messages.length);
  return { scene, pair, office, run };
}

describe('the undo of a replay on SQS', () => {
  it('sends back what waits, every field as it was, and can be undone itself', async () => {
    const attributes = {
      size: { DataType: 'Number.int', StringValue: '007' },
      blob: { DataType: 'Binary.png', BinaryValue: new Uint8Array([0, 255, 10]) },
    };
    const trace = { AWSTraceHeader: { DataType: 'String' as const, StringValue: 'Root=1-5759e988' } };
    const { scene, pair, office, run } = await replayed([
      { MessageBody: ' {"n": 9007199254740993}\n', MessageAttributes: attributes, MessageSystemAttributes: trace },
      ...numbered(9),
    ]);
    const undone = await office.undo(run);
    expect(undone).toMatchObject({ complete: true, verb: 'undo', matched: 10, outcomes: { done: 10 } });
    expect(await scene.stored('orders')).toEqual({ ready: [], delayed: [], inflight: [] });
    const { ready } = await scene.stored('orders-dlq');
    expect(ready).toHaveLength(10);
    expect(ready.find(({ body }) => body.startsWith(' '))?.messageAttributes).toMatchObject({
      size: attributes.size,
      blob: { DataType: 'Binary.png' },
    });
    const all = { MessageSystemAttributeNames: ['All' as const], MaxNumberOfMessages: 10, VisibilityTimeout: 0 };
    const { Messages = [] } = await scene.client.send(new ReceiveMessageCommand({ QueueUrl: pair.dlq.url, ...all }));
    expect(Messages.map(({ Attributes }) => Attributes?.['AWSTraceHeader'])).toContain('Root=1-5759e988');
    expect(await office.undo(undone.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 10 } });
    expect((await scene.stored('orders')).ready).toHaveLength(10);
    expect((await scene.stored('orders-dlq')).ready).toEqual([]);
  });

  it('leaves to the workers what they have taken, and everything that others sent; the rest is told', async () => {
    const { scene, pair, office, run } = await replayed(numbered(8));
    const others = await scene.send(pair.source, [{ MessageBody: 'of somebody else' }]);
    const { Messages: [taken] = [] } = await scene.client.send(
      new ReceiveMessageCommand({ QueueUrl: pair.source.url }),
    );
    const undone = await office.undo(run);
    expect(undone).toMatchObject({ complete: false, outcomes: { done: 7, skipped: 1 } });
    expect(undone.skipped).toEqual([{ id: taken?.MessageId, why: expect.stringMatching(/^started.*a worker/) }]);
    const { ready, inflight } = await scene.stored('orders');
    expect([ready.map(({ messageId }) => messageId), inflight.map(({ messageId }) => messageId)]).toEqual([
      others,
      [taken?.MessageId],
    ]);
    expect((await scene.stored('orders-dlq')).ready).toHaveLength(7);
  });

  it('does not say that workers have taken what may only be hidden for the moment', async () => {
    const { scene, office, run } = await replayed(numbered(3));
    scene.standIn.calls.length = 0;
    // the answer to the first look is lost: what it received stays hidden
    scene.standIn.fault = (action) =>
      action === 'ReceiveMessage' && scene.standIn.calls.filter((one) => one === action).length === 1
        ? { cut: 'after' }
        : undefined;
    const undone = await office.undo(run);
    expect(undone).toMatchObject({ complete: false, outcomes: { done: 0, skipped: 3 } });
    expect(undone.skipped[0]?.why).toMatch(/^started: .*a worker has taken it.*about 3 that are hidden/);
    expect((await scene.stored('orders')).inflight).toHaveLength(3);
  });

  it('receives the queue once, however many it takes back, and to the end where some are gone', async () => {
    const scene = await openScene();
    await scene.dead(await scene.pair('orders'), numbered(250));
    // the first of each ten is never met again, so each walk goes to the end
    scene.standIn.fault = (action, _, number) =>
      action === 'SendMessageBatch' ? { answer: (answer) => withLost(answer, `lost-${number}`) } : undefined;
    const office = await openOffice(await scene.open({ receive: true }));
    const { run = '' } = await office.act(replayOf('orders'));
    const before = scene.standIn.calls.length;
    expect(await office.undo(run)).toMatchObject({ complete: false, outcomes: { done: 225, skipped: 25 } });
    const looks = scene.standIn.calls.slice(before).filter((call) => call === 'ReceiveMessage').length;
    expect(looks).toBeLessThan(50); // of ten each, and ten that bring nothing
  });

  it('looks in the queue that --to named, and sends each to where it lay', async () => {
    const scene = await openScene();
    const [orders, bills] = [await scene.pair('orders', 'shared'), await scene.pair('bills', 'shared')];
    await scene.queue('slow');
    const office = await openOffice(await scene.open({ receive: true }));
    await scene.dead(orders, [{ MessageBody: 'a' }]);
    const slow = await office.act(replayOf('orders', 'slow'));
    expect(await office.undo(slow.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 1 } });
    await scene.dead(bills, [{ MessageBody: 'b' }]);
    // of a dead-letter queue, each message to its own
    const whole = await office.act({ ...replayOf('shared'), selection: { queues: ['shared'], states: ['dead'] } });
    expect(whole.outcomes.failed).toBe(1); // the one that came back: SQS has forgotten its home
    expect((await scene.stored('bills')).ready).toHaveLength(1);
    expect(await office.undo(whole.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 1 } });
    expect(bodies((await scene.stored('shared')).ready).sort()).toEqual(['a', 'b']);
  });

  it('keeps the order of a FIFO group, and says what may stand behind others of it', async () => {
    const message = (n: number) => ({ MessageBody: `${n}`, MessageGroupId: 'a', MessageDeduplicationId: `d${n}` });
    const { scene, pair, office, run } = await replayed([1, 2, 3].map(message), 'orders.fifo');
    await scene.send(pair.source, [message(4)]);
    expect(await office.undo(run)).toMatchObject({ complete: true, outcomes: { done: 3 } });
    expect(bodies((await scene.stored('orders-dlq.fifo')).ready)).toEqual(['1', '2', '3']);
    expect(bodies((await scene.stored('orders.fifo')).ready)).toEqual(['4']);
    const again = await office.act(replayOf('orders.fifo'));
    expect(again.outcomes.done).toBe(3);
    const behind = await office.undo(again.run ?? '');
    expect(behind).toMatchObject({ complete: false, outcomes: { done: 0, skipped: 3 } });
    expect(behind.skipped[0]?.why).toMatch(/^locked.*stand behind others of their group/);
    expect(bodies((await scene.stored('orders.fifo')).ready)).toEqual(['4', '1', '2', '3']);
  });

  it('refuses to look where each look counts, and does nothing', async () => {
    const { scene, office, run } = await replayed(numbered(2));
    const careful = await openOffice(await scene.open(), {}, office.stateDir);
    await expect(careful.undo(run)).rejects.toMatchObject({
      kind: 'refused',
      next: expect.arrayContaining([expect.stringContaining('--receive')]),
    });
    expect((await scene.stored('orders')).ready).toHaveLength(2);
  });

  it('never sends twice what its journal knows as sent, and goes on where it broke off', async () => {
    const { scene, office, run } = await replayed(numbered(230));
    let sends = 0;
    scene.standIn.fault = (action) => {
      if (action === 'SendMessageBatch') sends += 1;
      return action === 'DeleteMessageBatch' && sends > 10 ? { refuse: 'InternalError' } : undefined;
    };
    const broken = await office.undo(run);
    expect(broken.complete).toBe(false);
    scene.standIn.fault = undefined;
    const later = await openOffice(await scene.open({ receive: true }), {}, office.stateDir);
    expect(await later.goOn(broken.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 230, skipped: 0 } });
    expect((await scene.stored('orders-dlq')).ready).toHaveLength(230);
    expect(await scene.stored('orders')).toEqual({ ready: [], delayed: [], inflight: [] });
    const { journalPath } = await readRun(office.stateDir, broken.run ?? '');
    const copies = [];
    for await (const entry of readJournal(journalPath)) if (entry.at === 'copied') copies.push(...entry.copies);
    expect(new Set(copies.map(({ id }) => id)).size).toBe(230);
    expect(copies[0]).toMatchObject({ queue: 'orders', to: 'orders-dlq' });
  });

  it('does not send again what it had sent before it broke off, though a delete that was answered did nothing', async () => {
    const scene = await openScene();
    const { source, dlq } = await scene.pair('orders');
    const [sent = '', open = ''] = await scene.send(source, numbered(2));
    const ops = opsOf({ adapter: await scene.open({ receive: true }) }, 'revert');
    const item = (id: string, queueArn: string): SavedJob => ({
      job: { ...ref(id), type: 'orders', state: 'dead', native: '', retrying: false, attempts: 0, payload: '' },
      snapshot: { messageId: id, queueArn, handle: 'of long ago', handleEnds: Date.now() + 60_000 },
    });
    const copies = [{ ref: ref(sent), as: 'its copy' }];
    const intent = { action: 'revert', mark: 'm', jobs: [item(sent, source.arn)], copies } as const;
    expect(told(await ops.settle(intent))).toEqual([`${sent}: done`]);
    const taken: string[] = [];
    const saved = [item(sent, dlq.arn), item(open, dlq.arn)];
    for await (const claim of ops.walk?.(saved, { size: 10 }) ?? []) {
      taken.push(...claim.jobs.map(({ job }) => job.id));
      await claim.apply(claim.jobs);
    }
    expect(taken).toEqual([open]);
    expect(bodies((await scene.stored('orders-dlq')).ready)).toEqual(['{"n":1}']);
    expect(await scene.stored('orders')).toEqual({ ready: [], delayed: [], inflight: [] });
  });
});
