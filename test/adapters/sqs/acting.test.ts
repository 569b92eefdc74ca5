import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { inState } from '../../../src/testkit/act.ts';
import { hasty } from '../../conformance/sqs-bench.ts';
import { openOffice } from './office.ts';
import { acting, bodies, counted, numbered, openScene, remove, replay } from './scene.ts';

describe('a replay to another queue', () => {
  it('sends all of them there, also those of which nothing tells where they came from', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders', 'shared');
    await scene.pair('bills', 'shared');
    await scene.queue('orders-slow');
    await scene.dead(orders, numbered(2));
    await scene.send(orders.dlq, [{ MessageBody: 'homeless' }]);
    const adapter = await scene.open();
    const first = await acting(adapter, replay, 'shared');
    expect(counted(first)).toEqual({ done: 2, failed: 1 });
    expect(first.outcomes.find(({ result }) => result === 'failed')).toMatchObject({
      why: expect.stringMatching(/--to QUEUE/),
    });
    await scene.dead(orders, numbered(2));
    const to = (await adapter.destination?.({ queues: ['shared'] }, 'orders-slow')) ?? '';
    expect(counted(await acting(adapter, { ...replay, to } as typeof replay, 'shared'))).toEqual({ done: 3 });
    expect(bodies((await scene.stored('orders-slow')).ready).sort()).toEqual(['homeless', '{"n":0}', '{"n":1}']);
    expect((await scene.stored('shared')).ready).toEqual([]);
  });

  it('refuses a queue of another kind, the dead-letter queue itself, and one that is not there', async () => {
    const scene = await openScene();
    await scene.pair('orders');
    await scene.queue('other.fifo');
    const adapter = await scene.open();
    const refusal = (to: string) => adapter.destination?.({ queues: ['orders'] }, to).catch((error: unknown) => error);
    expect(await refusal('other.fifo')).toMatchObject({
      code: 'JOBCTL_REFUSED',
      message: /a FIFO queue and orders-dlq/,
    });
    expect(await refusal('orders-dlq')).toMatchObject({ code: 'JOBCTL_REFUSED' });
    expect(await refusal('nowhere')).toMatchObject({ code: 'JOBCTL_USAGE' });
  });
});

