import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import type { Claim } from '../../../src/domain/claim.ts';
import { browseAll, inState } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { hasty } from '../../conformance/sqs-bench.ts';
import { acting, counted, numbered, openScene, remove, replay } from './scene.ts';

const count = (calls: readonly string[], name: string): number => calls.filter((call) => call === name).length;

describe('looking into SQS', () => {
  it('meets each message once, and lets go of all of them at the end and when it is left in the middle', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(35));
    const adapter = await scene.open();
    expect(new Set((await browseAll(adapter, inState('orders', 'dead'), { size: 8 })).map(({ id }) => id)).size).toBe(
      35,
    );
    for await (const page of adapter.browse(inState('orders', 'dead'), { size: 5, order: 'oldest' })) {
      expect(page).toHaveLength(5);
      expect((await scene.stored('orders-dlq')).inflight).toHaveLength(5);
      break;
    }
    expect((await scene.stored('orders-dlq')).inflight).toEqual([]);
  });

  it('lets go of what it holds when the adapter is closed meanwhile', async () => {
    const scene = await openScene();
    await scene.dead(await scene.pair('orders'), numbered(12));
    const adapter = await scene.open();
    const pages = adapter.browse(inState('orders', 'dead'), { size: 5, order: 'oldest' })[Symbol.asyncIterator]();
    await pages.next();
    await adapter.close();
    expect((await scene.stored('orders-dlq')).inflight).toEqual([]);
  });

  it('lets go also of what a receive brings that was on its way when it was closed', async () => {
    const scene = await openScene();
    await scene.dead(await scene.pair('orders'), numbered(3));
    const adapter = await scene.open({ tempo: { ...hasty, waitSeconds: 1 } });
    let closed: Promise<void> | undefined;
    const answer = (given: Record<string, unknown>) => {
      closed ??= adapter.close();
      return given;
    };
    scene.standIn.fault = (action) => (action === 'ReceiveMessage' ? { answer } : undefined);
    await browseAll(adapter, inState('orders', 'dead')).catch(() => undefined);
    expect(closed).toBeDefined();
    await closed;
    const { ready, inflight } = await scene.stored('orders-dlq');
    expect([ready.length, inflight.length]).toEqual([3, 0]);
  });

  it('never receives for stats and counts', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders', 'shared');
    await scene.pair('bills', 'shared');
    await scene.dead(orders, numbered(3));
    await scene.send(orders.source, numbered(2));
    await scene.send(orders.source, [{ DelaySeconds: 900 }]);
    const adapter = await scene.open();
    const rows = new Map((await adapter.stats({})).map((row) => [row.queue, row]));
    expect(rows.get('orders')).toMatchObject({
      counts: { waiting: 2, delayed: 1, dead: 3 },
      exact: false,
      deadLetter: 'shared',
    });
    expect(rows.get('bills')).toMatchObject({ counts: { dead: 3 }, deadLetter: 'shared' });
    expect(rows.get('shared')).toMatchObject({ counts: { dead: 3, waiting: 0 } });
    expect(rows.get('shared')?.deadLetter).toBeUndefined();
    expect(await adapter.count(inState('orders', 'dead'))).toEqual({ value: 3, exact: false });
    expect(count(scene.standIn.calls, 'ReceiveMessage')).toBe(0);
  });

  it('refuses to look into a queue whose own redrive policy counts each look, unless it is told to', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.send(orders.source, numbered(2));
    const adapter = await scene.open();
    await expect(browseAll(adapter, inState('orders', 'waiting'))).rejects.toMatchObject({
      code: 'JOBCTL_REFUSED',
      message: expect.stringMatching(/after 1000 of them .* orders-dlq/),
      next: expect.arrayContaining([expect.stringMatching(/--receive/)]),
    });
    await expect(acting(adapter, remove, 'orders', {}, ['waiting'])).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
    expect(count(scene.standIn.calls, 'ReceiveMessage')).toBe(0);
    const told = await scene.open({ receive: true });
    expect(counted(await acting(told, remove, 'orders', {}, ['waiting']))).toEqual({ done: 2 });
  });

  it('tells of what it cannot meet: behind the head of a FIFO group, and beyond what SQS lets anybody hold', async () => {
    const scene = await openScene();
    const inGroups = (one: object, index: number) => ({
      ...one,
      MessageGroupId: index === 3 ? 'other' : 'one',
      MessageDeduplicationId: `d${index}`,
    });
    await scene.dead(await scene.pair('bills.fifo'), numbered(4).map(inGroups));
    const adapter = await scene.open();
    expect(await browseAll(adapter, inState('bills.fifo', 'dead'))).toHaveLength(2);
    expect(await adapter.unmet?.(inState('bills.fifo', 'dead'))).toMatch(
      /^About 2 messages of bills-dlq\.fifo .*group/,
    );
    await scene.dead(await scene.pair('orders'), numbered(25));
    const bounded = await scene.open({ tempo: { ...hasty, mostHeld: 20 } });
    expect(await browseAll(bounded, inState('orders', 'dead'), { size: 10 })).toHaveLength(20);
    expect(await bounded.unmet?.(inState('orders', 'dead'))).toMatch(/^About 5 messages of orders-dlq .*held at once/);
    expect((await scene.stored('orders-dlq')).inflight).toEqual([]);
    expect(await browseAll(adapter, inState('orders', 'dead'))).toHaveLength(25);
    expect(await adapter.unmet?.(inState('orders', 'dead'))).toBeUndefined();
  });

  it('passes over what does not fit, and gives it back at the end', async () => {
    const scene = await openScene();
    const ids = await scene.dead(await scene.pair('orders'), numbered(25));
    const acted = await acting(await scene.open(), replay, 'orders', { ids: [ids[7] ?? '', ids[19] ?? ''] });
    expect(counted(acted)).toEqual({ done: 2 });
    const left = await scene.stored('orders-dlq');
    expect([left.ready.length, left.inflight.length]).toEqual([23, 0]);
  });

  it('waits for what others hold, and counts what it could not meet', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(3));
    const other = opsOf({ adapter: await scene.open() }, 'replay')
      .claim({
        selection: inState('orders', 'dead'),
        action: replay,
        size: 3,
      })
      [Symbol.asyncIterator]();
    expect(((await other.next()).value as Claim).jobs).toHaveLength(3);
    await scene.dead(orders, numbered(1));
    const adapter = await scene.open();
    expect(counted(await acting(adapter, replay, 'orders'))).toEqual({ done: 1 });
    expect(await adapter.heldByOthers?.(inState('orders', 'dead'))).toBe(3);
    const patient = await scene.open({
      tempo: { ...hasty, waitSeconds: 1, othersSeconds: 20 },
    });
    const waited = acting(patient, replay, 'orders');
    await expect.poll(() => count(scene.standIn.calls, 'ReceiveMessage')).toBeGreaterThan(4);
    await other.return?.();
    expect(counted(await waited)).toEqual({ done: 3 });
  });

  it('meets what others let go between the last look and the count', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(3));
    const other = opsOf({ adapter: await scene.open() }, 'replay')
      .claim({ selection: inState('orders', 'dead'), action: replay, size: 3 })
      [Symbol.asyncIterator]();
    expect(((await other.next()).value as Claim).jobs).toHaveLength(3);
    const adapter = await scene.open({ tempo: { ...hasty, waitSeconds: 1, othersSeconds: 20 } });
    let looked = false;
    scene.standIn.fault = (action) => {
      looked ||= action === 'ReceiveMessage';
      if (!looked || action !== 'GetQueueAttributes') return undefined;
      return {
        answer: (answer) => {
          void other.return?.();
          const counts = answer['Attributes'] as Record<string, string>;
          return { ...answer, Attributes: { ...counts, ApproximateNumberOfMessagesNotVisible: '0' } };
        },
      };
    };
    expect(counted(await acting(adapter, replay, 'orders'))).toEqual({ done: 3 });
  });

  it('works from a name, a URL and an ARN, also where listing is forbidden', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(2));
    scene.standIn.fault = (action) =>
      action === 'ListQueues' ? { refuse: 'AccessDenied', message: 'no identity-based policy' } : undefined;
    const adapter = await scene.open();
    for (const name of ['orders', orders.source.url, orders.source.arn]) {
      expect((await adapter.queueNamed?.(name))?.queue.split(':').at(-1), name).toBe('orders');
      expect(await browseAll(adapter, inState(name, 'dead')), name).toHaveLength(2);
    }
    expect(await adapter.queueNamed?.('order')).toBeUndefined();
    expect(counted(await acting(adapter, replay, orders.source.arn))).toEqual({ done: 2 });
    await expect(adapter.queues()).rejects.toMatchObject({
      code: 'JOBCTL_UNREACHABLE',
      message: expect.stringMatching(/sqs:ListQueues on \*/),
    });
  });

  it('says which action on which queue was denied, and which region a queue is in', async () => {
    const scene = await openScene();
    await scene.pair('orders');
    const adapter = await scene.open();
    scene.standIn.fault = (action) => (action === 'ReceiveMessage' ? { refuse: 'AccessDeniedException' } : undefined);
    await expect(browseAll(adapter, inState('orders', 'dead'))).rejects.toThrow(
      /sqs:ReceiveMessage on arn:aws:sqs:eu-test-1:000000000000:orders-dlq/,
    );
    await expect(adapter.queueNamed?.('arn:aws:sqs:us-west-2:1:orders')).rejects.toMatchObject({
      code: 'JOBCTL_USAGE',
      message: expect.stringMatching(/is in us-west-2, this is eu-test-1/),
    });
  });

  it('shows where it is: region, account and endpoint', async () => {
    const scene = await openScene();
    await scene.queue('orders');
    expect((await scene.open()).backend.where).toBe(
      `sqs://eu-test-1 (account 000000000000, endpoint ${scene.endpoint})`,
    );
    // where the role may not list, AWS names the account as it refuses
    const me = 'User: arn:aws:sts::111122223333:assumed-role/ops/me is not authorized to perform: sqs:listqueues';
    const message = `${me} on resource: arn:aws:sqs:eu-test-1:111122223333: because no policy allows it`;
    scene.standIn.fault = (action) => (action === 'ListQueues' ? { refuse: 'AccessDenied', message } : undefined);
    expect((await scene.open()).backend.where).toContain('(account 111122223333, ');
    scene.standIn.fault = undefined;
    const secret = scene.endpoint.replace('http://', 'http://user:secret@');
    expect((await scene.open({ endpoint: secret })).backend.where).not.toContain('secret');
    await expect(scene.open({ endpoint: 'localhost:4566' })).rejects.toMatchObject({ code: 'JOBCTL_USAGE' });
  });

  it.each([
    ['ExpiredToken', 'JOBCTL_UNREACHABLE', /expired/],
    ['UnrecognizedClientException', 'JOBCTL_UNREACHABLE', /does not know these AWS credentials/],
    ['OverLimit', 'JOBCTL_UNREACHABLE', /in flight/],
    ['AWS.SimpleQueueService.NonExistentQueue', 'JOBCTL_USAGE', /There is no queue/],
    ['KmsDisabled', 'JOBCTL_UNREACHABLE', /KMS key/],
    ['KmsAccessDenied', 'JOBCTL_UNREACHABLE', /KMS key/],
    ['Surprise', 'JOBCTL_UNEXPECTED', /Surprise/],
  ])('tells %s in plain words', async (refuse, code, message) => {
    const scene = await openScene();
    await scene.pair('orders');
    const adapter = await scene.open();
    scene.standIn.fault = (action) => (action === 'ReceiveMessage' ? { refuse } : undefined);
    await expect(browseAll(adapter, inState('orders', 'dead'))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('knows a queue no more once it is deleted', async () => {
    const scene = await openScene();
    const queue = await scene.queue('orders');
    const adapter = await scene.open();
    expect(await adapter.queueNamed?.('orders')).toEqual({ queue: 'orders' });
    await scene.client.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
    expect(await adapter.queueNamed?.('orders')).toBeUndefined();
  });
});
