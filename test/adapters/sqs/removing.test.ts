import { describe, expect, it } from 'vitest';
import { earlier } from '../../../src/domain/instant.ts';
import { putBack, reread } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { acting, bodies, counted, numbered, openScene, remove } from './scene.ts';

describe('removing and restoring on SQS', () => {
  it('deletes up to a moment, and restores what it saved under new ids', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    const attribute = { kind: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) } };
    await scene.dead(orders, [{ MessageBody: 'old', MessageAttributes: attribute }]);
    const adapter = await scene.open();
    const now = await adapter.now();
    expect(counted(await acting(adapter, remove, 'orders', { before: earlier(now, 60) }))).toEqual({});
    const { saved } = await acting(adapter, remove, 'orders', { before: earlier(now, -60) });
    expect((await scene.stored('orders-dlq')).ready).toEqual([]);
    const back = await putBack(opsOf({ adapter }, 'restore'), saved, false, adapter);
    expect(counted(back)).toEqual({ done: 1 });
    const [stored] = (await scene.stored('orders-dlq')).ready;
    expect(stored).toMatchObject({
      body: 'old',
      messageAttributes: { kind: { DataType: 'Binary', BinaryValue: 'AP8=' } },
    });
  });

  it('does not restore what its run had never deleted', async () => {
    const scene = await openScene();
    await scene.dead(await scene.pair('orders'), numbered(3));
    const adapter = await scene.open();
    const ops = opsOf({ adapter }, 'remove');
    for await (const claim of ops.claim({
      selection: { queues: ['orders'], states: ['dead'] },
      action: remove,
      size: 9,
    })) {
      const saved = claim.jobs.map(reread);
      await claim.apply(claim.jobs.slice(0, 2));
      await claim.release();
      // another process, after the first was killed
      const later = await scene.open();
      const undeleted = await opsOf({ adapter: later }, 'remove').settle({
        action: 'remove',
        mark: claim.mark,
        jobs: saved.slice(0, 2),
      });
      expect(undeleted.map(({ result }) => result)).toEqual(['done', 'done']);
    }
    const { saved } = await acting(await scene.open(), remove, 'orders', { ids: ['none'] });
    expect(saved).toEqual([]);
    expect((await scene.stored('orders-dlq')).ready).toHaveLength(1);
  });

  it('sends what was waiting to the dead-letter queue, or back to work when that is asked for', async () => {
    const scene = await openScene();
    const orders = await scene.pair('orders');
    await scene.send(orders.source, numbered(2));
    const adapter = await scene.open({ receive: true });
    const { saved } = await acting(adapter, remove, 'orders', {}, ['waiting']);
    await putBack(opsOf({ adapter }, 'restore'), saved.slice(0, 1), false, adapter);
    await putBack(opsOf({ adapter }, 'restore'), saved.slice(1), true, adapter);
    expect([bodies((await scene.stored('orders-dlq')).ready), bodies((await scene.stored('orders')).ready)]).toEqual([
      [saved[0]?.job.payload],
      [saved[1]?.job.payload],
    ]);
  });

  it('leaves a message that is still there when it is restored', async () => {
    const scene = await openScene();
    const ids = await scene.dead(await scene.pair('orders'), numbered(2));
    const adapter = await scene.open();
    const { saved } = await acting(adapter, remove, 'orders', { ids: ids.slice(0, 1) });
    const kept = reread(saved[0] as never);
    const still = { job: { ...kept.job, id: ids[1] ?? '' }, snapshot: { ...kept.snapshot, messageId: ids[1] } };
    const { outcomes } = await putBack(opsOf({ adapter }, 'restore'), [kept, still], false, adapter);
    expect(outcomes.map((one) => ('why' in one ? one.why : one.result)).sort()).toEqual(['done', 'unchanged']);
    expect((await scene.stored('orders-dlq')).ready).toHaveLength(2);
  });

  it('sends nothing twice to a FIFO queue when a restore is taken up again, however often its answer is lost', async () => {
    const scene = await openScene();
    const grouped = numbered(3).map((one, n) => ({ ...one, MessageGroupId: `g${n}`, MessageDeduplicationId: `d${n}` }));
    await scene.dead(await scene.pair('bills.fifo'), grouped);
    const { saved } = await acting(await scene.open(), remove, 'bills.fifo');
    scene.standIn.fault = (action) => (action === 'SendMessageBatch' ? { cut: 'after' } : undefined);
    const first = await scene.open();
    let lost = await putBack(opsOf({ adapter: first }, 'restore'), saved, false, first);
    expect(counted(lost)).toEqual({ unknown: 3 });
    const again = async () => {
      const later = await scene.open();
      const ops = opsOf({ adapter: later }, 'restore');
      const settled = await ops.settle({ action: 'restore', mark: lost.mark, jobs: saved.map(reread) });
      expect(settled.map((one) => ('why' in one ? one.why : one.result))).toEqual(Array(3).fill('not-applied'));
      return await putBack(ops, saved, false, later);
    };
    lost = await again();
    expect(counted(lost)).toEqual({ unknown: 3 });
    scene.standIn.fault = undefined;
    expect(counted(await again())).toEqual({ done: 3 });
    expect(bodies((await scene.stored('bills-dlq.fifo')).ready).sort()).toEqual(['{"n":0}', '{"n":1}', '{"n":2}']);
  });

  it('works without a lock where the role may not tag, and finds out when its tag was taken', async () => {
    const scene = await openScene();
    await scene.pair('orders');
    const { acquire } = opsOf({ adapter: await scene.open() }, 'lock');
    scene.standIn.fault = (action) => (/Tag/.test(action) ? { refuse: 'AccessDenied' } : undefined);
    const lock = await acquire({ queues: ['orders'], holder: 'run 1', waitMs: 0 });
    await lock.release();
  });
});
