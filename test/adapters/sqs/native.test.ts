import { ListMessageMoveTasksCommand, ReceiveMessageCommand, StartMessageMoveTaskCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { emptyQueue, type MoveOrder, moveQueue } from '../../../src/cli/whole-queue.ts';
import { openOffice } from './office.ts';
import { bodies, numbered, openScene } from './scene.ts';

const count = (calls: readonly string[], name: string): number => calls.filter((call) => call === name).length;

async function open(stop = new AbortController()) {
  const scene = await openScene();
  await scene.queue('first'); // its URL tells the account
  const office = await openOffice(await scene.open(), { signal: stop.signal });
  const { session, ports, pace } = office;
  return {
    ...scene,
    office,
    stop,
    move: (order: Partial<MoveOrder> & { queue: string }) =>
      moveQueue(session, ports, pace, { noBackup: false, ...order }),
    empty: (queue: string, saves = true) => emptyQueue(session, ports, pace, { queue, saves }),
  };
}

describe('a move by SQS itself', () => {
  it('goes on to its end, and says how many it moved', async () => {
    const { pair, dead, stored, move, office, standIn } = await open();
    await dead(await pair('orders'), numbered(25));
    const report = await move({ queue: 'orders', perSecond: 50 });
    expect(report).toMatchObject({ complete: true, matched: 25, outcomes: { done: 25, failed: 0 } });
    expect(report.backup).toBeUndefined();
    expect((await stored('orders')).ready).toHaveLength(25);
    const [plan] = office.plans;
    expect(plan).toMatchObject({ severity: 'severe', task: { from: 'orders-dlq', perSecond: 50 } });
    expect(plan?.warnings.join()).toMatch(/no copy on the disk.*nothing of it can be undone/);
    expect(count(standIn.calls, 'StartMessageMoveTask')).toBe(1);
    await expect(office.undo(report.run ?? '')).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
  });

  it('sends to another queue where one is named, and asks no name where it is known that no backup is made', async () => {
    const { pair, queue, send, stored, move, office } = await open();
    const { dlq } = await pair('orders');
    await queue('slow');
    await send(dlq, numbered(3));
    expect(await move({ queue: 'orders', to: 'slow', noBackup: true })).toMatchObject({ outcomes: { done: 3 } });
    expect((await stored('slow')).ready).toHaveLength(3);
    expect(office.plans[0]?.severity).toBe('normal');
  });

  it('does not take the move before it for its own, however soon it comes', async () => {
    const { pair, dead, stored, move, standIn } = await open();
    const orders = await pair('orders');
    await dead(orders, numbered(2));
    expect(await move({ queue: 'orders' })).toMatchObject({ outcomes: { done: 2 } });
    await dead(orders, numbered(3));
    expect(await move({ queue: 'orders' })).toMatchObject({ outcomes: { done: 3 } });
    expect((await stored('orders')).ready).toHaveLength(5);
    expect(count(standIn.calls, 'StartMessageMoveTask')).toBe(2);
  });

  it('does not take for its own what a colleague began while its plan was read', async () => {
    const { pair, dead, stored, office, client, standIn } = await open();
    const orders = await pair('orders');
    await dead(orders, numbered(2));
    const { session, ports, pace } = office;
    const confirm = async (): Promise<void> => {
      await client.send(new StartMessageMoveTaskCommand({ SourceArn: orders.dlq.arn }));
      await client.send(new ListMessageMoveTasksCommand({ SourceArn: orders.dlq.arn })); // each look lets the stand-in go on
      expect((await stored('orders')).ready).toHaveLength(2);
      await dead(orders, numbered(3));
    };
    const report = await moveQueue(session, { ...ports, confirm }, pace, { queue: 'orders', noBackup: false });
    expect(report).toMatchObject({ outcomes: { done: 3 } });
    expect(count(standIn.calls, 'StartMessageMoveTask')).toBe(2);
  });

  it('shows the reason of a failure with what to do about it', async () => {
    const { pair, dead, send, stored, move } = await open();
    const orders = await pair('orders');
    await dead(orders, numbered(2));
    await send(orders.dlq, [{ MessageBody: 'homeless' }]);
    const report = await move({ queue: 'orders' });
    expect(report).toMatchObject({ complete: false, outcomes: { done: 2, failed: 1 } });
    expect(report.failed[0]?.why).toMatch(/CouldNotDetermineMessageSource.*--to/);
    expect(bodies((await stored('orders-dlq')).ready)).toEqual(['homeless']);
  });

  it('is left to itself on Ctrl-C; resume looks on without beginning another one', async () => {
    const stop = new AbortController();
    const { pair, dead, stored, move, office, standIn, open: reopen } = await open(stop);
    await dead(await pair('orders'), numbered(40));
    standIn.fault = (action, _, number) => {
      if (action === 'ListMessageMoveTasks' && number === 4) stop.abort();
      return undefined;
    };
    const left = await move({ queue: 'orders' });
    expect(left).toMatchObject({
      complete: false,
      stopped: expect.stringMatching(/goes on moving by itself, 10 of about 40/),
    });
    expect(left.outcomes).toMatchObject({ done: 0, unknown: 0, failed: 0 });
    expect(left.next[0]).toMatch(/run resume .*looks on again/);
    const later = await openOffice(await reopen(), {}, office.stateDir);
    expect(await later.goOn(left.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 40, unknown: 0 } });
    expect(count(standIn.calls, 'StartMessageMoveTask')).toBe(1);
    expect((await stored('orders')).ready).toHaveLength(40);
  });

  it('finds the move whose beginning was never answered, in place of beginning it again', async () => {
    const { pair, dead, move, standIn } = await open();
    await dead(await pair('orders'), numbered(5));
    standIn.fault = (action) => (action === 'StartMessageMoveTask' ? { cut: 'after' } : undefined);
    expect(await move({ queue: 'orders' })).toMatchObject({ complete: true, outcomes: { done: 5 } });
    expect(count(standIn.calls, 'StartMessageMoveTask')).toBe(1);
  });

  it('does not wait for ever for a move that is never listed', async () => {
    const { pair, dead, move, standIn } = await open();
    await dead(await pair('orders'), numbered(5));
    standIn.fault = (action) => (action === 'ListMessageMoveTasks' ? { answer: () => ({ Results: [] }) } : undefined);
    const report = await move({ queue: 'orders' });
    expect(report).toMatchObject({ complete: false, stopped: expect.stringContaining('does not list the move') });
    expect(report.next[0]).toMatch(/^jobctl run resume /);
    expect(count(standIn.calls, 'StartMessageMoveTask')).toBe(1);
  });

  it('is cancelled by undo: what was moved stays moved', async () => {
    const stop = new AbortController();
    const { pair, dead, stored, move, office, standIn, open: reopen } = await open(stop);
    await dead(await pair('orders'), numbered(40));
    standIn.fault = (action, _, number) => {
      if (action === 'ListMessageMoveTasks' && number === 3) stop.abort();
      return undefined;
    };
    const left = await move({ queue: 'orders' });
    const later = await openOffice(await reopen(), {}, office.stateDir);
    expect(await later.undo(left.run ?? '')).toMatchObject({ verb: 'undo', complete: true });
    expect(later.plans.at(-1)?.warnings.join()).toMatch(/they stay moved/);
    const moved = (await stored('orders')).ready.length;
    expect([moved > 0, moved + (await stored('orders-dlq')).ready.length]).toEqual([true, 40]);
    const resumed = await later.goOn(left.run ?? '');
    expect(resumed).toMatchObject({ complete: false, outcomes: { done: moved } });
    expect(resumed.failed[0]?.why).toMatch(/cancelled/);
  });

  it('refuses what it cannot heed: a shared queue by one of its names, a pace out of bounds, a second move', async () => {
    const { pair, dead, move, standIn, client: _client } = await open();
    const orders = await pair('orders', 'shared');
    await pair('bills', 'shared');
    await dead(orders, numbered(3));
    await expect(move({ queue: 'orders' })).rejects.toMatchObject({
      code: 'JOBCTL_REFUSED',
      message: expect.stringMatching(/also holds the dead of bills/),
    });
    await expect(move({ queue: 'shared', perSecond: 501 })).rejects.toMatchObject({ code: 'JOBCTL_USAGE' });
    standIn.fault = (action) =>
      action === 'ListMessageMoveTasks'
        ? { answer: () => ({ Results: [{ Status: 'RUNNING', StartedTimestamp: Date.now(), TaskHandle: 'x' }] }) }
        : undefined;
    await expect(move({ queue: 'shared' })).rejects.toMatchObject({ code: 'JOBCTL_LOCKED' });
    standIn.fault = (action) => (action === 'StartMessageMoveTask' ? { refuse: 'AccessDenied' } : undefined);
    const denied = await move({ queue: 'shared' });
    expect(denied).toMatchObject({ complete: false, outcomes: { done: 0, failed: 1, unknown: 0 } });
    expect(denied.failed[0]?.why).toMatch(/Access denied: sqs:StartMessageMoveTask/);
  });
});

