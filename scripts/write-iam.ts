/** Writes docs/iam/*.json, the least that a role needs for each command on SQS. A test compares them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { type Grant, policies } from '../src/adapters/sqs/permissions.ts';

const here = 'REGION:ACCOUNT';

/** What is written in capitals is to be replaced by one's own. */
const resources: Readonly<Record<Grant['on'], string | readonly string[]>> = {
  any: '*',
  queue: `arn:aws:sqs:${here}:QUEUE`,
  dlq: `arn:aws:sqs:${here}:DEAD_LETTER_QUEUE`,
  reply: `arn:aws:sqs:${here}:REPLY_QUEUE`,
  mapping: `arn:aws:lambda:${here}:event-source-mapping:*`,
  function: `arn:aws:lambda:${here}:function:FUNCTION`,
  rule: `arn:aws:events:${here}:rule/*`,
  schedule: `arn:aws:scheduler:${here}:schedule/GROUP/*`,
  role: 'arn:aws:iam::ACCOUNT:role/ROLE_OF_THE_SCHEDULE',
  log: `arn:aws:logs:${here}:log-group:/aws/lambda/FUNCTION:*`,
  key: `arn:aws:kms:${here}:key/KEY_OF_THE_QUEUE`,
};

const conditions: Readonly<Partial<Record<Grant['on'], object>>> = {
  mapping: { ArnLike: { 'lambda:FunctionArn': `arn:aws:lambda:${here}:function:FUNCTION` } },
  role: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
};

const sids: Readonly<Record<Grant['on'], string>> = {
  any: 'List',
  queue: 'Queue',
  dlq: 'DeadLetterQueue',
  reply: 'ReplyQueue',
  mapping: 'EventSourceMapping',
  function: 'Function',
  rule: 'Rule',
  schedule: 'Schedule',
  role: 'PassRole',
  log: 'Log',
  key: 'Key',
};

/** One statement for each kind of resource, its actions once and in order. */
export function policyOf(grants: readonly Grant[]): string {
  const Statement = [...Map.groupBy(grants, ({ on }) => on)].map(([on, some]) => ({
    Sid: sids[on],
    Effect: 'Allow',
    Action: [...new Set(some.flatMap(({ actions }) => actions))].sort(),
    Resource: resources[on],
    ...(conditions[on] && { Condition: conditions[on] }),
  }));
  return `${JSON.stringify({ Version: '2012-10-17', Statement }, undefined, 2)}\n`;
}

if (import.meta.main) {
  const folder = new URL('../docs/iam/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const [name, grants] of Object.entries(policies))
    writeFileSync(new URL(`${name}.json`, folder), policyOf(grants));
}