describe('adding messages', () => {
  it('sends type, tenant and delay along, in calls of ten', async () => {
    const scene = await openScene();
    const orders = await scene.queue('orders');
    const office = await openOffice(await scene.open());
    const before = scene.standIn.calls.length;
    const jobs = [...Array(12).keys()].map((n) => ({ type: 'order.ship', payload: `{"n":${n}}`, tenant: 'acme' }));
    expect(await office.add('orders', jobs)).toMatchObject({ complete: true, outcomes: { done: 12 } });
    expect(scene.standIn.calls.slice(before).filter((call) => call === 'SendMessageBatch')).toHaveLength(2);
    await office.add('orders', [{ type: 'orders', payload: '{"late":1}', delaySeconds: 900 }]);
    const { ready, delayed } = await scene.stored(orders.name);
    expect(ready[0]?.messageAttributes).toEqual({ type: { DataType: 'String', StringValue: 'order.ship' } });
    expect(delayed).toMatchObject([{ body: '{"late":1}', messageAttributes: {} }]);
    const pages = (await scene.open()).browse(inState('orders', 'waiting'), { size: 50, order: 'oldest' });
    const job = { type: 'order.ship', tenant: 'acme', state: 'waiting' };
    expect((await pages[Symbol.asyncIterator]().next()).value[0]).toMatchObject(job);
  });

  it('keeps the order of a FIFO queue by lane, or by type where none is named', async () => {
    const scene = await openScene();
    await scene.queue('orders.fifo');
    const office = await openOffice(await scene.open());
    const jobs = ['a', 'a', 'b'].map((lane, n) => ({
      type: 'ship',
      payload: String(n),
      ...(lane === 'b' ? { lane } : {}),
    }));
    await office.add('orders.fifo', [...jobs, { type: 'ship', payload: '3', key: 'once' }]);
    const { ready } = await scene.stored('orders.fifo');
    expect(ready.map(({ body, messageGroupId }) => `${messageGroupId}${body}`).sort()).toEqual([
      'b2',
      'ship0',
      'ship1',
      'ship3',
    ]);
    expect(ready.find(({ body }) => body === '3')?.messageDeduplicationId).toBe('once');
  });

  it('of a key that was sent from here within five minutes it tells who did, and makes it nobody else to take back', async () => {
    const scene = await openScene();
    await scene.queue('orders.fifo');
    const office = await openOffice(await scene.open());
    const job = (key: string) => ({ type: 'ship', payload: `"${key}"`, key, lane: key });
    const first = await office.add('orders.fifo', [job('a'), job('b')]);
    const second = await office.add('orders.fifo', [job('b'), job('c'), job('c')]);
    expect(second).toMatchObject({ complete: true, outcomes: { done: 1, skipped: 2 } });
    expect(second.skipped).toEqual([
      { id: '#1', why: `duplicate: sent as ${first.made?.[1]} by ${first.run}` },
      { id: '#3', why: `duplicate: sent as ${second.made?.[0]} by this run` },
    ]);
    expect(await office.undo(second.run ?? '')).toMatchObject({ outcomes: { done: 1 } });
    expect(bodies((await scene.stored('orders.fifo')).ready)).toEqual(['"a"', '"b"']);
    // SQS still remembers the key of what was taken away: nothing comes of it
    const third = await office.add('orders.fifo', [job('c'), job('d')]);
    expect(third).toMatchObject({ complete: false, outcomes: { done: 1, failed: 1 } });
    expect(third.failed[0]?.why).toMatch(/^\S+-enqueue-\S+ sent it as \S+, and \S+-undo-\S+ took it away/);
    expect(bodies((await scene.stored('orders.fifo')).ready)).toEqual(['"a"', '"b"', '"d"']);
  });

  it.each([
    ['orders', { key: 'once' }, /only a FIFO queue knows idempotency keys/],
    ['orders', { lane: 'a' }, /only a FIFO queue has lanes/],
    ['orders', { delaySeconds: 901 }, /15 minutes at most/],
    ['orders', { payload: '"\ufffe"' }, /U\+FFFE at offset 1/],
    ['orders', { priority: 1 }, /priority means nothing/],
    ['orders.fifo', { delaySeconds: 5 }, /leave the delay out/],
    ['orders.fifo', { tenant: 'acme' }, /is the lane/],
    ['orders.fifo', { lane: 'a b' }, /plain ASCII/],
  ])('refuses for %s what it could not keep, before anything is sent: %o', async (queue, more, why) => {
    const scene = await openScene();
    await scene.queue(queue);
    const office = await openOffice(await scene.open());
    await expect(
      office.add(queue, [
        { type: 'x', payload: '{}' },
        { type: 'x', payload: '{}', ...more },
      ]),
    ).rejects.toMatchObject({
      code: 'JOBCTL_REFUSED',
      message: expect.stringMatching(why),
    });
    expect(scene.standIn.calls).not.toContain('SendMessageBatch');
  });

  it('never sends again when the answer was lost: these are unknown, and resume adds the others', async () => {
    const scene = await openScene();
    await scene.queue('orders', { MaximumMessageSize: '1024' });
    const office = await openOffice(await scene.open());
    scene.standIn.fault = (action, _, number) =>
      action === 'SendMessageBatch' && number === 2 ? { cut: 'after' } : undefined;
    const jobs = [...Array(25).keys()].map((n) => ({ type: 'orders', payload: `{"n":${n}}` }));
    const report = await office.add('orders', [...jobs, { type: 'orders', payload: `"${'x'.repeat(1100)}"` }]);
    expect(report).toMatchObject({ complete: false, outcomes: { done: 10, unknown: 10 } });
    const resumed = await office.goOn(report.run ?? '');
    expect(resumed).toMatchObject({ complete: false, outcomes: { done: 15, unknown: 10, failed: 1 } });
    expect(resumed.failed.at(-1)?.why).toMatch(/messages of up to 1024 bytes/);
    expect((await scene.stored('orders')).ready).toHaveLength(25);
  });

  it('undo takes away what was added, and nothing else', async () => {
    const scene = await openScene();
    const orders = await scene.queue('orders');
    await scene.send(orders, [{ MessageBody: 'theirs' }]);
    const office = await openOffice(await scene.open());
    const added = await office.add(
      'orders',
      [...Array(23).keys()].map((n) => ({ type: 'orders', payload: `${n}` })),
    );
    await scene.send(orders, [{ MessageBody: 'theirs too' }]);
    expect(await office.undo(added.run ?? '')).toMatchObject({ outcomes: { done: 23 } });
    expect(bodies((await scene.stored('orders')).ready).sort()).toEqual(['theirs', 'theirs too']);
    // one walk over the queue, however many batches there were
    const { Messages } = await scene.client.send(
      new ReceiveMessageCommand({ QueueUrl: orders.url, MessageSystemAttributeNames: ['All'] }),
    );
    expect(Messages?.[0]?.Attributes?.ApproximateReceiveCount).toBe('2');
  });
});

