import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { queueArn } from '../../../setup/lambda-mapping.ts';
import { actions, openAround, opsOf, states } from './around.ts';

describe('pausing the Lambda consumers of a queue', () => {
  it('stops every mapping, waits until it is so, and starts again only those that were running', async () => {
    const { aws, map, open, queue } = await openAround();
    await queue('orders');
    map('orders', 'bill');
    map('orders', 'mail');
    map('orders', 'old', { State: 'Disabled' });
    map('other', 'mail', { UUID: 'elsewhere' });
    aws.looks = 3;
    const pause = opsOf((await open()).can.pause);
    const before = await pause.look('orders');
    expect(before.paused).toBe(false);
    expect(before.means).toEqual([
      'mapping bill-of-orders of function bill (Enabled)',
      'mapping mail-of-orders of function mail (Enabled)',
      'mapping old-of-orders of function old (Disabled)',
    ]);
    expect(before.warnings?.join(' ')).toMatch(/a minute or so.*Consumers other than Lambda/s);
    const found = JSON.parse(JSON.stringify(before.found)) as typeof before.found;
    const waits: string[] = [];
    expect((await pause.pause('orders', found, (forWhat) => waits.push(forWhat))).paused).toBe(true);
    expect(waits[1]).toBe('until Disabled: the mapping of bill is Disabling, the mapping of mail is Disabling');
    expect(states(aws)).toMatchObject({
      'bill-of-orders': 'Disabled',
      'mail-of-orders': 'Disabled',
      elsewhere: 'Enabled',
    });
    expect((await pause.look('orders', { found })).paused).toBe(true);
    expect((await pause.resume('orders', found)).paused).toBe(false);
    expect(states(aws)).toMatchObject({
      'bill-of-orders': 'Enabled',
      'mail-of-orders': 'Enabled',
      'old-of-orders': 'Disabled',
    });
  });

  it('says which mapping somebody enabled again, which one is gone, and which one it leaves', async () => {
    const { aws, map, open, queue } = await openAround();
    await queue('orders');
    for (const name of ['bill', 'mail', 'gone']) map('orders', name);
    map('orders', 'old', { State: 'Disabled' });
    const pause = opsOf((await open()).can.pause);
    const { found } = await pause.look('orders');
    await pause.pause('orders', found);
    aws.mappings.delete('gone-of-orders');
    map('orders', 'bill');
    const after = await pause.look('orders', { found });
    expect(after.paused).toBe(true);
    expect(after.warnings).toEqual([
      'The mapping bill-of-orders of bill was enabled again by somebody else, perhaps a deploy.',
      'The mapping gone-of-orders is gone.',
      'The mapping old-of-orders of old stays as it is: the pause had found it disabled.',
    ]);
    expect((await pause.resume('orders', found)).paused).toBe(false);
    expect(states(aws)['old-of-orders']).toBe('Disabled');
  });

  it('waits for its turn while another change is under way', async () => {
    const { aws, map, open, queue } = await openAround();
    await queue('orders');
    map('orders', 'bill');
    aws.conflicts = 3;
    const pause = opsOf((await open()).can.pause);
    expect((await pause.pause('orders')).paused).toBe(true);
    const updates = actions(aws).filter((action) => action === 'lambda:UpdateEventSourceMapping');
    expect(updates).toHaveLength(4);
  });

  it('gives up when it does not stop, and says what to do; one that is stopping is only waited for', async () => {
    const { aws, map, open, queue } = await openAround();
    await queue('orders');
    map('orders', 'bill');
    aws.looks = 1e9;
    const pause = opsOf((await open({ patience: { pollMs: 1, mostMs: 30 } })).can.pause);
    const late = {
      code: 'JOBCTL_TIMEOUT',
      message: expect.stringContaining('bill-of-orders of function bill is still Disabling'),
    };
    await expect(pause.pause('orders')).rejects.toMatchObject(late);
    await expect(pause.pause('orders')).rejects.toMatchObject(late);
    expect(actions(aws).filter((action) => action === 'lambda:UpdateEventSourceMapping')).toHaveLength(1);
  });

  it('without a mapping there is nothing to pause, and it says what to scale', async () => {
    const { open, queue } = await openAround();
    await queue('orders');
    const pause = opsOf((await open()).can.pause);
    await expect(pause.look('orders')).rejects.toMatchObject({
      code: 'JOBCTL_UNSUPPORTED',
      next: expect.arrayContaining([expect.stringContaining('Scale the consumers to 0')]),
    });
  });

  it('an endpoint that is only an SQS is told from a Lambda that fails', async () => {
    const { endpoint, open, queue } = await openAround();
    await queue('orders');
    process.env['AWS_ENDPOINT_URL_LAMBDA'] = endpoint;
    await expect(opsOf((await open()).can.pause).look('orders')).rejects.toMatchObject({
      code: 'JOBCTL_UNSUPPORTED',
      message: expect.stringContaining('Lambda does not answer at sqs://eu-test-1'),
      next: expect.arrayContaining([expect.stringContaining('AWS_ENDPOINT_URL_LAMBDA')]),
    });
  });

  it('an endpoint of the context serves the other services too, unless a variable of theirs says otherwise', async () => {
    const { aws, map, open, queue, endpoint } = await openAround();
    await queue('orders');
    map('orders', 'bill');
    const means = async () => (await opsOf((await open({ endpoint })).can.pause).look('orders')).means;
    expect(await means()).toHaveLength(1);
    delete process.env['AWS_ENDPOINT_URL_LAMBDA'];
    await expect(means()).rejects.toMatchObject({ code: 'JOBCTL_UNSUPPORTED' });
    const asked = aws.calls.length;
    process.env['AWS_ENDPOINT_URL_LAMBDA'] = aws.endpoint;
    expect(await means()).toHaveLength(1);
    expect(aws.calls.length).toBeGreaterThan(asked);
  });

  it('a denial names the action, the ARN and the policies that hold it', async () => {
    const { aws, map, open, queue } = await openAround();
    await queue('orders');
    map('orders', 'bill');
    aws.denied.add('lambda:UpdateEventSourceMapping');
    const pause = opsOf((await open()).can.pause);
    await expect(pause.pause('orders')).rejects.toMatchObject({
      code: 'JOBCTL_UNREACHABLE',
      message: expect.stringMatching(
        /^Access denied: lambda:UpdateEventSourceMapping on arn:aws:lambda:eu-test-1:000000000000:event-source-mapping:bill-of-orders/,
      ),
      next: expect.arrayContaining([expect.stringContaining('docs/iam/pause.json')]),
    });
  });
});

