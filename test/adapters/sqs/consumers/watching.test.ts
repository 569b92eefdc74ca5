import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { queueArn } from '../../../setup/lambda-mapping.ts';
import { actions, openAround } from './around.ts';

describe('findings of the set-up', () => {
  it('finds nothing where all is well, and each of what is not', async () => {
    const { map, open, queue, client } = await openAround();
    const dlq = await queue('orders-dlq', { MessageRetentionPeriod: '1209600' });
    const redrive = (maxReceiveCount: number) =>
      JSON.stringify({ deadLetterTargetArn: queueArn('orders-dlq'), maxReceiveCount });
    const orders = await queue('orders', { VisibilityTimeout: '30', RedrivePolicy: redrive(5) });
    const mapping = map('orders', 'bill');
    const set = (url: string, Attributes: Record<string, string>) =>
      client.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }));
    const adapter = await open();
    const found = async () =>
      ((await adapter.findings?.(['orders'])) ?? []).map(({ id, severity }) => `${severity} ${id}`);
    expect(await found()).toEqual([]);

    await set(orders.url, { RedrivePolicy: '' });
    expect(await found()).toEqual(['warning no-dlq']);
    await set(orders.url, { RedrivePolicy: redrive(5) });
    // where the dead of others lie, asked for alone too
    expect([await adapter.findings?.(['orders-dlq']), await adapter.findings?.()]).toEqual([[], []]);

    mapping.MaximumBatchingWindowInSeconds = 1;
    expect(await found()).toEqual(['warning visibility-too-short']);
    mapping.MaximumBatchingWindowInSeconds = 0;
    await set(orders.url, { VisibilityTimeout: '4' });
    expect(await found()).toEqual(['problem visibility-too-short']);
    await set(orders.url, { VisibilityTimeout: '30', RedrivePolicy: redrive(4) });
    expect(await found()).toEqual(['warning few-receives']);
    await set(orders.url, { RedrivePolicy: redrive(5) });
    await set(dlq.url, { MessageRetentionPeriod: '345600' });
    expect(await found()).toEqual(['problem dlq-retention-short']);
    await set(dlq.url, { MessageRetentionPeriod: '345601' });
    mapping.FunctionResponseTypes = [];
    expect(await found()).toEqual(['warning whole-batch-fails']);
    mapping.BatchSize = 1;
    expect(await found()).toEqual([]);
    mapping.FilterCriteria = { Filters: [{ Pattern: '{}' }] };
    expect(await found()).toEqual(['problem filter-deletes']);
  });

  it('a FIFO queue may keep its dead as long as itself', async () => {
    const { open, queue } = await openAround();
    await queue('line-dlq.fifo');
    const policy = { deadLetterTargetArn: queueArn('line-dlq.fifo'), maxReceiveCount: 5 };
    await queue('line.fifo', { RedrivePolicy: JSON.stringify(policy) });
    expect(await (await open()).findings?.()).toEqual([]);
  });

  it('what may not be looked at is a finding, not a clean bill', async () => {
    const { aws, client, open, pair } = await openAround();
    const { dlq } = await pair('orders');
    await client.send(
      new SetQueueAttributesCommand({ QueueUrl: dlq.url, Attributes: { MessageRetentionPeriod: '1209600' } }),
    );
    aws.denied.add('lambda:ListEventSourceMappings');
    expect(await (await open()).findings?.(['orders'])).toMatchObject([
      {
        id: 'not-looked-at',
        severity: 'warning',
        what: expect.stringContaining('Access denied: lambda:ListEventSourceMappings'),
      },
    ]);
  });
});

