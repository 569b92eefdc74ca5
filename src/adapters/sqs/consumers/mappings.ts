import type { EventSourceMappingConfiguration, UpdateEventSourceMappingRequest } from '@aws-sdk/client-lambda';
import { JobctlError } from '../../../domain/errors.ts';
import { type Aws, causeOf, ifThere } from '../aws.ts';
import { type Patience, polled } from './patience.ts';

/** What ties a Lambda function to a queue. */
export type Mapping = EventSourceMappingConfiguration & { readonly UUID: string };

export const functionArn = ({ FunctionArn }: Mapping): string => FunctionArn ?? '';

/** `send-email`, with its alias where the mapping names one. */
export const functionName = (mapping: Mapping): string => nameOfFunction(functionArn(mapping));

export const nameOfFunction = (arn: string): string => arn.split(':function:')[1] ?? arn;

export const lastResult = ({ LastProcessingResult: result }: Mapping): string | undefined =>
  result === undefined || result === '' ? undefined : result;

const stopped = new Set(['Disabled', 'Disabling', 'Deleting']);

/** Meant to run, whether or not it does already. */
export const isOn = ({ State }: Mapping): boolean => !stopped.has(State ?? '');

/** A change of it is under way. */
export const isMoving = ({ State }: Mapping): boolean => State !== 'Enabled' && State !== 'Disabled';

const CONFLICTS = new Set(['ResourceConflict', 'ResourceInUse']);

export class Mappings {
  readonly #aws: Aws;
  readonly #patience: Patience;

  constructor(aws: Aws, patience: Patience) {
    this.#aws = aws;
    this.#patience = patience;
  }

  /** Of one queue, or of all that our credentials see. */
  async of(queueArn?: string): Promise<Mapping[]> {
    const found: Mapping[] = [];
    let Marker: string | undefined;
    do {
      const page = await this.#aws.ask('lambda', 'ListEventSourceMappings', '*', ({ client, sdk }) =>
        client.send(
          new sdk.ListEventSourceMappingsCommand({
            ...(queueArn === undefined ? {} : { EventSourceArn: queueArn }),
            ...(Marker === undefined ? {} : { Marker }),
          }),
        ),
      );
      for (const one of page.EventSourceMappings ?? [])
        if (one.UUID !== undefined && /^arn:[^:]+:sqs:/.test(one.EventSourceArn ?? '')) found.push(one as Mapping);
      Marker = page.NextMarker || undefined;
    } while (Marker !== undefined);
    return found.sort((a, b) => (functionName(a) + a.UUID < functionName(b) + b.UUID ? -1 : 1));
  }

  /** Undefined when it is gone. */
  async get(uuid: string): Promise<Mapping | undefined> {
    const asked = this.#aws.ask('lambda', 'GetEventSourceMapping', uuid, ({ client, sdk }) =>
      client.send(new sdk.GetEventSourceMappingCommand({ UUID: uuid })),
    );
    const answer = await ifThere(asked);
    return answer && { ...answer, UUID: uuid };
  }

  /** Waits for its turn while another change is under way. Undefined when it is gone. */
  async update(uuid: string, change: Omit<UpdateEventSourceMappingRequest, 'UUID'>): Promise<Mapping | undefined> {
    const ask = (): Promise<unknown> =>
      this.#aws.ask('lambda', 'UpdateEventSourceMapping', uuid, ({ client, sdk }) =>
        client.send(new sdk.UpdateEventSourceMappingCommand({ UUID: uuid, ...change })),
      );
    const last = await polled(
      this.#patience,
      () =>
        ask().then(
          () => undefined,
          (error: unknown) => ({ error }),
        ),
      (answer) => answer === undefined || !CONFLICTS.has(causeOf(answer.error)),
    );
    if (last === undefined) return await this.get(uuid);
    if (causeOf(last.error) === 'ResourceNotFound') return undefined;
    throw last.error;
  }

  /** Off or on, and in that state. Throws `timeout` when it does not get there. */
  async turn(mapping: Mapping, on: boolean, seen: (now: Mapping) => void = () => {}): Promise<void> {
    const wanted = on ? 'Enabled' : 'Disabled';
    const { UUID } = mapping;
    // one that is on its way already is only waited for
    const isAsked = mapping.State === (on ? 'Enabling' : 'Disabling');
    if (!isAsked && (await this.update(UUID, { Enabled: on })) === undefined) return;
    const now = await polled(
      this.#patience,
      () => this.get(UUID),
      (one) => {
        if (one !== undefined) seen(one);
        return one === undefined || one.State === wanted;
      },
    );
    if (now === undefined || now.State === wanted) return;
    throw new JobctlError(
      'timeout',
      `The event source mapping ${UUID} of function ${functionName(mapping)} is still ${now.State} after ${Math.round(this.#patience.mostMs / 1000)} s: ${now.StateTransitionReason ?? 'no reason is given'}.`,
      {
        next: [
          `Lambda goes on by itself. Look again: aws lambda get-event-source-mapping --uuid ${UUID}`,
          'The same command once more waits on.',
        ],
      },
    );
  }

  /** As it is once a change has taken effect. Undefined when it is gone. */
  changed(uuid: string): Promise<Mapping | undefined> {
    return polled(
      this.#patience,
      () => this.get(uuid),
      (one) => one === undefined || !isMoving(one),
    );
  }

  /** As it is when no change is under way any more, or when waiting for that was of no use. */
  settled(mapping: Mapping): Promise<Mapping | undefined> {
    if (mapping.State !== 'Updating' && mapping.State !== 'Creating') return Promise.resolve(mapping);
    return this.changed(mapping.UUID);
  }
}
