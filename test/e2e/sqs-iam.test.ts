import { describe, expect, it, onTestFinished } from 'vitest';
import { policies } from '../../src/adapters/sqs/permissions.ts';
import { numbered } from '../adapters/sqs/scene.ts';
import { startAwsStandIn } from '../setup/aws-stand-in.ts';
import { mapOnto, queueArn } from '../setup/lambda-mapping.ts';
import { createSqs } from '../setup/sqs.ts';
import { homeForTest } from './jobctl.ts';

const every = new Set(Object.values(policies).flatMap((grants) => grants.flatMap(({ actions }) => actions)));

/** A queue with its dead, what waits there, a function and a schedule; and a role that can be narrowed to one policy. */
async function open() {
  const [sqs, aws] = await Promise.all([createSqs(), startAwsStandIn()]);
  onTestFinished(async () => void (await Promise.all([sqs.drop(), aws.stop()])));
  const orders = await sqs.pair('orders');
  await sqs.dead(orders, numbered(3));
  await sqs.send(orders.source, numbered(2));
  mapOnto(aws, 'orders', 'bill');
  const rule = { EventBusName: 'default', ScheduleExpression: 'rate(1 hour)', targets: [queueArn('orders')] };
  aws.rules.push({ ...rule, Name: 'hourly', State: 'ENABLED' });
  aws.logs.push({ group: '/aws/lambda/bill', at: Date.now(), message: 'hello\n' });
  const home = await homeForTest(sqs.url);
  await home.file('jobctl.yaml', 'version: 1\njobTypes:\n  orders:\n    payload: { type: object }\n');
  const hurried = `--import=${new URL('../runbooks/shorter-waits.mjs?part=30&ahead', import.meta.url).href}`;
  const missed: string[] = [];
  let grants: (typeof policies)[string] | undefined;
  /** `any`: on whatever it is granted. */
  const may = (action: string, on: 'queue' | 'dlq' | 'any'): boolean =>
    grants === undefined ||
    grants.some((grant) => grant.actions.includes(action) && (on === 'any' || [on, 'any'].includes(grant.on)));
  sqs.standIn.fault = (call, body) => {
    const action = `sqs:${call.replace(/Batch$/, '')}`;
    const named = String(body['QueueUrl'] ?? body['QueueName'] ?? body['SourceArn'] ?? 'orders-dlq');
    const on = named.endsWith('-dlq') ? 'dlq' : 'queue';
    if (may(action, on)) return call === 'ReceiveMessage' ? { ask: atOnce } : undefined;
    // the account is told by a refusal as well
    if (action !== 'sqs:ListQueues') missed.push(`${action} on ${on}`);
    return {
      refuse: 'AccessDeniedException',
      message: `User: ${ada} is not authorized to perform: ${action}`,
      status: 403,
    };
  };
  const run = async (line: string, policy?: string) => {
    grants = policy === undefined ? undefined : policies[policy];
    aws.denied.clear();
    if (policy !== undefined) for (const action of every) if (!may(action, 'any')) aws.denied.add(action);
    aws.calls.length = 0;
    const ended = await home.warm(line.split(' '), { env: { ...sqs.env, ...aws.env, NODE_OPTIONS: hurried } });
    missed.push(...aws.calls.map(({ action }) => action).filter((action) => aws.denied.has(action)));
    return ended;
  };
  return { run, missed };
}

const ada = 'arn:aws:sts::000000000000:assumed-role/ops/ada';
const atOnce = (asked: Record<string, unknown>) => ({ ...asked, WaitTimeSeconds: 0 });
const evacuated = 'drain orders --evacuate --receive --confirm orders';

const rows: readonly (readonly [policy: string, line: string, before?: string])[] = [
  ['stats', 'stats'],
  ['stats', 'stats orders'],
  ['stats-metrics', 'stats orders --metrics'],
  ['stats', 'top --once'],
  ['dlq', 'dlq list orders'],
  ['dlq', 'dlq groups orders'],
  ['dlq', 'dlq export orders'],
  ['job-list', 'job list orders --receive'],
  ['job-list', 'jobtype check orders --receive'],
  ['replay', 'replay orders --yes'],
  ['undo-replay', 'undo RUN --receive --yes', 'replay orders --yes'],
  ['replay-native', 'replay orders --native --no-backup --yes'],
  ['remove', 'dlq purge orders --confirm orders'],
  ['purge', 'purge orders --state waiting --receive --confirm orders'],
  ['purge', 'purge orders-dlq --native --confirm orders-dlq'],
  ['restore', 'restore RUN --yes', 'dlq purge orders --confirm orders'],
  ['restore', 'undo RUN --yes', 'dlq purge orders --confirm orders'],
  ['restore', 'restore RUN --yes', evacuated],
  ['restore', 'restore RUN --as-was --yes', evacuated],
  ['enqueue', 'enqueue orders --payload {} --yes'],
  ['smoke', 'smoke orders --within 1s --yes'],
  ['drain', 'drain orders --active-only'],
  ['drain-evacuate', evacuated],
  ['pause', 'pause orders --yes'],
  ['pause', 'resume orders --yes', 'pause orders --yes'],
  ['pause-schedules', 'pause orders --schedules --yes'],
  ['schedule-list', 'schedule list'],
  ['schedule', 'schedule pause orders rule/default/hourly --yes'],
  ['worker-list', 'worker list'],
  ['scale-show', 'scale show orders'],
  ['scale-set', 'scale set orders --batch-size 5 --yes'],
  ['scale-set', 'undo RUN --yes', 'scale set orders --batch-size 5 --yes'],
  ['doctor', 'doctor orders'],
  ['logs', 'logs orders'],
];

describe('with a policy of docs/iam and not one permission more', { timeout: 60_000 }, () => {
  it.each(rows)('%s.json is enough for %s (after %s)', async (policy, line = '', before) => {
    const { run, missed } = await open();
    const past = before === undefined ? undefined : await run(before);
    const id = /\b\d{8}-\d{6}-[\w-]+/.exec(past?.stdout ?? '')?.[0] ?? '';
    const ended = await run(line.replace('RUN', id), policy);
    expect(missed).toEqual([]);
    // 9, 10: it did all it may, and nobody works here
    expect([0, 9, 10], ended.stderr).toContain(ended.code);
  });
});
