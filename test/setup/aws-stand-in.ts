import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerEvents, answerScheduler, type RuleState, type ScheduleState } from './aws-stand-in-feeders.ts';
import { answerLambda, type FunctionState, type MappingState } from './aws-stand-in-lambda.ts';
import { answerCloudwatch, answerLogs, type LogEvent, type MetricPoint } from './aws-stand-in-watch.ts';

export type Json = Record<string, unknown>;

/** An error as AWS answers it. */
export class AwsFault extends Error {
  readonly type: string;
  readonly status: number;
  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

/** What a call came with: the action as IAM names it, and its fields. */
export interface Call {
  readonly action: string;
  readonly body: Json;
}

/** The state that the services share. A test sets it up and looks into it. */
export interface AwsState {
  readonly mappings: Map<string, MappingState>;
  readonly functions: Map<string, FunctionState>;
  readonly rules: RuleState[];
  readonly schedules: ScheduleState[];
  readonly metrics: MetricPoint[];
  readonly logs: LogEvent[];
  /** So many looks at a mapping until a change of it has taken effect. */
  looks: number;
  /** So many updates of a mapping still meet another change that is under way. */
  conflicts: number;
}

export interface AwsStandIn extends AwsState {
  readonly endpoint: string;
  /** What a process has to be given to get here. */
  readonly env: Readonly<Record<string, string>>;
  readonly calls: Call[];
  /** Actions that the role may not take: `lambda:UpdateEventSourceMapping`. */
  readonly denied: Set<string>;
  stop(): Promise<void>;
}

const variables = ['LAMBDA', 'EVENTBRIDGE', 'SCHEDULER', 'CLOUDWATCH', 'CLOUDWATCH_LOGS'];

const targets: Readonly<
  Record<string, [service: string, answer: (state: AwsState, name: string, body: Json) => Json]>
> = {
  AWSEvents: ['events', answerEvents],
  GraniteServiceVersion20100801: ['cloudwatch', answerCloudwatch],
  Logs_20140328: ['logs', answerLogs],
};

/**
 * Stands in for the AWS services around a queue, at the level of HTTP, with state that changes as theirs does: no emulator
 * offers them here.
 */
export async function startAwsStandIn(): Promise<AwsStandIn> {
  const state: AwsState = {
    mappings: new Map(),
    functions: new Map(),
    rules: [],
    schedules: [],
    metrics: [],
    logs: [],
    looks: 2,
    conflicts: 0,
  };
  const calls: Call[] = [];
  const denied = new Set<string>();

  const guarded = (action: string, body: Json, on: string, work: () => Json): Json => {
    calls.push({ action, body });
    if (!denied.has(action)) return work();
    throw new AwsFault(
      'AccessDeniedException',
      `User: arn:aws:sts::000000000000:assumed-role/ops/ada is not authorized to perform: ${action} on resource: ${on} because no identity-based policy allows the ${action} action`,
      403,
    );
  };

  const answer = async (request: IncomingMessage): Promise<Json> => {
    const text = await textOf(request);
    const body = (text === '' ? {} : JSON.parse(text)) as Json;
    const [service = '', name = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
    const known = targets[service];
    if (known !== undefined) return guarded(`${known[0]}:${name}`, body, '*', () => known[1](state, name, body));
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const method = request.method ?? 'GET';
    const route = url.pathname.startsWith('/schedule')
      ? answerScheduler(state, method, url, body)
      : answerLambda(state, method, url, body);
    if (route === undefined) throw new AwsFault('UnknownOperationException', `${method} ${url.pathname}`, 404);
    return guarded(route.action, { ...body, ...route.names }, route.on, route.work);
  };

  const server = createServer((request, response) => {
    answer(request).then(
      (json) => send(response, 200, json),
      (error: Error) =>
        error instanceof AwsFault
          ? send(response, error.status, { __type: error.type, message: error.message }, error.type)
          : send(response, 500, { message: error.stack ?? error.message }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(state, {
    endpoint,
    env: Object.fromEntries(variables.map((name) => [`AWS_ENDPOINT_URL_${name}`, endpoint])),
    calls,
    denied,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

function send(response: ServerResponse, status: number, json: Json, type?: string): void {
  const kind = type === undefined ? {} : { 'x-amzn-errortype': type };
  response.writeHead(status, { 'content-type': 'application/json', ...kind });
  response.end(JSON.stringify(json));
}

async function textOf(stream: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/** A list page by page: two a page, so that whoever does not turn the page is found out. */
export function paged<T>(all: readonly T[], token: unknown): { page: T[]; next: string | undefined } {
  const from = Number(token ?? 0);
  const to = from + 2;
  return { page: all.slice(from, to), next: to < all.length ? String(to) : undefined };
}

/** One call of a REST service. */
export interface Route {
  readonly action: string;
  /** The ARN in a denial. */
  readonly on: string;
  readonly names?: Json;
  readonly work: () => Json;
}
