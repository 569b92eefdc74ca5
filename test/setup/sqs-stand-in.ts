import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

import { moveTasks, purges } from './sqs-tasks.ts';

export type Json = Record<string, unknown>;

/** What is to happen to a call instead of its ordinary course. */
export type Fault =
  /** SQS refuses; nothing is done. */
  | { readonly refuse: string; readonly message?: string; readonly status?: number }
  /** The connection breaks: `before` the call was carried out, or `after`, so that only its answer is lost. */
  | { readonly cut: 'before' | 'after' }
  /** Carried out for a part only, or answered otherwise. */
  | { readonly ask?: (body: Json) => Json; readonly answer?: (answer: Json, body: Json) => Json };

export interface StandIn {
  readonly endpoint: string;
  /** Names of the calls that came, in order. */
  readonly calls: string[];
  /** Asked for each call; undefined lets it pass. `number` counts the calls of this name from 1. */
  fault: ((action: string, body: Json, number: number) => Fault | undefined) | undefined;
  /** Receives from now on tell that these messages died in that queue. */
  cameFrom(ids: readonly string[], arn: string): void;
  /** So many messages a look are moved by a move task. */
  movesPerLook: number;
  /** What the clock of SQS is ahead of ours, milliseconds: for the minute between two purges, and in the Date header. */
  ahead: number;
  /** Refuses what was signed by a clock that is five minutes off its own, as SQS does. */
  strict: boolean;
  /** Receives from now on call this message by another id: SQS keeps the id of a message that dies, fauxqs sends a new one. */
  rename(id: string, as: string): void;
  stop(): Promise<void>;
}

interface Entry {
  readonly Id?: string;
  readonly MessageGroupId?: string;
  readonly MessageSystemAttributes?: { readonly AWSTraceHeader?: { readonly StringValue?: string } };
}

/**
 * Stands before fauxqs and behaves like SQS where that does not: it knows the sources of a dead-letter queue, tells
 * where a dead message came from, and keeps trace headers and the groups of fair queues. It also makes the faults of a network.
 */
