import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { reread } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { hasty } from '../../conformance/sqs-bench.ts';
import { acting, bodies, counted, numbered, openScene, remove, replay } from './scene.ts';

describe('a replay on SQS', () => {
  it('sends every field as it was, and then deletes', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    const bytes = new Uint8Array([0, 255, 10, 128]);
    await scene.dead(orders, [
      {
        MessageBody: ' {"n": 9007199254740993, "é":"\u2028"}\n',
        MessageGroupId: 'acme',
        MessageAttributes: {
          kind: { DataType: 'String.uuid', StringValue: 'a' },
          size: { DataType: 'Number.int', StringValue: '007' },
          blob: { DataType: 'Binary.png', BinaryValue: bytes },
        },
        MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1-5759e988' } },
      },
    ]);
    const adapter = await scene.open();
    const acted = await acting(adapter, replay, 'orders');
    expect(counted(acted)).toEqual({ done: 1 });
    expect(acted.copies).toEqual([
      { ref: { queue: 'orders', id: acted.saved[0]?.job.id }, as: expect.stringMatching(/-/) },
    ]);
    expect(acted.saved[0]?.job).toMatchObject({ tenant: 'acme', type: 'orders', state: 'dead' });
    const { Messages } = await scene.client.send(
      new ReceiveMessageCommand({
        QueueUrl: orders.source.url,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    expect(Messages?.[0]).toMatchObject({
      MessageId: acted.copies[0]?.as,
      Body: ' {"n": 9007199254740993, "é":"\u2028"}\n',
      Attributes: { MessageGroupId: 'acme', AWSTraceHeader: 'Root=1-5759e988' },
      MessageAttributes: {
        kind: { DataType: 'String.uuid', StringValue: 'a' },
        size: { DataType: 'Number.int', StringValue: '007' },
        blob: { DataType: 'Binary.png' },
      },
    });
    expect([...(Messages?.[0]?.MessageAttributes?.['blob']?.BinaryValue ?? [])]).toEqual([...bytes]);
    expect(await scene.stored('orders-dlq')).toEqual({ ready: [], delayed: [], inflight: [] });
  });

  it('finds the home of each message in a dead-letter queue that several share', async () => {
    const scene = await openScene();
    const [orders, bills] = [await scene.pair('orders', 'shared'), await scene.pair('bills', 'shared')];
    await scene.dead(orders, numbered(3));
    await scene.dead(bills, numbered(2));
    const lost = await scene.send(orders.dlq, numbered(1)); // sent there directly: nothing tells its home
    const adapter = await scene.open();
    const cautionsOf = async (queue: string) =>
      (await adapter.cautions?.({ queues: [queue], states: ['dead'] }, 'replay'))?.lines.join(' ');
    // six are counted: the attributes do not tell whose they are
    expect(await cautionsOf('bills')).toMatch(/^shared also holds the dead of orders: these are counted here/);
    expect(await cautionsOf('shared')).not.toContain('also holds');
    expect(counted(await acting(adapter, replay, 'bills'))).toEqual({ done: 2 });
    expect((await scene.stored('orders')).ready).toEqual([]);
    const rest = await acting(adapter, replay, 'shared');
    expect(counted(rest)).toEqual({ done: 3, failed: 1 });
    expect(rest.outcomes.find(({ result }) => result === 'failed')).toMatchObject({
      ref: { id: lost[0] },
      why: expect.stringMatching(/which queue it came from/),
    });
    expect([(await scene.stored('orders')).ready.length, (await scene.stored('bills')).ready.length]).toEqual([3, 2]);
    expect((await scene.stored('shared')).ready.map(({ messageId }) => messageId)).toEqual(lost);
  });

  it('keeps the order of each FIFO group, and stops a group at the first that cannot be sent', async () => {
    const scene = await openScene();
    const pair = await scene.pair('orders.fifo');
    const message = (group: string, n: number) => ({
      MessageBody: `${group}${n}`,
      MessageGroupId: group,
      MessageDeduplicationId: `${group}${n}`,
    });
    await scene.dead(
      pair,
      [1, 2, 3].flatMap((n) => [message('a', n), message('b', n)]),
    );
    scene.standIn.fault = (action, asked) => {
      if (action !== 'SendMessageBatch') return undefined;
      const entries = asked['Entries'] as { Id: string; MessageBody: string }[];
      const isBad = ({ MessageBody }: { MessageBody: string }) => MessageBody === 'b2';
      const Failed = entries.filter(isBad).map(({ Id }) => ({ Id, Code: 'InvalidMessageContents', SenderFault: true }));
      return Failed.length === 0
        ? undefined
        : {
            ask: (body) => ({ ...body, Entries: entries.filter((entry) => !isBad(entry)) }),
            answer: (answer) => ({ ...answer, Failed }),
          };
    };
    const acted = await acting(await scene.open(), replay, 'orders.fifo');
    expect(counted(acted)).toEqual({ done: 4, failed: 1 });
    const sent = bodies((await scene.stored('orders.fifo')).ready);
    expect(sent.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect(sent.filter((body) => body.startsWith('b'))).toEqual(['b1']);
    expect(bodies((await scene.stored('orders-dlq.fifo')).ready)).toEqual(['b2', 'b3']);
  });

  it('handles partial failures entry by entry, and tries again only what SQS says it did not take', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(4));
    const entry = (code: string, sender: boolean) => ({ Id: '', Code: code, SenderFault: sender, Message: code });
    scene.standIn.fault = (action, _, number) => {
      if (action !== 'SendMessageBatch' || number !== 2) return undefined; // the first one seeded
      const all: { Id: string; MessageBody: string }[] = [];
      return {
        ask: (body) => {
          all.push(...(body['Entries'] as typeof all));
          return { ...body, Entries: all.filter(({ MessageBody }) => !/[12]/.test(MessageBody)) };
        },
        answer: (answer) => ({
          ...answer,
          Failed: all.flatMap(({ Id, MessageBody }) =>
            MessageBody.includes('1')
              ? [{ ...entry('InternalError', false), Id }]
              : MessageBody.includes('2')
                ? [{ ...entry('InvalidMessageContents', true), Id }]
                : [],
          ),
        }),
      };
    };
    const acted = await acting(await scene.open(), replay, 'orders');
    expect(counted(acted)).toEqual({ done: 3, failed: 1 });
    expect(bodies((await scene.stored('orders')).ready).sort()).toEqual(['{"n":0}', '{"n":1}', '{"n":3}']);
    expect(bodies((await scene.stored('orders-dlq')).ready)).toEqual(['{"n":2}']);
  });

  it('is in doubt when the answer to a send is lost, never sends it a second time by itself, and keeps the message', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(3));
    scene.standIn.fault = (action) => (action === 'SendMessageBatch' ? { cut: 'after' } : undefined);
    const adapter = await scene.open();
    const acted = await acting(adapter, replay, 'orders');
    expect(counted(acted)).toEqual({ unknown: 3 });
    expect((await scene.stored('orders')).ready).toHaveLength(3);
    expect((await scene.stored('orders-dlq')).ready).toHaveLength(3);
    scene.standIn.fault = undefined;
    const settled = await opsOf({ adapter: await scene.open() }, 'replay').settle({
      action: 'replay',
      mark: acted.marks[0] ?? '',
      jobs: acted.saved.map(reread),
    });
    expect(settled.map((one) => ('why' in one ? one.why : one.result))).toEqual(Array(3).fill('not-applied'));
  });

  it('names the action, the queue and the file of policies to every message that a role may not send or delete', async () => {
    const scene = await openScene();
    await scene.dead(await scene.pair('orders'), numbered(2));
    for (const [denied, action, queue] of [
      ['SendMessageBatch', 'SendMessage', 'orders'],
      ['DeleteMessageBatch', 'DeleteMessage', 'orders-dlq'],
    ]) {
      scene.standIn.fault = (one) => (one === denied ? { refuse: 'AccessDenied' } : undefined);
      const { outcomes } = await acting(await scene.open(), replay, 'orders');
      expect(outcomes).toHaveLength(2);
      for (const one of outcomes)
        expect('why' in one ? one.why : '').toMatch(new RegExp(`sqs:${action} on .*[:/]${queue} .* docs/iam/`));
    }
  });

  it('signs its sends by the clock of SQS where the own one is wrong, though none of them is tried again', async () => {
    const scene = await openScene();
    await scene.dead(await scene.pair('orders'), numbered(12));
    Object.assign(scene.standIn, { ahead: 3_600_000, strict: true });
    expect(counted(await acting(await scene.open(), replay, 'orders'))).toEqual({ done: 12 });
    expect(await scene.stored('orders-dlq')).toEqual({ ready: [], delayed: [], inflight: [] });
  });

  it('waits and tries again when it is throttled', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(2));
    scene.standIn.fault = (action, _, number) =>
      action === 'SendMessageBatch' && number < 4 ? { refuse: 'RequestThrottled' } : undefined;
    const adapter = await scene.open();
    expect(counted(await acting(adapter, replay, 'orders'))).toEqual({ done: 2 });
    expect((await scene.stored('orders')).ready).toHaveLength(2);
    expect(await adapter.pain?.()).toBe('SQS throttles, 2 calls were too many'); // one had seeded the queue
    expect(await adapter.pain?.()).toBeUndefined();
  });

  it('says that it was sent when it could not be deleted; settling deletes it and sends nothing', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(3));
    scene.standIn.fault = (action) =>
      action === 'DeleteMessageBatch' ? { refuse: 'InternalError', status: 500 } : undefined;
    const acted = await acting(await scene.open(), replay, 'orders');
    expect(counted(acted)).toEqual({ unknown: 3 });
    // the same words for all of them, so that a report can say it once; the journal has the new ids
    expect([...new Set(acted.outcomes.map((one) => ('why' in one ? one.why : '')))]).toEqual([
      expect.stringMatching(/^Sent, but not deleted from orders-dlq: /),
    ]);
    expect((await scene.stored('orders-dlq')).inflight).toHaveLength(3); // hidden: nobody takes it for dead
    scene.standIn.fault = undefined;
    const settled = await opsOf({ adapter: await scene.open() }, 'replay').settle({
      action: 'replay',
      mark: acted.marks[0] ?? '',
      jobs: acted.saved.map(reread),
      copies: acted.copies,
    });
    expect(settled.map(({ result }) => result)).toEqual(['done', 'done', 'done']);
    expect(await scene.stored('orders-dlq')).toEqual({ ready: [], delayed: [], inflight: [] });
    expect((await scene.stored('orders')).ready).toHaveLength(3);
  });

  it('settles by walking the queue when the old handles have run out', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(4));
    const acted = await acting(await scene.open(), replay, 'orders', {}, ['dead']);
    // as if two of them had been sent, noted and never deleted, long ago
    const again = await scene.dead(orders, numbered(2));
    const jobs = again.map((id) => {
      const item = reread(acted.saved[0] as never);
      return {
        job: { ...item.job, id },
        snapshot: { ...item.snapshot, messageId: id, handle: 'long gone', handleEnds: 0 },
      };
    });
    const copies = again.map((id) => ({ ref: { queue: 'orders', id }, as: 'x' }));
    await scene.dead(orders, numbered(12));
    const settled = await opsOf({ adapter: await scene.open() }, 'replay').settle({
      action: 'replay',
      mark: 'm',
      jobs,
      copies,
    });
    expect(settled.map(({ result }) => result)).toEqual(['done', 'done']);
    const left = await scene.stored('orders-dlq');
    expect([left.ready.length, left.inflight.length]).toEqual([12, 0]);
  });

  it('does not take for gone what it could not reach in a walk that holds all it may', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(1));
    const [taken] = (await acting(await scene.open(), remove, 'orders')).saved;
    await scene.dead(orders, numbered(120));
    const [id = ''] = await scene.dead(orders, [{ MessageBody: 'behind them' }]);
    const item = reread(taken as never);
    const job = { ...item.job, id };
    const snapshot = { ...item.snapshot, messageId: id, handle: 'long gone', handleEnds: 0 };
    const adapter = await scene.open({ tempo: { ...hasty, mostHeld: 20 } });
    const intent = { action: 'remove', mark: 'm', jobs: [{ job, snapshot }], copies: [] } as const;
    const [fate] = await opsOf({ adapter }, 'remove').settle(intent);
    expect(fate).toMatchObject({ result: 'unknown', why: expect.stringMatching(/orders-dlq were not met/) });
  });

  it('refuses what SQS would refuse before it is sent, and says what is wrong with it', async () => {
    const scene = await openScene();
    const dlq = await scene.queue('small-dlq');
    await scene.queue('small', {
      MaximumMessageSize: '1024',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dlq.arn, maxReceiveCount: 5 }),
    });
    await scene.send(dlq, [{ MessageBody: 'x'.repeat(1025) }, { MessageBody: 'fits' }]);
    const acted = await acting(await scene.open(), replay, 'small');
    expect(counted(acted)).toEqual({ done: 1, failed: 1 });
    expect(acted.outcomes.find(({ result }) => result === 'failed')).toMatchObject({
      why: 'small takes messages of up to 1024 bytes, this one has 1025',
    });
  });

  it('packs batches by bytes as well: ten large ones do not go in one call', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    for (let n = 0; n < 5; n += 1) await scene.dead(orders, [{ MessageBody: String(n).repeat(400_000) }]);
    const before = scene.standIn.calls.length;
    expect(counted(await acting(await scene.open(), replay, 'orders'))).toEqual({ done: 5 });
    const sends = scene.standIn.calls.slice(before).filter((call) => call === 'SendMessageBatch');
    expect(sends).toHaveLength(3);
    expect((await scene.stored('orders')).ready).toHaveLength(5);
  });

  it('halves a batch for an endpoint with the older, smaller limit', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(7));
    scene.standIn.fault = (action, body) =>
      action === 'SendMessageBatch' && (body['Entries'] as unknown[]).length > 2
        ? { refuse: 'BatchRequestTooLong' }
        : undefined;
    expect(counted(await acting(await scene.open(), replay, 'orders'))).toEqual({ done: 7 });
    expect((await scene.stored('orders')).ready).toHaveLength(7);
  });
});