describe('what feeds a queue', () => {
  const nightly = {
    Name: 'nightly',
    GroupName: 'reports',
    State: 'ENABLED',
    ScheduleExpression: 'cron(0 3 * * ? *)',
    ScheduleExpressionTimezone: 'Europe/Berlin',
    FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 },
    Description: 'of the night',
    KmsKeyArn: 'arn:aws:kms:eu-test-1:000000000000:key/1',
    ActionAfterCompletion: 'DELETE',
    StartDate: 1_700_000_000,
    Target: {
      Arn: queueArn('orders'),
      RoleArn: 'arn:aws:iam::000000000000:role/feeds',
      Input: '{"a":1}',
      RetryPolicy: { MaximumRetryAttempts: 3 },
      DeadLetterConfig: { Arn: queueArn('dead') },
    },
  };
  const scene = async () => {
    const around = await openAround();
    await around.queue('orders');
    await around.queue('bills');
    around.map('orders', 'bill');
    const { bill } = { bill: around.aws.mappings.get('bill-of-orders')?.FunctionArn ?? '' };
    around.aws.rules.push(
      {
        Name: 'hourly',
        EventBusName: 'default',
        State: 'ENABLED',
        ScheduleExpression: 'rate(1 hour)',
        targets: [queueArn('orders')],
      },
      { Name: 'calls', EventBusName: 'own', State: 'ENABLED', targets: [bill] },
      {
        Name: 'managed',
        EventBusName: 'default',
        State: 'ENABLED',
        ManagedBy: 'pipes.amazonaws.com',
        targets: [queueArn('orders')],
      },
      { Name: 'other', EventBusName: 'third', State: 'ENABLED', targets: [queueArn('bills')] },
      { Name: 'off', EventBusName: 'own', State: 'DISABLED', targets: [queueArn('orders')] },
    );
    const universal = 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage';
    const sending = (queue: string) => ({
      Arn: universal,
      RoleArn: 'arn:aws:iam::000000000000:role/feeds',
      Input: JSON.stringify({ QueueUrl: `https://sqs.eu-test-1.amazonaws.com/000000000000/${queue}` }),
    });
    const plain = { GroupName: 'default', State: 'ENABLED', ScheduleExpression: 'rate(1 day)' };
    around.aws.schedules.push(
      structuredClone(nightly),
      { ...plain, Name: 'by-api', Target: sending('orders') },
      { ...plain, Name: 'by-api-elsewhere', Target: sending('bills') },
      { ...plain, Name: 'unrelated', Target: { Arn: 'arn:aws:sns:eu-test-1:000000000000:t' } },
    );
    return around;
  };

  it('is listed across buses, groups and pages, also what calls a consuming function or sends by the API', async () => {
    const { open } = await scene();
    const adapter = await open();
    expect(await adapter.schedules?.(['orders'])).toEqual([
      { id: 'rule/default/hourly', queue: 'orders', when: 'rate(1 hour)', paused: false },
      {
        id: 'rule/default/managed',
        queue: 'orders',
        when: 'on events',
        paused: false,
        managedBy: 'pipes.amazonaws.com',
      },
      { id: 'rule/own/calls', queue: 'orders', when: 'on events, calls bill', paused: false },
      { id: 'rule/own/off', queue: 'orders', when: 'on events', paused: true },
      { id: 'schedule/default/by-api', queue: 'orders', when: 'rate(1 day)', paused: false },
      { id: 'schedule/reports/nightly', queue: 'orders', when: 'cron(0 3 * * ? *) (Europe/Berlin)', paused: false },
    ]);
    expect((await adapter.schedules?.())?.filter(({ queue }) => queue === 'bills').map(({ id }) => id)).toEqual([
      'rule/third/other',
      'schedule/default/by-api-elsewhere',
    ]);
  });

  it('is paused with the queue, but for what a service manages, and started again as it was found', async () => {
    const { aws, open } = await scene();
    const pause = opsOf((await open()).can.pause);
    const before = await pause.look('orders', { schedules: true });
    expect(before.paused).toBe(false);
    expect(before.warnings?.join(' ')).toContain('rule/default/managed is managed by pipes.amazonaws.com');
    expect(await pause.pause('orders', before.found)).toMatchObject({ paused: true });
    const on = () => [
      ...aws.rules.filter(({ State }) => State === 'ENABLED').map(({ Name }) => Name),
      ...aws.schedules.filter(({ State }) => State === 'ENABLED').map(({ Name }) => Name),
    ];
    expect(on()).toEqual(['managed', 'other', 'by-api-elsewhere', 'unrelated']);
    expect(await pause.resume('orders', before.found)).toMatchObject({ paused: false });
    expect(on()).toEqual(['hourly', 'calls', 'managed', 'other', 'nightly', 'by-api', 'by-api-elsewhere', 'unrelated']);
    expect(aws.schedules[0]).toEqual(nightly);
  });

  it('one schedule: every field is kept, and it is told when the service lost one', async () => {
    const { aws, open } = await scene();
    const adapter = await open();
    const ops = opsOf(adapter.can.schedule);
    expect(await ops.pause('schedule/reports/nightly', 'orders')).toMatchObject({ paused: true });
    expect(aws.schedules[0]).toEqual({ ...nightly, State: 'DISABLED' });
    expect(await ops.save('schedule/reports/nightly', 'orders')).toMatchObject({
      State: 'DISABLED',
      Target: nightly.Target,
    });
    const first = aws.schedules[0];
    // somebody else's update in between: our copy of the fields is not what it was
    Object.defineProperty(aws.schedules, 0, {
      configurable: true,
      enumerable: true,
      get: () => first,
      set: (value: object) =>
        Object.defineProperty(aws.schedules, 0, { value: { ...value, Description: 'other' }, writable: true }),
    });
    await expect(ops.resume('schedule/reports/nightly', 'orders')).rejects.toMatchObject({
      message: expect.stringContaining('Description differ after the update'),
    });
  });

  it('a rule that a service manages is refused, and nothing of AWS is removed', async () => {
    const { open } = await scene();
    const ops = opsOf((await open()).can.schedule);
    await expect(ops.pause('rule/default/managed', 'orders')).rejects.toMatchObject({ code: 'JOBCTL_REFUSED' });
    await expect(ops.pause('rule/default/unknown', 'orders')).rejects.toMatchObject({ code: 'JOBCTL_STALE' });
    await expect(ops.remove('rule/default/hourly', 'orders')).rejects.toMatchObject({ code: 'JOBCTL_UNSUPPORTED' });
    expect(ops.run).toBeUndefined();
  });
});