export async function startStandIn(upstream: string, region: string): Promise<StandIn> {
  const counts = new Map<string, number>();
  /** What fauxqs forgets of a message, by id. */
  const kept = new Map<string, Record<string, string>>();
  const renamed = new Map<string, string>();
  const remember = (id: unknown, more: Record<string, string>): void => {
    if (typeof id === 'string') kept.set(id, { ...kept.get(id), ...more });
  };
  const call = async (action: string, body: Json): Promise<Json> =>
    (await forward(upstream, region, action, JSON.stringify(body))).json;

  const sourcesOf = async (url: unknown): Promise<Json> => {
    const wanted = ((await call('GetQueueAttributes', { QueueUrl: url, AttributeNames: ['QueueArn'] }))['Attributes'] ??
      {}) as Json;
    const urls = ((await call('ListQueues', {}))['QueueUrls'] ?? []) as string[];
    const sources: string[] = [];
    for (const one of urls) {
      const { Attributes } = (await call('GetQueueAttributes', {
        QueueUrl: one,
        AttributeNames: ['RedrivePolicy'],
      })) as { Attributes?: { RedrivePolicy?: string } };
      const policy = JSON.parse(Attributes?.RedrivePolicy ?? '{}') as { deadLetterTargetArn?: string };
      if (policy.deadLetterTargetArn === wanted['QueueArn']) sources.push(one);
    }
    return { queueUrls: sources };
  };

  const own: Readonly<Record<string, (body: Json) => Promise<Json>>> = {
    ListDeadLetterSourceQueues: (body) => sourcesOf(body['QueueUrl']),
    ...moveTasks({ call, kept, sourcesOf, perLook: () => standIn.movesPerLook }),
    ...purges(call, () => Date.now() + standIn.ahead),
  };

  const mended = (action: string, body: Json, answer: Json): Json => {
    if (action === 'SendMessageBatch') {
      const entries = new Map((body['Entries'] as Entry[]).map((entry) => [entry.Id, entry]));
      for (const { Id, MessageId } of (answer['Successful'] ?? []) as { Id: string; MessageId: string }[]) {
        const entry = entries.get(Id);
        const trace = entry?.MessageSystemAttributes?.AWSTraceHeader?.StringValue;
        remember(MessageId, {
          ...(trace === undefined ? {} : { AWSTraceHeader: trace }),
          ...(entry?.MessageGroupId === undefined ? {} : { MessageGroupId: entry.MessageGroupId }),
        });
      }
    }
    if (action === 'ReceiveMessage') {
      for (const message of (answer['Messages'] ?? []) as Json[]) {
        message['Attributes'] = { ...(message['Attributes'] as Json), ...kept.get(String(message['MessageId'])) };
        message['MessageId'] = renamed.get(String(message['MessageId'])) ?? message['MessageId'];
      }
    }
    return answer;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await textOf(request);
    const action = String(request.headers['x-amz-target'] ?? '').replace('AmazonSQS.', '');
    const body = JSON.parse(text === '' ? '{}' : text) as Json;
    const number = (counts.get(action) ?? 0) + 1;
    counts.set(action, number);
    standIn.calls.push(action);
    const late = standIn.strict && Math.abs(Date.now() + standIn.ahead - signedAt(request)) > 300_000;
    const fault = late ? expired : (standIn.fault?.(action, body, number) ?? {});
    if ('cut' in fault && fault.cut === 'before') return void request.socket.destroy();
    const date = new Date(Date.now() + standIn.ahead).toUTCString();
    if ('refuse' in fault) {
      const { refuse, message = 'as the test wants it', status = 400 } = fault;
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', date });
      return void response.end(JSON.stringify({ __type: `com.amazonaws.sqs#${refuse}`, message }));
    }
    const asked = 'ask' in fault && fault.ask !== undefined ? fault.ask(body) : body;
    const mine = own[action];
    const { status, json } =
      mine !== undefined
        ? await mine(asked).then(
            (given) => ({ status: 200, json: given }),
            (error: Error) => ({
              status: 400,
              json: { __type: `com.amazonaws.sqs#${error.name}`, message: error.message },
            }),
          )
        : await forward(upstream, regionIn(request) ?? region, action, JSON.stringify(asked));
    if ('cut' in fault) return void request.socket.destroy();
    const whole = status === 200 ? mended(action, asked, json) : json;
    const said = 'answer' in fault && fault.answer !== undefined ? fault.answer(whole, body) : whole;
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', date });
    response.end(JSON.stringify(said));
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const standIn: StandIn = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    fault: undefined,
    cameFrom: (ids, arn) => {
      for (const id of ids) remember(id, { DeadLetterQueueSourceArn: arn });
    },
    movesPerLook: 10,
    ahead: 0,
    strict: false,
    rename: (id, as) => void renamed.set(id, as),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return standIn;
}

const regionIn = (request: IncomingMessage): string | undefined =>
  /Credential=[^/]+\/\d{8}\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1];

const expired: Fault = { refuse: 'InvalidSignatureException', message: 'Signature expired', status: 403 };

/** From `20261130T120000Z`. */
const signedAt = ({ headers }: IncomingMessage): number =>
  Date.parse(String(headers['x-amz-date']).replace(/^(.{4})(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));

async function textOf(stream: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/** fauxqs checks no signature; it reads only the region out of it. */
const forward = (upstream: string, region: string, action: string, body: string) =>
  new Promise<{ status: number; json: Json }>((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `AmazonSQS.${action}`,
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/sqs/aws4_request`,
      'content-length': Buffer.byteLength(body),
    };
    const asked = send(upstream, { method: 'POST', headers }, (response) => {
      textOf(response).then(
        (text) => resolve({ status: response.statusCode ?? 500, json: JSON.parse(text === '' ? '{}' : text) as Json }),
        reject,
      );
    });
    asked.on('error', reject).end(body);
  });