describe('emptying a whole queue', () => {
  it('saves what can be received, then deletes the rest, and undo brings back what was saved', async () => {
    const { pair, dead, stored, empty, office, client, standIn } = await open();
    const { source, dlq } = await pair('orders');
    await dead({ source, dlq }, numbered(12));
    await client.send(new ReceiveMessageCommand({ QueueUrl: dlq.url, MaxNumberOfMessages: 2 }));
    const report = await empty('orders-dlq');
    expect(report).toMatchObject({ complete: true, outcomes: { done: 10 } });
    expect(office.plans[0]).toMatchObject({ severity: 'severe', matched: { value: 12 } });
    expect(office.plans[0]?.warnings.join()).toMatch(/without having been saved.*about 2 in flight/);
    expect(count(standIn.calls, 'PurgeQueue')).toBe(1);
    expect(await stored('orders-dlq')).toEqual({ ready: [], delayed: [], inflight: [] });
    expect(await office.undo(report.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 10 } });
    expect((await stored('orders-dlq')).ready).toHaveLength(10);
  });

  it('counts the minute between two, and says what became of it where somebody else was first', async () => {
    const { pair, dead, stored, empty, standIn, office } = await open();
    const orders = await pair('orders');
    await dead(orders, numbered(2));
    await empty('orders-dlq', false);
    await dead(orders, numbered(3));
    await expect(empty('orders-dlq')).rejects.toMatchObject({
      code: 'JOBCTL_LOCKED',
      next: [expect.stringMatching(/^Wait \d\d? s/), expect.anything()],
    });
    standIn.ahead = 61_000;
    standIn.fault = (action) => (action === 'PurgeQueue' ? { refuse: 'PurgeQueueInProgress' } : undefined);
    const { session, ports, pace } = await openOffice(office.session.adapter);
    const report = await emptyQueue(session, ports, pace, { queue: 'orders-dlq', saves: true });
    expect(report).toMatchObject({ complete: false, outcomes: { done: 3, failed: 1 } });
    expect(report.failed[0]?.why).toMatch(/less than 60 seconds ago.*is saved and gone/);
    expect((await stored('orders-dlq')).ready).toEqual([]);
  });

  it('does it again after a lost answer, saving first what came meanwhile', async () => {
    const { pair, dead, stored, empty, office, standIn } = await open();
    const orders = await pair('orders');
    await dead(orders, numbered(4));
    standIn.fault = (action) => (action === 'PurgeQueue' ? { cut: 'after' } : undefined);
    const broken = await empty('orders-dlq');
    expect(broken).toMatchObject({ complete: false, outcomes: { done: 4, unknown: 1 } });
    await dead(orders, [{ MessageBody: 'meanwhile' }]);
    standIn.fault = undefined;
    standIn.ahead = 61_000;
    expect(await office.goOn(broken.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 5, unknown: 0 } });
    expect(await office.undo(broken.run ?? '')).toMatchObject({ outcomes: { done: 5 } });
    expect((await stored('orders-dlq')).ready).toHaveLength(5);
  });

  it('refuses to look through a queue that counts each look, and needs no look without a backup', async () => {
    const { pair, send, stored, empty, office, standIn } = await open();
    const { source } = await pair('orders');
    await send(source, numbered(3));
    await expect(empty('orders')).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
    expect(await empty('orders', false)).toMatchObject({ complete: true });
    expect(office.plans[0]?.warnings.join()).toMatch(/NOTHING IS SAVED: about 3 visible/);
    expect(count(standIn.calls, 'ReceiveMessage')).toBe(0);
    expect((await stored('orders')).ready).toEqual([]);
  });
});
