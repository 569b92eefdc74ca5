import {
  type BatchResultErrorEntry,
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  type ListMessageMoveTasksResultEntry,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SendMessageBatchResultEntry,
  SQSClient,
  StartMessageMoveTaskCommand,
  type StartMessageMoveTaskCommandInput,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { JobctlError } from '../../domain/errors.ts';
import { ServerClock } from './clock.ts';
import { nameOf, toJobctlError } from './errors.ts';
import { sdkSettings } from './sdk-settings.ts';
import { Throttles } from './throttles.ts';

export interface ClientOptions {
  readonly region: string;
  readonly endpoint?: string | undefined;
  readonly profile?: string | undefined;
  readonly timeoutMs: number;
}

export interface BatchAnswer<Done> {
  readonly done: readonly Done[];
  readonly failed: readonly BatchResultErrorEntry[];
}

export interface Receive {
  readonly max: number;
  readonly visibilitySeconds: number;
  readonly waitSeconds: number;
}

const SOCKETS = 64;

/** The calls to SQS, each named in its errors. Nothing else in this adapter knows the SDK's client. */
export class Calls {
  readonly #single: SQSClient;
  readonly #often: SQSClient;
  readonly clock = new ServerClock();
  readonly throttles = new Throttles();
  #closed = false;
  /** Region, account and endpoint, for messages. */
  where: string;

  constructor(options: ClientOptions) {
    const { region, endpoint, profile, timeoutMs } = options;
    const { logger, requestHandler } = sdkSettings(timeoutMs);
    const shared = {
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(profile === undefined ? {} : { profile }),
      // or the host of a queue's URL, which may be stale or somebody else's, would be sent our signed requests
      useQueueUrlAsEndpoint: false,
      // a call's way through the SDK is put together once, not for each call: a client gets no further steps once it is made. What
      // the calls share by that is the same for all, as long as none of them has an endpoint of its own (above)
      cacheMiddleware: true,
      logger,
      requestHandler: {
        ...requestHandler,
        httpAgent: { maxSockets: SOCKETS },
        httpsAgent: { maxSockets: SOCKETS },
      },
    };
    this.#single = new SQSClient({ ...shared, maxAttempts: 1 });
    this.#often = new SQSClient({ ...shared, maxAttempts: 4 });
    for (const client of [this.#single, this.#often]) {
      this.#readClock(client);
      this.throttles.watch(client);
    }
    this.where = `sqs://${region}`;
  }

  /** The account of the credentials, where they tell it. Throws when there are none. */
  account(): Promise<string | undefined> {
    return this.#asked('GetCallerIdentity', '*', async () => (await this.#often.config.credentials()).accountId);
  }

  async listQueues(prefix?: string, limit?: number): Promise<string[]> {
    const urls: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.#asked('ListQueues', '*', () =>
        this.#often.send(
          new ListQueuesCommand({
            MaxResults: limit ?? 1000,
            ...(prefix === undefined ? {} : { QueueNamePrefix: prefix }),
            ...(NextToken === undefined ? {} : { NextToken }),
          }),
        ),
      );
      urls.push(...(page.QueueUrls ?? []));
      NextToken = page.NextToken;
    } while (NextToken !== undefined && (limit === undefined || urls.length < limit));
    return urls;
  }

  /** Undefined when there is no such queue. */
  async queueUrl(name: string, account?: string): Promise<string | undefined> {
    const command = new GetQueueUrlCommand({
      QueueName: name,
      ...(account === undefined ? {} : { QueueOwnerAWSAccountId: account }),
    });
    return await this.#ifThere(
      async () => (await this.#asked('GetQueueUrl', name, () => this.#often.send(command))).QueueUrl,
    );
  }

  /** Undefined when there is no such queue. */
  async attributes(url: string): Promise<Readonly<Record<string, string>> | undefined> {
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] });
    return await this.#ifThere(
      async () => (await this.#asked('GetQueueAttributes', url, () => this.#often.send(command))).Attributes ?? {},
    );
  }

  /** URLs of the queues that send their dead here. Undefined where the endpoint has no such operation. */
  async deadLetterSources(url: string): Promise<string[] | undefined> {
    const urls: string[] = [];
    let NextToken: string | undefined;
    try {
      do {
        const page = await this.#asked('ListDeadLetterSourceQueues', url, () =>
          this.#often.send(
            new ListDeadLetterSourceQueuesCommand({
              QueueUrl: url,
              MaxResults: 1000,
              ...(NextToken === undefined ? {} : { NextToken }),
            }),
          ),
        );
        urls.push(...(page.queueUrls ?? []));
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      return urls;
    } catch (error) {
      if (nameOf((error as Error).cause) === 'InvalidAction') return undefined;
      throw error;
    }
  }

  async receive(url: string, { max, visibilitySeconds, waitSeconds }: Receive): Promise<Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: max,
      VisibilityTimeout: visibilitySeconds,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    return (await this.#asked('ReceiveMessage', url, () => this.#often.send(command))).Messages ?? [];
  }

  async send(url: string, entries: SendMessageBatchRequestEntry[]): Promise<BatchAnswer<SendMessageBatchResultEntry>> {
    const command = new SendMessageBatchCommand({ QueueUrl: url, Entries: entries });
    const { Successful, Failed } = await this.#asked('SendMessage', url, () => this.#once.send(command));
    return { done: Successful ?? [], failed: Failed ?? [] };
  }

  async delete(url: string, handles: readonly string[]): Promise<BatchAnswer<{ Id: string | undefined }>> {
    const Entries = handles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
    const command = new DeleteMessageBatchCommand({ QueueUrl: url, Entries });
    const { Successful, Failed } = await this.#asked('DeleteMessage', url, () => this.#often.send(command));
    return { done: Successful ?? [], failed: Failed ?? [] };
  }

  async setVisibility(
    url: string,
    handles: readonly string[],
    seconds: number,
  ): Promise<BatchAnswer<{ Id: string | undefined }>> {
    const Entries = handles.map((ReceiptHandle, index) => ({
      Id: String(index),
      ReceiptHandle,
      VisibilityTimeout: seconds,
    }));
    const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries });
    const { Successful, Failed } = await this.#asked('ChangeMessageVisibility', url, () => this.#often.send(command));
    return { done: Successful ?? [], failed: Failed ?? [] };
  }

  async tags(url: string): Promise<Readonly<Record<string, string>>> {
    const command = new ListQueueTagsCommand({ QueueUrl: url });
    return (await this.#asked('ListQueueTags', url, () => this.#often.send(command))).Tags ?? {};
  }

  async tag(url: string, name: string, value: string): Promise<void> {
    const command = new TagQueueCommand({ QueueUrl: url, Tags: { [name]: value } });
    await this.#asked('TagQueue', url, () => this.#often.send(command));
  }

  async untag(url: string, name: string): Promise<void> {
    const command = new UntagQueueCommand({ QueueUrl: url, TagKeys: [name] });
    await this.#asked('UntagQueue', url, () => this.#often.send(command));
  }

  async startMove(input: StartMessageMoveTaskCommandInput): Promise<void> {
    await this.#asked('StartMessageMoveTask', input.SourceArn ?? '', () =>
      this.#once.send(new StartMessageMoveTaskCommand(input)),
    );
  }

  /** The last ten, newest first. */
  async moves(arn: string): Promise<ListMessageMoveTasksResultEntry[]> {
    const command = new ListMessageMoveTasksCommand({ SourceArn: arn, MaxResults: 10 });
    return (await this.#asked('ListMessageMoveTasks', arn, () => this.#often.send(command))).Results ?? [];
  }

  async cancelMove(arn: string, handle: string): Promise<void> {
    const command = new CancelMessageMoveTaskCommand({ TaskHandle: handle });
    await this.#asked('CancelMessageMoveTask', arn, () => this.#often.send(command));
  }

  async purge(url: string): Promise<void> {
    const command = new PurgeQueueCommand({ QueueUrl: url });
    await this.#asked('PurgeQueue', url, () => this.#once.send(command));
  }

  refuseWhenClosed(): void {
    if (this.#closed) throw new JobctlError('unreachable', `The connection to ${this.where} is closed.`);
  }

  close(): void {
    this.#closed = true;
    this.#single.destroy();
    this.#often.destroy();
  }

  /**
   * Sends are never repeated by the SDK: a repeated send whose first answer was lost would be a second message. Hence it cannot
   * learn from a refusal either that the clock of this machine is wrong, and signs by what the other client has learned.
   */
  get #once(): SQSClient {
    this.#single.config.systemClockOffset = this.#often.config.systemClockOffset;
    return this.#single;
  }

  #readClock(client: SQSClient): void {
    client.middlewareStack.add(
      (next) => async (args) => {
        const sent = Date.now();
        const answered = await next(args);
        const { headers = {} } = answered.response as { headers?: Record<string, string> };
        this.clock.note(headers['date'], sent, Date.now());
        return answered;
      },
      // innermost, so that it sees also the answers that become errors
      { step: 'deserialize', priority: 'low', name: 'readClock' },
    );
  }

  async #asked<T>(action: string, on: string, work: () => Promise<T>): Promise<T> {
    this.refuseWhenClosed();
    try {
      return await work();
    } catch (error) {
      this.refuseWhenClosed();
      throw toJobctlError(error, { action, on: arnLike(on), where: this.where });
    }
  }

  async #ifThere<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (nameOf((error as Error).cause) === 'QueueDoesNotExist') return undefined;
      throw error;
    }
  }
}

/** What a policy would name: the ARN of a queue whose URL tells it, else what was given. */
function arnLike(on: string): string {
  const [, region, account, name] = /^https?:\/\/sqs\.([a-z0-9-]+)\.[^/]+\/(\d+)\/([^/]+)$/.exec(on) ?? [];
  return name === undefined ? on : `arn:aws:sqs:${region}:${account}:${name}`;
}
