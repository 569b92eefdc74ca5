import { AwsFault, type AwsState, type Json, paged, type Route } from './aws-stand-in.ts';

export interface MappingState {
  readonly UUID: string;
  readonly EventSourceArn: string;
  readonly FunctionArn: string;
  State: string;
  BatchSize: number;
  MaximumBatchingWindowInSeconds: number;
  ScalingConfig?: { MaximumConcurrency?: number };
  ProvisionedPollerConfig?: Json;
  FunctionResponseTypes?: string[];
  FilterCriteria?: Json;
  LastProcessingResult?: string;
  StateTransitionReason?: string;
  /** What it is on the way to, and after how many looks it is there. */
  next?: { State: string; looks: number };
}

export interface FunctionState {
  readonly FunctionArn: string;
  Timeout: number;
  Reserved?: number | undefined;
  LoggingConfig?: { LogGroup: string };
}

const arnOf = (uuid: string): string => `arn:aws:lambda:eu-test-1:000000000000:event-source-mapping:${uuid}`;

/** Lambda, as far as event source mappings and concurrency go. */
export function answerLambda(state: AwsState, method: string, url: URL, body: Json): Route | undefined {
  const [, version, kind, id, what] = url.pathname.split('/').map(decodeURIComponent);
  if (kind === 'event-source-mappings' && version === '2015-03-31') {
    if (id === undefined || id === '')
      return { action: 'lambda:ListEventSourceMappings', on: '*', work: () => list(state, url) };
    const names = { UUID: id };
    if (method === 'GET')
      return {
        action: 'lambda:GetEventSourceMapping',
        on: arnOf(id),
        names,
        work: () => shown(looked(mapping(state, id))),
      };
    if (method === 'PUT')
      return { action: 'lambda:UpdateEventSourceMapping', on: arnOf(id), names, work: () => update(state, id, body) };
  }
  if (kind === 'functions' && id !== undefined) {
    const names = { FunctionName: id };
    const on = `arn:aws:lambda:eu-test-1:000000000000:function:${id}`;
    if (what === 'configuration')
      return {
        action: 'lambda:GetFunctionConfiguration',
        on,
        names,
        work: () => {
          const { FunctionArn, Timeout, LoggingConfig } = called(state, id);
          return { FunctionArn, FunctionName: id, Timeout, ...(LoggingConfig && { LoggingConfig }) };
        },
      };
    if (what === 'concurrency') return concurrency(state, method, { id, on, names }, body);
  }
  return undefined;
}

function concurrency(
  state: AwsState,
  method: string,
  { id, on, names }: { id: string; on: string; names: Json },
  body: Json,
): Route {
  const reserved = (): Json => {
    const { Reserved } = called(state, id);
    return Reserved === undefined ? {} : { ReservedConcurrentExecutions: Reserved };
  };
  const verb = { GET: 'Get', PUT: 'Put', DELETE: 'Delete' }[method] ?? method;
  return {
    action: `lambda:${verb}FunctionConcurrency`,
    on,
    names,
    work: () => {
      if (method === 'PUT') called(state, id).Reserved = Number(body['ReservedConcurrentExecutions']);
      if (method === 'DELETE') called(state, id).Reserved = undefined;
      return method === 'DELETE' ? {} : reserved();
    },
  };
}

function list(state: AwsState, url: URL): Json {
  const arn = url.searchParams.get('EventSourceArn');
  const all = [...state.mappings.values()].filter(({ EventSourceArn }) => arn === null || EventSourceArn === arn);
  const { page, next } = paged(all, url.searchParams.get('Marker') ?? undefined);
  return { EventSourceMappings: page.map(shown), NextMarker: next };
}

const shown = ({ next: _hidden, ...mapping }: MappingState): Json => ({ ...mapping });

function mapping(state: AwsState, id: string): MappingState {
  const found = state.mappings.get(id);
  if (found !== undefined) return found;
  throw new AwsFault('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
}

function called(state: AwsState, name: string): FunctionState {
  const found = state.functions.get(name);
  if (found !== undefined) return found;
  throw new AwsFault('ResourceNotFoundException', `Function not found: ${name}`, 404);
}

/** A change takes effect only after some looks. */
function looked(one: MappingState): MappingState {
  if (one.next !== undefined && --one.next.looks <= 0) {
    one.State = one.next.State;
    delete one.next;
  }
  return one;
}

function update(state: AwsState, id: string, body: Json): Json {
  const one = mapping(state, id);
  if (state.conflicts > 0) {
    state.conflicts -= 1;
    throw new AwsFault('ResourceInUseException', 'Cannot update the event source mapping because it is in use.');
  }
  if (one.next !== undefined) throw new AwsFault('ResourceConflictException', 'Another operation is in progress.', 409);
  const { Enabled, BatchSize = one.BatchSize, ScalingConfig } = body;
  const { MaximumBatchingWindowInSeconds: window = one.MaximumBatchingWindowInSeconds } = body;
  if ((BatchSize as number) > 10 && (window as number) < 1)
    throw new AwsFault('InvalidParameterValueException', 'Maximum batch window must be greater than 0.');
  one.BatchSize = BatchSize as number;
  one.MaximumBatchingWindowInSeconds = window as number;
  if (ScalingConfig !== undefined) one.ScalingConfig = ScalingConfig as { MaximumConcurrency?: number };
  const on = typeof Enabled === 'boolean' ? Enabled : one.State === 'Enabled';
  const moving = typeof Enabled === 'boolean' ? (on ? 'Enabling' : 'Disabling') : 'Updating';
  one.next = { State: on ? 'Enabled' : 'Disabled', looks: state.looks };
  one.State = moving;
  return shown(one);
}