describe('metrics of CloudWatch', () => {
  it('gives the newest point with its time, nothing where there is none, and asks once in a while only', async () => {
    const { aws, open, queue } = await openAround();
    await queue('orders');
    await queue('quiet');
    const minute = Math.floor(Date.now() / 60_000) * 60;
    const at = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}.000000Z`;
    aws.metrics.push(
      { metric: 'ApproximateAgeOfOldestMessage', of: 'orders', at: minute - 300, value: 9 },
      { metric: 'ApproximateAgeOfOldestMessage', of: 'orders', at: minute - 120, value: 75 },
      { metric: 'NumberOfMessagesSent', of: 'orders', at: minute - 180, value: 0 },
      { metric: 'NumberOfMessagesDeleted', of: 'orders', at: minute - 120, value: 40 },
    );
    const adapter = await open();
    expect((await adapter.stats({ queues: ['orders'] }))[0]?.metrics).toBeUndefined();
    expect(actions(aws)).toEqual([]);
    const rows = await adapter.stats({ metrics: true });
    expect(rows.map(({ queue: name, metrics }) => [name, metrics])).toEqual([
      [
        'orders',
        {
          oldestAgeSeconds: { value: 75, at: at(minute - 120) },
          sentPerMinute: { value: 0, at: at(minute - 180) },
          donePerMinute: { value: 40, at: at(minute - 120) },
        },
      ],
      ['quiet', {}],
    ]);
    const asked = aws.calls.length;
    await adapter.stats({ metrics: true });
    expect(aws.calls.length).toBe(asked);
  });
});

describe('the log of the consumers', () => {
  const scene = async () => {
    const around = await openAround();
    await around.queue('orders');
    around.map('orders', 'bill');
    around.map('orders', 'mail');
    const mail = around.aws.functions.get('mail');
    if (mail !== undefined) mail.LoggingConfig = { LogGroup: '/own/mail' };
    const now = Date.now();
    for (let index = 0; index < 5; index += 1)
      around.aws.logs.push({
        group: '/aws/lambda/bill',
        at: now - 50_000 + index * 1000,
        message: `bill ${index} id-${index % 2}\n`,
      });
    around.aws.logs.push({ group: '/own/mail', at: now - 47_500, message: 'mail id-1' });
    around.aws.logs.push({ group: '/own/mail', at: now - 7_200_000, message: 'mail of old, id-1' });
    return around;
  };
  const texts = (answer: { lines: readonly { text: string }[] } | undefined) => answer?.lines.map(({ text }) => text);

  it('turns every page, also past empty ones, and sorts what several functions wrote by time', async () => {
    const { open } = await scene();
    const adapter = await open();
    const all = await adapter.logs?.({ queue: 'orders', sinceSeconds: 900, limit: 100 });
    expect(texts(all)).toEqual([
      'bill 0 id-0',
      'bill 1 id-1',
      'bill 2 id-0',
      'mail id-1',
      'bill 3 id-1',
      'bill 4 id-0',
    ]);
    expect(all).toMatchObject({ more: false, sources: ['bill', 'mail'], notes: [] });
    const one = await adapter.logs?.({ queue: 'orders', text: 'id-1', sinceSeconds: 900, limit: 100 });
    expect(texts(one)).toEqual(['bill 1 id-1', 'mail id-1', 'bill 3 id-1']);
    const few = await adapter.logs?.({ queue: 'orders', sinceSeconds: 900, limit: 2 });
    expect([texts(few), few?.more]).toEqual([['bill 3 id-1', 'bill 4 id-0'], true]);
  });

  it('tells of a log that is not there, and of a place that could not be asked', async () => {
    const { aws, open } = await scene();
    aws.denied.add('lambda:GetFunctionConfiguration');
    const answer = await (await open()).logs?.({ queue: 'orders', sinceSeconds: 900, limit: 100 });
    expect(answer?.lines).toHaveLength(5);
    expect(answer?.notes).toEqual([
      expect.stringContaining('Where bill logs could not be asked; looked at /aws/lambda/bill.'),
      expect.stringContaining('Where mail logs could not be asked'),
      expect.stringContaining('/aws/lambda/mail is not there'),
    ]);
  });

  it('without a function there is no log to look at', async () => {
    const { open, queue } = await openAround();
    await queue('orders');
    await expect((await open()).logs?.({ queue: 'orders', sinceSeconds: 60, limit: 9 })).rejects.toMatchObject({
      code: 'JOBCTL_UNSUPPORTED',
    });
  });
});
