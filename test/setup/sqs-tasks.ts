import { randomUUID } from 'node:crypto';
import type { Json } from './sqs-stand-in.ts';

type Call = (action: string, body: Json) => Promise<Json>;

interface Task {
  readonly handle: string;
  readonly source: string;
  readonly destination: string | undefined;
  readonly rate: number | undefined;
  readonly startedAt: number;
  readonly toMove: number;
  status: string;
  moved: number;
  failure?: string;
}

interface Parts {
  readonly call: Call;
  /** What is known of a message, by id. */
  readonly kept: ReadonlyMap<string, Record<string, string>>;
  readonly sourcesOf: (url: unknown) => Promise<Json>;
  readonly perLook: () => number;
}

const refused = (name: string, message: string): Error => Object.assign(new Error(message), { name });

/** The move tasks that fauxqs lacks. A task works a little whenever it is looked at. */
export function moveTasks({ call, kept, sourcesOf, perLook }: Parts): Record<string, (body: Json) => Promise<Json>> {
  const tasks: Task[] = [];
  const nameIn = (arn: string): string => arn.slice(arn.lastIndexOf(':') + 1);
  const urlOf = async (arn: string): Promise<unknown> =>
    (await call('GetQueueUrl', { QueueName: nameIn(arn) }))['QueueUrl'];

  const work = async (task: Task): Promise<void> => {
    const from = await urlOf(task.source);
    for (let left = perLook(); left > 0 && task.status === 'RUNNING'; left -= 1) {
      const { Messages } = (await call('ReceiveMessage', {
        QueueUrl: from,
        MaxNumberOfMessages: 1,
        MessageAttributeNames: ['All'],
      })) as { Messages?: { MessageId: string; Body: string; ReceiptHandle: string; MessageAttributes?: Json }[] };
      const [message] = Messages ?? [];
      if (message === undefined) {
        task.status = 'COMPLETED';
        return;
      }
      const { MessageId, Body, ReceiptHandle, MessageAttributes } = message;
      const home = task.destination ?? kept.get(MessageId)?.['DeadLetterQueueSourceArn'];
      if (home === undefined) {
        await call('ChangeMessageVisibility', { QueueUrl: from, ReceiptHandle, VisibilityTimeout: 0 });
        task.status = 'FAILED';
        task.failure = 'CouldNotDetermineMessageSource';
        return;
      }
      await call('SendMessage', {
        QueueUrl: await urlOf(home),
        MessageBody: Body,
        ...(MessageAttributes === undefined ? {} : { MessageAttributes }),
      });
      await call('DeleteMessage', { QueueUrl: from, ReceiptHandle });
      task.moved += 1;
    }
  };

  return {
    async StartMessageMoveTask(body) {
      const source = String(body['SourceArn']);
      const url = await urlOf(source);
      if (((await sourcesOf(url))['queueUrls'] as string[]).length === 0)
        throw refused('InvalidParameterValue', 'Source queue must be configured as a Dead Letter Queue.');
      if (tasks.some((one) => one.source === source && one.status === 'RUNNING'))
        throw refused('InvalidParameterValue', 'There is already a task running.');
      const { Attributes } = (await call('GetQueueAttributes', { QueueUrl: url, AttributeNames: ['All'] })) as {
        Attributes: Record<string, string>;
      };
      const task: Task = {
        handle: randomUUID(),
        source,
        destination: body['DestinationArn'] as string | undefined,
        rate: body['MaxNumberOfMessagesPerSecond'] as number | undefined,
        startedAt: Date.now(),
        toMove: Number(Attributes['ApproximateNumberOfMessages']),
        status: 'RUNNING',
        moved: 0,
      };
      tasks.unshift(task);
      return { TaskHandle: task.handle };
    },
    async ListMessageMoveTasks(body) {
      const mine = tasks.filter(({ source }) => source === body['SourceArn']).slice(0, Number(body['MaxResults'] ?? 1));
      const fresh = mine.filter(({ status }) => status === 'RUNNING');
      const Results = mine.map((task) => ({
        ...(task.status === 'RUNNING' ? { TaskHandle: task.handle } : {}),
        Status: task.status,
        SourceArn: task.source,
        ...(task.destination === undefined ? {} : { DestinationArn: task.destination }),
        ...(task.rate === undefined ? {} : { MaxNumberOfMessagesPerSecond: task.rate }),
        ApproximateNumberOfMessagesMoved: task.moved,
        ApproximateNumberOfMessagesToMove: task.toMove,
        ...(task.failure === undefined ? {} : { FailureReason: task.failure }),
        StartedTimestamp: task.startedAt,
      }));
      for (const task of fresh) await work(task);
      return { Results };
    },
    async CancelMessageMoveTask(body) {
      const task = tasks.find(({ handle, status }) => handle === body['TaskHandle'] && status === 'RUNNING');
      if (task === undefined) throw refused('ResourceNotFoundException', 'There is no such task.');
      task.status = 'CANCELLED';
      return { ApproximateNumberOfMessagesMoved: task.moved };
    },
  };
}

/** One purge a minute, by the clock of the stand-in. */
export function purges(call: Call, now: () => number): Record<string, (body: Json) => Promise<Json>> {
  const last = new Map<unknown, number>();
  return {
    async PurgeQueue(body) {
      const url = body['QueueUrl'];
      const before = last.get(url);
      if (before !== undefined && now() - before < 60_000)
        throw refused('PurgeQueueInProgress', 'Only one PurgeQueue operation is allowed every 60 seconds.');
      last.set(url, now());
      return await call('PurgeQueue', body);
    },
  };
}
