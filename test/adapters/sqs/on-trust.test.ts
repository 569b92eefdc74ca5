import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { openOffice } from './office.ts';
import { bodies, numbered, openScene } from './scene.ts';

const replayTo = (queue: string, to: string) => ({
  verb: 'replay' as const,
  selection: { queues: [queue], states: ['dead'] as const, takenForDead: true as const },
  action: { verb: 'replay' as const, keepAttempts: false, to },
});

describe('a dead-letter queue that no queue points to', () => {
  it('is replayed only to a named queue, on the word of the operator, and ends at the count of its plan', async () => {
    const scene = await openScene();
    await scene.send(await scene.queue('old-dlq'), numbered(12));
    await scene.queue('orders');
    const office = await openOffice(await scene.open());
    const { action, selection } = replayTo('old-dlq', 'orders');
    const unsaid = { verb: 'replay', selection: { queues: ['old-dlq'], states: ['dead'] }, action } as const;
    await expect(office.act(unsaid)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('about 12 messages count as waiting'),
      next: [expect.stringMatching(/^jobctl replay old-dlq --to QUEUE /), expect.stringContaining('job list old-dlq')],
    });
    expect(await office.act({ verb: 'replay', selection, action })).toMatchObject({
      complete: true,
      matched: 12,
      outcomes: { done: 12 },
    });
    expect(office.plans[0]).toMatchObject({ severity: 'severe', upTo: 12, queues: ['old-dlq'], task: { action } });
    expect(office.plans[0]?.warnings.join(' ')).toMatch(/all that lies in it is taken for dead/);
    expect((await scene.stored('orders')).ready).toHaveLength(12);
    expect(await scene.stored('old-dlq')).toEqual({ ready: [], delayed: [], inflight: [] });
  });

  it('is taken up again after a lost answer by what the plan says', async () => {
    const scene = await openScene();
    await scene.send(await scene.queue('old-dlq'), numbered(5));
    await scene.queue('orders');
    scene.standIn.fault = (action) => (action === 'DeleteMessageBatch' ? { refuse: 'InternalError' } : undefined);
    const office = await openOffice(await scene.open());
    const broken = await office.act(replayTo('old-dlq', 'orders'));
    expect(broken).toMatchObject({ complete: false, outcomes: { unknown: 5 } });
    scene.standIn.fault = undefined;
    const later = await openOffice(await scene.open(), {}, office.stateDir);
    expect(await later.goOn(broken.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 5 } });
    expect((await scene.stored('orders')).ready).toHaveLength(5);
    expect(await scene.stored('old-dlq')).toEqual({ ready: [], delayed: [], inflight: [] });
  });

  it('is never a queue with a redrive policy of its own: there its dead are meant, and nothing that waits', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.queue('other');
    await scene.send(orders.source, [{ MessageBody: 'waits' }]);
    await scene.dead(orders, [{ MessageBody: 'dead' }]);
    for (const options of [{}, { receive: true }]) {
      const office = await openOffice(await scene.open(options));
      await office.act(replayTo('orders', 'other'));
    }
    expect(bodies((await scene.stored('other')).ready)).toEqual(['dead']);
    expect(bodies((await scene.stored('orders')).ready)).toEqual(['waits']);
  });

  it('goes FIFO to FIFO alone, keeps groups in order, and never into itself', async () => {
    const scene = await openScene();
    const shelf = await scene.queue('old-dlq.fifo');
    await scene.queue('orders');
    await scene.queue('orders.fifo');
    await scene.send(
      shelf,
      [1, 2, 3].map((n) => ({ MessageBody: `${n}`, MessageGroupId: 'a', MessageDeduplicationId: `d${n}` })),
    );
    const adapter = await scene.open();
    const of = { queues: ['old-dlq.fifo'], takenForDead: true as const };
    await expect(adapter.destination?.(of, 'orders')).rejects.toMatchObject({ kind: 'refused' });
    await expect(adapter.destination?.(of, 'old-dlq.fifo')).rejects.toMatchObject({ kind: 'refused' });
    expect(await adapter.destination?.(of, 'orders.fifo')).toBe('orders.fifo');
    const office = await openOffice(adapter);
    expect(await office.act(replayTo('old-dlq.fifo', 'orders.fifo'))).toMatchObject({ outcomes: { done: 3 } });
    expect(bodies((await scene.stored('orders.fifo')).ready)).toEqual(['1', '2', '3']);
  });

  it('is an ordinary one as soon as a queue points to it', async () => {
    const scene = await openScene();
    const shelf = await scene.queue('old-dlq');
    await scene.send(shelf, numbered(2));
    const orders = await scene.queue('orders');
    const policy = JSON.stringify({ deadLetterTargetArn: shelf.arn, maxReceiveCount: 3 });
    const set = { QueueUrl: orders.url, Attributes: { RedrivePolicy: policy } };
    await scene.client.send(new SetQueueAttributesCommand(set));
    const office = await openOffice(await scene.open());
    expect(await office.act(replayTo('old-dlq', 'orders'))).toMatchObject({ complete: true, outcomes: { done: 2 } });
    expect(office.plans[0]).toMatchObject({ severity: 'normal' });
  });
});
