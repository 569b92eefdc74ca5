/**
 * What a role needs, command by command: the source of docs/iam/*.json (`node scripts/write-iam.ts`) and of what a denial
 * says. Batch actions are granted by the name of the single one.
 */
export interface Grant {
  readonly on: Target;
  readonly actions: readonly string[];
}

/** `any`: where IAM knows no narrower resource for these actions. */
type Target = 'any' | 'queue' | 'dlq' | 'reply' | 'mapping' | 'function' | 'rule' | 'schedule' | 'role' | 'log' | 'key';

const find: Grant = { on: 'queue', actions: ['sqs:GetQueueUrl', 'sqs:GetQueueAttributes'] };
/** Of a queue that jobs are looked for in it is asked as well whether it takes the dead of others. */
const wired: Grant = { on: 'queue', actions: [...find.actions, 'sqs:ListDeadLetterSourceQueues'] };
const shelf: Grant = { ...wired, on: 'dlq' };
/** Only to show all queues; a command that names its queue works without. */
const list: Grant = { on: 'any', actions: ['sqs:ListQueues'] };
const lock: Grant = { on: 'queue', actions: ['sqs:ListQueueTags', 'sqs:TagQueue', 'sqs:UntagQueue'] };
const lockShelf: Grant = { ...lock, on: 'dlq' };
/** The lock is a tag on the queue and on where its dead lie. */
const locked: readonly Grant[] = [find, shelf, lock, lockShelf];
const look: Grant = { on: 'dlq', actions: ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility'] };
/** Looking at what waits, which counts as a receive there. */
const lookAtQueue: Grant = { ...look, on: 'queue' };
const unlock: Grant = { on: 'key', actions: ['kms:Decrypt'] };
const seal: Grant = { on: 'key', actions: ['kms:Decrypt', 'kms:GenerateDataKey'] };
const mappings: readonly Grant[] = [
  { on: 'any', actions: ['lambda:ListEventSourceMappings'] },
  { on: 'mapping', actions: ['lambda:GetEventSourceMapping'] },
];
const setMapping: Grant = { on: 'mapping', actions: ['lambda:UpdateEventSourceMapping'] };
const concurrency: Grant = { on: 'function', actions: ['lambda:GetFunctionConcurrency'] };
const configuration: Grant = { on: 'function', actions: ['lambda:GetFunctionConfiguration'] };
const readLog: readonly Grant[] = [...mappings, configuration, { on: 'log', actions: ['logs:FilterLogEvents'] }];
const metrics: Grant = { on: 'any', actions: ['cloudwatch:GetMetricData'] };
const feeders: readonly Grant[] = [
  {
    on: 'any',
    actions: ['events:ListEventBuses', 'events:ListRuleNamesByTarget', 'scheduler:ListSchedules'],
  },
  { on: 'rule', actions: ['events:DescribeRule'] },
  { on: 'schedule', actions: ['scheduler:GetSchedule'] },
];
const setFeeders: readonly Grant[] = [
  { on: 'rule', actions: ['events:DisableRule', 'events:EnableRule'] },
  { on: 'schedule', actions: ['scheduler:UpdateSchedule'] },
  { on: 'role', actions: ['iam:PassRole'] },
];

/** To warn of who takes messages at the same time; without it a plan says that it could not look. */
const rivals: Grant = { on: 'any', actions: ['lambda:ListEventSourceMappings'] };

/** Its message is taken away where it died; the queue itself is never received from. */
const smoke: readonly Grant[] = [
  ...locked,
  wired,
  { on: 'queue', actions: ['sqs:SendMessage'] },
  look,
  { on: 'dlq', actions: ['sqs:DeleteMessage'] },
  seal,
];
/** Its answer is received and deleted, what others have there is let go. */
const answer: Grant = { on: 'reply', actions: [...find.actions, ...look.actions, 'sqs:DeleteMessage'] };

/** The name of each policy is that of its file. */
export const policies: Readonly<Record<string, readonly Grant[]>> = {
  stats: [list, wired, shelf],
  'stats-metrics': [list, wired, shelf, metrics],
  dlq: [wired, shelf, look, unlock],
  'job-list': [list, wired, shelf, lookAtQueue, look, unlock],
  replay: [
    ...locked,
    wired,
    look,
    { on: 'dlq', actions: ['sqs:DeleteMessage'] },
    { on: 'queue', actions: ['sqs:SendMessage'] },
    seal,
  ],
  'replay-native': [
    ...locked,
    wired,
    {
      on: 'dlq',
      actions: [
        'sqs:CancelMessageMoveTask',
        'sqs:DeleteMessage',
        'sqs:ListMessageMoveTasks',
        'sqs:ReceiveMessage',
        'sqs:StartMessageMoveTask',
      ],
    },
    { on: 'queue', actions: ['sqs:SendMessage'] },
    seal,
  ],
  // what still waits is received there, and sent back to where it lay
  'undo-replay': [
    ...locked,
    lookAtQueue,
    { on: 'queue', actions: ['sqs:DeleteMessage'] },
    { on: 'dlq', actions: ['sqs:SendMessage'] },
    seal,
  ],
  remove: [...locked, wired, look, { on: 'dlq', actions: ['sqs:DeleteMessage'] }, unlock],
  purge: [
    ...locked,
    wired,
    lookAtQueue,
    { on: 'queue', actions: ['sqs:DeleteMessage', 'sqs:PurgeQueue'] },
    look,
    { on: 'dlq', actions: ['sqs:DeleteMessage', 'sqs:PurgeQueue'] },
    unlock,
    rivals,
  ],
  // what is there still is looked for first; --as-was sends what waited to work
  restore: [...locked, look, ...(['dlq', 'queue'] as const).map((on) => ({ on, actions: ['sqs:SendMessage'] })), seal],
  enqueue: [find, { on: 'queue', actions: ['sqs:SendMessage'] }, seal],
  smoke,
  'smoke-reply-queue': [...smoke, answer],
  'smoke-log-pattern': [...smoke, ...readLog],
  // what no worker took is taken away again, also where it died
  loadtest: [
    ...locked,
    wired,
    { on: 'queue', actions: ['sqs:DeleteMessage', 'sqs:SendMessage'] },
    lookAtQueue,
    look,
    { on: 'dlq', actions: ['sqs:DeleteMessage'] },
    seal,
  ],
  drain: [wired, shelf],
  'drain-evacuate': [...locked, wired, lookAtQueue, { on: 'queue', actions: ['sqs:DeleteMessage'] }, unlock, rivals],
  pause: [...locked, ...mappings, setMapping],
  'pause-schedules': [...locked, ...mappings, setMapping, ...feeders, ...setFeeders],
  'schedule-list': [list, find, { ...find, on: 'dlq' }, ...mappings, ...feeders],
  schedule: [...locked, ...mappings, ...feeders, ...setFeeders],
  'worker-list': [...mappings, concurrency, metrics],
  'scale-show': [find, ...mappings, concurrency],
  'scale-set': [
    ...locked,
    ...mappings,
    setMapping,
    concurrency,
    { on: 'function', actions: ['lambda:DeleteFunctionConcurrency', 'lambda:PutFunctionConcurrency'] },
  ],
  doctor: [list, wired, shelf, ...mappings, configuration],
  logs: [find, ...readLog],
};

/** What nearly every command needs is in nearly every file: to name them all would tell nothing. */
const MOST = 13;

/** Where the policies that hold an action lie; undefined where none does. */
export function policyNote(action: string): string | undefined {
  const names = Object.entries(policies)
    .filter(([, grants]) => grants.some(({ actions }) => actions.includes(action)))
    .map(([name]) => `${name}.json`);
  const [first, ...others] = names;
  if (first === undefined) return undefined;
  if (names.length > MOST) return `The least that a command needs: its file in docs/iam/; ${action} is in most.`;
  return `The least that the command needs: docs/iam/${first}${others.map((name) => `, ${name}`).join('')}`;
}