describe('a run on SQS', () => {
  it('ends at the planned count, because nothing tells what died later, and says when it met more', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(4));
    scene.standIn.fault = (action) =>
      action === 'GetQueueAttributes'
        ? {
            answer: (answer) => ({
              Attributes: { ...(answer['Attributes'] as object), ApproximateNumberOfMessages: '3' },
            }),
          }
        : undefined;
    const office = await openOffice(await scene.open());
    const deed = { verb: 'replay', selection: inState('orders', 'dead'), action: replay } as const;
    const report = await office.act(deed);
    expect(report).toMatchObject({ complete: true, matched: 3, outcomes: { done: 3 } });
    expect(report.next[0]).toMatch(/at least 1 more/);
    expect(office.plans[0]?.warnings.join()).toMatch(/ends at the planned count/);
    expect((await scene.stored('orders-dlq')).ready).toHaveLength(1);
  });

  it('receives ahead while it writes, and lets go of what it did not need, also when a receive fails', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(250));
    const office = await openOffice(await scene.open());
    const deed = { verb: 'replay', selection: inState('orders', 'dead'), action: replay } as const;
    expect(await office.act({ ...deed, limit: 20 })).toMatchObject({ complete: true, outcomes: { done: 20 } });
    expect((await scene.stored('orders-dlq')).inflight).toEqual([]);
    let receives = 0;
    scene.standIn.fault = (action) =>
      action === 'ReceiveMessage' && ++receives > 14 ? { refuse: 'AccessDenied' } : undefined;
    const broken = await office.act(deed);
    expect(broken).toMatchObject({
      complete: false,
      outcomes: { done: 100 },
      stopped: expect.stringMatching(/denied/),
    });
    scene.standIn.fault = undefined;
    const left = await scene.stored('orders-dlq');
    expect([left.ready.length, left.inflight.length]).toEqual([130, 0]);
    expect(await office.goOn(broken.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 230 } });
    const sent = bodies((await scene.stored('orders')).ready);
    expect([sent.length, new Set(sent).size]).toEqual([250, 250]);
  });

  it('is not complete while others hold what a condition may mean, nor silent about a name that it did not meet', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    const ids = await scene.dead(orders, numbered(3));
    const { Messages } = await scene.client.send(new ReceiveMessageCommand({ QueueUrl: orders.dlq.url }));
    const office = await openOffice(await scene.open());
    const deed = { verb: 'remove', action: remove } as const;
    const selection = { ...inState('orders', 'dead'), types: ['orders'] };
    const report = await office.act({ ...deed, selection });
    expect(report).toMatchObject({
      complete: false,
      outcomes: { done: 2 },
      stopped: expect.stringMatching(/about 1 jobs/),
    });
    const [other] = await scene.dead(orders, [{ MessageBody: 'another' }]);
    const held = Messages?.[0]?.MessageId ?? '';
    expect(ids).toContain(held);
    const named = await office.act({ ...deed, selection: { ...inState('orders', 'dead'), ids: [other ?? '', held] } });
    expect(named).toMatchObject({ complete: false, outcomes: { done: 1, skipped: 1 } });
    expect(named.skipped[0]).toMatchObject({
      id: held,
      why: expect.stringMatching(/locked: it may be one of about 1/),
    });
  });

  it('tells of what it cannot reach while what it passes over is all that may be held', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    const ids = await scene.dead(orders, numbered(120));
    const office = await openOffice(await scene.open({ tempo: { ...hasty, mostHeld: 20 } }), { batch: 10 });
    const deed = { verb: 'remove', action: remove } as const;
    const unmet =
      /^About \d+ messages of orders-dlq were not met: SQS gives out no more while so many are held at once/;
    await office.act({ ...deed, selection: { ...inState('orders', 'dead'), types: ['others'] } });
    expect(office.plans.at(-1)?.warnings).toContainEqual(expect.stringMatching(unmet));
    const late = { ...inState('orders', 'dead'), ids: ids.slice(-1) };
    await expect(office.act({ ...deed, selection: late })).rejects.toMatchObject({
      code: 'JOBCTL_PARTIAL',
      message: expect.stringMatching(unmet),
    });
    expect((await scene.stored('orders-dlq')).inflight).toEqual([]);
    expect(await office.act({ ...deed, selection: inState('orders', 'dead') })).toMatchObject({
      outcomes: { done: 120 },
    });
  });

  it('undo of a restore takes away the messages that it had sent, and only these', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(3));
    const office = await openOffice(await scene.open());
    const deed = { verb: 'purge', selection: inState('orders', 'dead'), action: remove } as const;
    const purged = await office.act(deed);
    await scene.dead(orders, [{ MessageBody: 'later' }]);
    const restored = await office.restore(purged.run ?? '');
    expect((await scene.stored('orders-dlq')).ready).toHaveLength(4);
    expect(await office.undo(restored.run ?? '')).toMatchObject({ outcomes: { done: 3 } });
    expect(bodies((await scene.stored('orders-dlq')).ready)).toEqual(['later']);
  });

  it('sends nothing twice when the same backup is restored again, unless it was taken away in between', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.dead(orders, numbered(3));
    const office = await openOffice(await scene.open());
    const purged = await office.act({ verb: 'purge', selection: inState('orders', 'dead'), action: remove });
    const first = await office.restore(purged.run ?? '');
    const again = await office.restore(purged.run ?? '');
    expect(again).toMatchObject({ complete: true, outcomes: { done: 0, skipped: 3 } });
    expect(again.skipped[0]?.why).toMatch(/unchanged: sent as .* by .*-restore-orders/);
    expect((await scene.stored('orders-dlq')).ready).toHaveLength(3);
    await office.undo(first.run ?? '');
    expect((await office.restore(purged.run ?? '')).outcomes).toMatchObject({ done: 3 });
    expect((await scene.stored('orders-dlq')).ready).toHaveLength(3);
  });

  it('says of a FIFO queue what a condition hides, and of a name that it did not meet where it may be', async () => {
    const scene = await openScene();
    const pair = await scene.pair('orders.fifo');
    const message = (n: number) => ({ MessageBody: `${n}`, MessageGroupId: 'a', MessageDeduplicationId: `${n}` });
    const ids = await scene.dead(pair, [1, 2, 3].map(message));
    const office = await openOffice(await scene.open());
    const selection = { ...inState('orders.fifo', 'dead'), ids: [ids[2] ?? ''] };
    await office.act({ verb: 'replay', selection, action: replay });
    expect(office.plans[0]?.warnings.join()).toMatch(/passed over hides the rest of its group/);
    const acted = await acting(await scene.open(), replay, 'orders.fifo', { ids: [ids[2] ?? ''] });
    expect(acted.outcomes).toMatchObject([
      { why: 'locked', note: expect.stringMatching(/behind a message of its group/) },
    ]);
  });

  it('goes by the clock of SQS, not by that of this machine', async () => {
    const scene = await openScene();
    await scene.queue('orders');
    const adapter = await scene.open();
    const lag = async () => Math.abs(Date.parse(await adapter.now()) - Date.now());
    expect(await lag()).toBeLessThan(1000);
    scene.standIn.ahead = 3_600_000;
    await adapter.queues();
    expect(Math.round((await lag()) / 10_000)).toBe(360);
    scene.standIn.ahead = 0;
    await adapter.queues();
    expect(await lag()).toBeLessThan(1500);
  });
});
