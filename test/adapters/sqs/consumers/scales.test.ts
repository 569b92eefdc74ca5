import { describe, expect, it } from 'vitest';
import { openAround, opsOf } from './around.ts';

describe('the scale of the Lambda consumers', () => {
  it('shows each mapping with its limits, and what runs against them', async () => {
    const { aws, map, open, queue } = await openAround();
    await queue('orders');
    map('orders', 'bill', { ScalingConfig: { MaximumConcurrency: 5 }, LastProcessingResult: 'OK' });
    map('orders', 'mail', { MaximumBatchingWindowInSeconds: 3, State: 'Disabled' });
    Object.assign(aws.functions.get('bill') ?? {}, { Reserved: 20 });
    Object.assign(aws.functions.get('mail') ?? {}, { Reserved: 2 });
    const minute = Math.floor(Date.now() / 60_000) * 60;
    aws.metrics.push(
      { metric: 'ConcurrentExecutions', of: 'bill', at: minute - 240, value: 1 },
      { metric: 'ConcurrentExecutions', of: 'bill', at: minute - 120, value: 5 },
    );
    const adapter = await open();
    expect(await adapter.scales?.('orders')).toEqual([
      {
        id: 'bill-of-orders',
        queue: 'orders',
        consumer: 'bill',
        state: 'Enabled',
        values: { maxConcurrency: 5, batchSize: 10, reservedConcurrency: 20 },
        notes: [],
      },
      {
        id: 'mail-of-orders',
        queue: 'orders',
        consumer: 'mail',
        state: 'Disabled',
        values: { batchSize: 10, batchWindowSeconds: 3, reservedConcurrency: 2 },
        notes: [],
      },
    ]);
    expect(await adapter.workers?.()).toEqual([
      {
        id: 'bill',
        queue: 'orders',
        state: 'Enabled',
        silent: false,
        limit: { value: 5, by: 'mapping' },
        running: 5,
        note: 'OK',
      },
      { id: 'mail', queue: 'orders', state: 'Disabled', silent: false, limit: { value: 2, by: 'reserved' } },
    ]);
  });

  it('lists the workers also where the role may neither measure nor see concurrency', async () => {
    const { aws, map, open } = await openAround();
    map('orders', 'bill');
    aws.denied.add('cloudwatch:GetMetricData').add('lambda:GetFunctionConcurrency');
    expect(await (await open()).workers?.()).toEqual([
      { id: 'bill', queue: 'orders', state: 'Enabled', silent: false },
    ]);
  });

  it('sets, waits until it is so, and takes a limit away by an empty one', async () => {
    const { aws, map, open, queue } = await openAround();
    await queue('orders');
    const mapping = map('orders', 'bill', { ScalingConfig: { MaximumConcurrency: 5 } });
    const ops = opsOf((await open()).can.scale);
    const scale = { id: 'bill-of-orders', queue: 'orders' };
    const more = { maxConcurrency: 50, reservedConcurrency: 60 };
    const as = { maxConcurrency: 5, reservedConcurrency: null };
    expect((await ops.set(scale, more, as)).values).toEqual({ ...more, batchSize: 10 });
    expect([mapping.ScalingConfig, mapping.State]).toEqual([{ MaximumConcurrency: 50 }, 'Enabled']);
    // once more, as after a crash: it is so already
    expect((await ops.set(scale, more, as)).values).toMatchObject(more);
    await expect(ops.set(scale, { maxConcurrency: 9 }, { maxConcurrency: 5 })).rejects.toMatchObject({
      code: 'JOBCTL_STALE',
      message: 'maxConcurrency of bill is 50 by now: somebody changed it.',
    });
    const none = { maxConcurrency: null, reservedConcurrency: null };
    expect((await ops.set(scale, none, more)).values).toEqual({ batchSize: 10 });
    expect([mapping.ScalingConfig, aws.functions.get('bill')?.Reserved]).toEqual([{}, undefined]);

    // a large batch and the window that it needs go and come together
    const wide = { batchSize: 100, batchWindowSeconds: 5 };
    const plain = { batchSize: 10, batchWindowSeconds: null };
    expect((await ops.set(scale, wide, plain)).values).toEqual(wide);
    expect((await ops.set(scale, plain, wide)).values).toEqual({ batchSize: 10 });
    expect([mapping.BatchSize, mapping.MaximumBatchingWindowInSeconds]).toEqual([10, 0]);
  });

  it('refuses beforehand what Lambda would not take', async () => {
    const { map, open, queue } = await openAround();
    await queue('orders');
    await queue('line.fifo');
    map('orders', 'bill');
    map('orders', 'own', { ProvisionedPollerConfig: { MinimumPollers: 2, MaximumPollers: 9 } });
    map('orders', 'slow', { MaximumBatchingWindowInSeconds: 1 });
    map('line.fifo', 'serial');
    const adapter = await open();
    const ops = opsOf(adapter.can.scale);
    const scales = [...((await adapter.scales?.('orders')) ?? []), ...((await adapter.scales?.('line.fifo')) ?? [])];
    const check = (name: string, change: Parameters<typeof ops.check>[1]) => {
      const scale = scales.find(({ consumer }) => consumer === name);
      if (scale === undefined) throw new TypeError(name);
      return ops.check(scale, change);
    };
    const refused = (message: RegExp) => ({ code: 'JOBCTL_REFUSED', message: expect.stringMatching(message) });
    await expect(check('bill', { batchSize: 11 })).rejects.toMatchObject(refused(/needs a window/));
    await expect(check('slow', { batchSize: 11 })).resolves.toEqual({ warnings: [], severe: false });
    await expect(check('slow', { batchSize: 11, batchWindowSeconds: null })).rejects.toMatchObject(
      refused(/needs a window/),
    );
    const waits = await check('bill', { batchSize: 11, batchWindowSeconds: 300 });
    expect(waits.warnings).toEqual([expect.stringMatching(/visibility timeout.*jobctl doctor orders$/)]);
    await expect(check('bill', { batchWindowSeconds: 301 })).rejects.toMatchObject(refused(/300 s at most/));
    await expect(check('serial', { batchWindowSeconds: 1 })).rejects.toMatchObject(refused(/FIFO queue has no/));
    await expect(check('slow', { batchSize: 10_001 })).rejects.toMatchObject(refused(/1 to 10000/));
    await expect(check('serial', { batchSize: 11 })).rejects.toMatchObject(refused(/1 to 10 .*FIFO/));
    await expect(check('bill', { maxConcurrency: 1 })).rejects.toMatchObject(refused(/2 to 1000/));
    await expect(check('own', { maxConcurrency: 5 })).rejects.toMatchObject(refused(/provisioned pollers/));
    await expect(check('own', { maxConcurrency: null })).resolves.toMatchObject({ severe: false });
    const stop = await check('bill', { reservedConcurrency: 0 });
    expect(stop).toMatchObject({ severe: true, warnings: [expect.stringContaining('it is no pause')] });
    const narrow = await check('bill', { reservedConcurrency: 3, maxConcurrency: 9 });
    expect(narrow.warnings).toEqual([
      expect.stringContaining('whatever calls it'),
      expect.stringContaining('may ask for more (9) than is reserved (3)'),
    ]);
  });
});
