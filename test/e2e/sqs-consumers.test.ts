import { describe, expect, it, onTestFinished } from 'vitest';
import { states } from '../adapters/sqs/consumers/around.ts';
import { type AwsStandIn, startAwsStandIn } from '../setup/aws-stand-in.ts';
import { mapOnto, queueArn } from '../setup/lambda-mapping.ts';
import { createSqs, type TestSqs } from '../setup/sqs.ts';
import { answerOf, errorOf, expectFits } from './answer.ts';
import { type Home, homeForTest } from './jobctl.ts';

interface Report {
  readonly run: string;
  readonly complete: boolean;
  readonly outcomes: { readonly done: number };
}

async function open(): Promise<{ sqs: TestSqs; aws: AwsStandIn; home: Home; run: Home['run'] }> {
  const [sqs, aws] = await Promise.all([createSqs(), startAwsStandIn()]);
  onTestFinished(async () => void (await Promise.all([sqs.drop(), aws.stop()])));
  const home = await homeForTest(sqs.url);
  return { sqs, aws, home, run: (args) => home.warm(args, { env: { ...sqs.env, ...aws.env } }) };
}

const flat = (text: string): string => text.replace(/\s+/g, ' ');

describe('the AWS services around a queue, on the command line', { timeout: 90_000 }, () => {
  it('pauses the consumers and what feeds the queue, and starts again what it found running', async () => {
    const { sqs, aws, run } = await open();
    await sqs.queue('orders');
    mapOnto(aws, 'orders', 'bill');
    mapOnto(aws, 'orders', 'old', { State: 'Disabled' });
    const rule = { EventBusName: 'default', ScheduleExpression: 'rate(1 hour)', targets: [queueArn('orders')] };
    aws.rules.push({ ...rule, Name: 'hourly', State: 'ENABLED' });
    const dry = await run(['pause', 'orders', '--schedules', '--dry-run']);
    expect(dry.code).toBe(0);
    expect(flat(dry.stderr)).toContain('mapping bill-of-orders of function bill (Enabled); mapping old-of-orders');
    expect(flat(dry.stderr)).toContain('rule/default/hourly, rate(1 hour) (on)');
    expectFits(dry.stderr);
    expect(states(aws)).toEqual({ 'bill-of-orders': 'Enabled', 'old-of-orders': 'Disabled' });
    const paused = answerOf<Report>(await run(['pause', 'orders', '--schedules', '--yes', '--json']), 'pause');
    expect(paused).toMatchObject({ complete: true, outcomes: { done: 1 } });
    expect([states(aws)['bill-of-orders'], aws.rules[0]?.State]).toEqual(['Disabled', 'DISABLED']);
    mapOnto(aws, 'orders', 'bill'); // a deploy
    const resumed = await run(['resume', 'orders', '--yes']);
    expect([resumed.code, aws.rules[0]?.State, states(aws)['old-of-orders']]).toEqual([0, 'ENABLED', 'Disabled']);
    expect(flat(resumed.stderr)).toContain(
      'bill-of-orders of bill was enabled again by somebody else, perhaps a deploy',
    );
  });

  it('a pause that takes too long ends with 9 and can be waited on; one without a consumer says what to scale', async () => {
    const { sqs, aws, run } = await open();
    await sqs.queue('orders');
    const refused = await run(['pause', 'orders', '--yes', '--json']);
    expect([refused.code, errorOf(refused).next.join(' ')]).toEqual([
      5,
      expect.stringContaining('Scale the consumers to 0'),
    ]);
    mapOnto(aws, 'orders', 'bill');
    aws.looks = 1e9;
    const late = await run(['pause', 'orders', '--yes', '--json', '--within', '1s']);
    expect(late.code).toBe(9);
    expect(late.stderr).toContain('waiting: until Disabled: the mapping of bill is Disabling');
    const report = answerOf<Report & { timedOut: true; next: string[] }>(late, 'pause');
    expect(report).toMatchObject({ complete: false, timedOut: true });
    const mapping = aws.mappings.get('bill-of-orders');
    if (mapping !== undefined) mapping.next = { State: 'Disabled', looks: 1 };
    const waited = await run(['run', 'resume', report.run, '--yes', '--json']);
    expect([waited.code, states(aws)]).toEqual([0, { 'bill-of-orders': 'Disabled' }]);
  });

  it('shows and changes the scale; undo puts the old values back', async () => {
    const { sqs, aws, run } = await open();
    await sqs.queue('orders');
    const mapping = mapOnto(aws, 'orders', 'bill', { ScalingConfig: { MaximumConcurrency: 5 } });
    const shown = await run(['scale', 'show', 'orders', '--json']);
    expect(answerOf(shown, 'scale-show')).toMatchObject({
      consumers: [{ values: { maxConcurrency: 5, batchSize: 10 } }],
    });
    const set = ['scale', 'set', 'orders', '--max-concurrency', '50'];
    const planned = await run([...set, '--reserved-concurrency', '20', '--plan-out', 'plan.json']);
    expect(planned.code).toBe(0);
    expect(flat(planned.stderr)).toMatch(
      /at once, this queue 5 → 50 .*may ask for more \(50\) than is reserved \(20\)/,
    );
    expectFits(planned.stderr);
    mapping.ScalingConfig = { MaximumConcurrency: 7 };
    expect((await run(['apply', 'plan.json', '--yes'])).code).toBe(6);
    mapping.ScalingConfig = { MaximumConcurrency: 5 };
    const done = await run(['apply', 'plan.json', '--yes']);
    expect([done.code, mapping.ScalingConfig]).toEqual([0, { MaximumConcurrency: 50 }]);
    const id = /jobctl undo (\S+)/.exec(done.stdout)?.[1] ?? '';
    const undone = answerOf<Report>(await run(['undo', id, '--yes', '--json']), 'report');
    expect(undone).toMatchObject({ complete: true, outcomes: { done: 1 } });
    expect([mapping.ScalingConfig, aws.functions.get('bill')?.Reserved]).toEqual([
      { MaximumConcurrency: 5 },
      undefined,
    ]);
    const stop = await run(['scale', 'set', 'orders', '--reserved-concurrency', '0', '--yes', '--json']);
    expect([stop.code, aws.functions.get('bill')?.Reserved]).toEqual([4, undefined]);
  });

  it('doctor, worker list, schedule list, stats --metrics and logs tell what is there', async () => {
    const { sqs, aws, run } = await open();
    await sqs.pair('orders');
    mapOnto(aws, 'orders', 'bill', {
      FunctionResponseTypes: [],
      LastProcessingResult: 'PROBLEM: Function call failed',
    });
    const plain = { GroupName: 'default', State: 'ENABLED', ScheduleExpression: 'rate(1 day)' };
    aws.schedules.push({ ...plain, Name: 'daily', Target: { Arn: queueArn('orders') } });
    const minute = Math.floor(Date.now() / 60_000) * 60;
    aws.metrics.push({ metric: 'ApproximateAgeOfOldestMessage', of: 'orders', at: minute - 120, value: 75 });
    const group = '/aws/lambda/bill';
    aws.logs.push({ group, at: Date.now() - 5_000, message: 'INFO\t{"id":"m-1","password":"hunter2"}\n' });
    aws.logs.push({ group, at: Date.now() - 4_000, message: 'ERROR\tm-2 \u001b[31mfailed\u001b[0m token=abc123\n' });

    const doctor = await run(['doctor', 'orders']);
    expect(doctor.code).toBe(10);
    expect(flat(doctor.stdout)).toMatch(
      /PROBLEM orders: Its dead-letter queue .*\(dlq-retention-short\).*warning orders: .*\(whole-batch-fails\)/,
    );
    expectFits(doctor.stdout);
    const findings = answerOf<{ ok: boolean }>(await run(['doctor', 'orders-dlq', '--json']), 'doctor');
    expect(findings).toMatchObject({ ok: true, findings: [] });

    const workers = await run(['worker', 'list']);
    expect(flat(workers.stdout)).toMatch(/bill orders Enabled \? of no limit PROBLEM: Function/);
    expectFits(workers.stdout);
    const schedules = await run(['schedule', 'pause', 'orders', 'schedule/default/daily', '--yes']);
    expect([schedules.code, aws.schedules[0]?.State]).toEqual([0, 'DISABLED']);
    expect((await run(['schedule', 'remove', 'orders', 'schedule/default/daily', '--dry-run'])).code).toBe(5);

    const stats = await run(['stats', '--metrics']);
    expect(flat(stats.stdout)).toMatch(/CLOUDWATCH OLDEST SENT\/MIN DONE\/MIN POINT orders 1m15s \? \?/);
    expectFits(stats.stdout);

    const logs = await run(['logs', 'orders']);
    expect(logs.code).toBe(0);
    expect(logs.stdout).toContain('"password":"[redacted]"');
    expect(logs.stdout).toContain('token=***');
    expect(logs.stdout).not.toContain('\u001b');
    const one = answerOf<{ lines: unknown[] }>(await run(['logs', 'orders', '--id', 'm-2', '--json']), 'logs');
    expect(one.lines).toHaveLength(1);
  });

  it('drain closes the intake of a queue that nothing but schedules feeds, and opens it when it waited in vain', async () => {
    const { sqs, aws, home } = await open();
    const orders = await sqs.queue('orders');
    const feeds = { EventBusName: 'default', ScheduleExpression: 'rate(1 hour)', targets: [queueArn('orders')] };
    aws.rules.push({ ...feeds, Name: 'hourly', State: 'ENABLED' }, { ...feeds, Name: 'off', State: 'DISABLED' });
    const nightly = {
      Name: 'nightly',
      GroupName: 'default',
      State: 'ENABLED',
      ScheduleExpression: 'cron(0 3 * * ? *)',
      Target: { Arn: queueArn('orders'), RoleArn: 'arn:aws:iam::000000000000:role/feeds' },
    };
    aws.schedules.push(nightly);
    const states = () => [...aws.rules, ...aws.schedules].map(({ State }) => State);
    const shorter = new URL('../runbooks/shorter-waits.mjs?part=60&ahead', import.meta.url).href;
    const env = { ...sqs.env, ...aws.env, NODE_OPTIONS: `--import=${shorter}` };
    const run = (...args: string[]) => home.run(args, { env });
    const drain = ['drain', 'orders', '--pause-schedules', '--yes', '--json'];

    const drained = await run(...drain, '--within', '5m');
    expect([drained.code, JSON.parse(drained.stdout)]).toEqual([0, expect.objectContaining({ drained: true })]);
    expect(states()).toEqual(['DISABLED', 'DISABLED', 'DISABLED']);
    expect((await run('resume', 'orders', '--yes')).code).toBe(0);
    expect(states()).toEqual(['ENABLED', 'DISABLED', 'ENABLED']);
    expect(aws.schedules).toMatchObject([nightly]);

    await sqs.send(orders, [{}]); // nobody works on it
    const vain = await run(...drain, '--within', '5s');
    expect([vain.code, flat(vain.stderr)]).toEqual([9, expect.stringContaining('The schedules were started again')]);
    expect(states()).toEqual(['ENABLED', 'DISABLED', 'ENABLED']);

    // what a service has put there is told, and left alone
    aws.rules.push({ ...feeds, Name: 'managed', State: 'ENABLED', ManagedBy: 'pipes.amazonaws.com' });
    const managed = await run('drain', 'orders', '--pause-schedules', '--yes', '--within', '5s');
    expect([managed.code, flat(managed.stderr)]).toEqual([
      9,
      expect.stringContaining('rule/default/managed is managed by pipes.amazonaws.com'),
    ]);
    expect(states()).toEqual(['ENABLED', 'DISABLED', 'ENABLED', 'ENABLED']);
  });
});