it('a plan that takes out what waits warns of whoever takes it as well', async () => {
  const { aws, map, open, queue, standIn, client } = await openAround();
  const { url } = await queue('orders');
  const adapter = await open({ receive: true });
  const warned = async (ids?: readonly string[]) =>
    (await adapter.cautions?.({ queues: ['orders'], states: ['waiting'], ...(ids && { ids }) }, 'remove'))?.lines.join(
      '\n',
    ) ?? '';
  const mapping = map('orders', 'bill');
  expect(await warned()).toMatch(
    /^Function bill takes messages of orders .*\(mapping bill-of-orders, Enabled\).*pause orders$/,
  );
  expect(await warned(['m-1'])).toBe('');
  mapping.State = 'Disabled';
  expect(await warned()).toBe('');
  await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: '{}' }));
  await client.send(new ReceiveMessageCommand({ QueueUrl: url }));
  expect(await warned()).toMatch(
    /Another consumer of orders may be active: its Lambda consumers are stopped, and about 1 /,
  );
  aws.mappings.clear();
  expect(await warned()).toMatch(/may be active: no Lambda function consumes it/);
  aws.denied.add('lambda:ListEventSourceMappings');
  expect(await warned()).toMatch(/could not be seen: Access denied: lambda:ListEventSourceMappings/);
  const outlook = await opsOf(adapter.can.empty).outlook('orders', false);
  expect(outlook.warnings.join()).toContain('could not be seen');
  expect(standIn.calls).not.toContain('PurgeQueue');
});
