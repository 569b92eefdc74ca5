import { JobctlError } from '../../../domain/errors.ts';
import type { Scale, ScaleChange, Scales, ScaleValues } from '../../../domain/scale.ts';
import type { Aws } from '../aws.ts';
import type { Directory } from '../directory.ts';
import { functionName, type Mapping, type Mappings } from './mappings.ts';
import { refuseUnfit, warningsOf } from './scale-rules.ts';

/** Concurrency is that of the function, whatever alias a mapping names. */
export const bareName = (mapping: Mapping): string => functionName(mapping).split(':')[0] ?? '';

const isFifo = ({ EventSourceArn = '' }: Mapping): boolean => EventSourceArn.endsWith('.fifo');

/** How much of a queue its Lambda consumers work on at once. */
export class Scaling implements Scales {
  readonly #aws: Aws;
  readonly #directory: Directory;
  readonly #mappings: Mappings;

  constructor(aws: Aws, directory: Directory, mappings: Mappings) {
    this.#aws = aws;
    this.#directory = directory;
    this.#mappings = mappings;
  }

  async of(name: string): Promise<Scale[]> {
    const queue = await this.#directory.mustBe(name);
    const all = await this.#mappings.of(queue.arn);
    const reserved = new Map<string, number | undefined>();
    for (const one of new Set(all.map(bareName))) reserved.set(one, await this.reserved(one));
    return all.map((one) => scaleOf(one, queue.name, reserved.get(bareName(one))));
  }

  /** Undefined where nothing is reserved for the function: it shares what the account has. */
  async reserved(name: string): Promise<number | undefined> {
    const answer = await this.#aws.ask('lambda', 'GetFunctionConcurrency', name, ({ client, sdk }) =>
      client.send(new sdk.GetFunctionConcurrencyCommand({ FunctionName: name })),
    );
    return answer.ReservedConcurrentExecutions;
  }

  async check(scale: Scale, change: ScaleChange): Promise<{ warnings: readonly string[]; severe: boolean }> {
    const mapping = await this.#mustBe(scale);
    const facts = {
      fifo: isFifo(mapping),
      batchSize: mapping.BatchSize ?? 1,
      windowSeconds: mapping.MaximumBatchingWindowInSeconds ?? 0,
      pollers: mapping.ProvisionedPollerConfig !== undefined,
      uuid: mapping.UUID,
    };
    refuseUnfit(change, facts);
    return { warnings: warningsOf(scale, change), severe: change.reservedConcurrency === 0 };
  }

  async set(scale: Pick<Scale, 'id' | 'queue'>, change: ScaleChange, as: ScaleChange): Promise<Scale> {
    const mapping = await this.#mustBe(scale);
    const name = bareName(mapping);
    const before = valuesOf(mapping, await this.reserved(name));
    // what an interrupted run has set already is as it should be
    const other = (Object.keys(as) as (keyof ScaleValues)[]).find(
      (key) => ![as[key] ?? null, change[key]].includes(before[key] ?? null),
    );
    if (other !== undefined)
      throw new JobctlError(
        'stale',
        `${other} of ${name} is ${before[other] ?? 'not set'} by now: somebody changed it.`,
        {
          next: [`jobctl scale show ${scale.queue}`],
        },
      );
    const { maxConcurrency, batchSize, batchWindowSeconds: window, reservedConcurrency } = change;
    if (maxConcurrency !== undefined || batchSize !== undefined || window !== undefined) {
      await this.#mappings.update(mapping.UUID, {
        ...(batchSize === undefined ? {} : { BatchSize: batchSize }),
        ...(window === undefined ? {} : { MaximumBatchingWindowInSeconds: window ?? 0 }),
        // an empty one takes the limit away; leaving it out would leave it as it is
        ...(maxConcurrency === undefined
          ? {}
          : { ScalingConfig: maxConcurrency === null ? {} : { MaximumConcurrency: maxConcurrency } }),
      });
    }
    if (reservedConcurrency !== undefined) await this.#reserve(name, reservedConcurrency);
    return await this.#verified(scale, name, change);
  }

  async #reserve(FunctionName: string, most: number | null): Promise<void> {
    if (most === null)
      await this.#aws.ask('lambda', 'DeleteFunctionConcurrency', FunctionName, ({ client, sdk }) =>
        client.send(new sdk.DeleteFunctionConcurrencyCommand({ FunctionName })),
      );
    else
      await this.#aws.ask('lambda', 'PutFunctionConcurrency', FunctionName, ({ client, sdk }) =>
        client.send(new sdk.PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: most })),
      );
  }

  async #verified({ id, queue }: Pick<Scale, 'id' | 'queue'>, name: string, change: ScaleChange): Promise<Scale> {
    const mapping = await this.#mappings.changed(id);
    const now = mapping && scaleOf(mapping, queue, await this.reserved(name));
    const wrong = (Object.keys(change) as (keyof ScaleValues)[]).find(
      (key) => change[key] !== undefined && (now?.values[key] ?? null) !== change[key],
    );
    if (now !== undefined && wrong === undefined) return now;
    throw new JobctlError(
      'partial',
      `${wrong ?? 'The mapping'} of ${name} is ${(wrong && now?.values[wrong]) ?? 'not set'} after the change.`,
      {
        next: [`jobctl scale show ${queue}`],
      },
    );
  }

  async #mustBe({ id, queue }: Pick<Scale, 'id' | 'queue'>): Promise<Mapping> {
    const mapping = await this.#mappings.get(id);
    if (mapping !== undefined) return mapping;
    throw new JobctlError('stale', `The event source mapping ${id} of ${queue} is not there any more.`, {
      next: [`jobctl scale show ${queue}`],
    });
  }
}

const valuesOf = (mapping: Mapping, reserved: number | undefined): ScaleValues => ({
  ...(mapping.ScalingConfig?.MaximumConcurrency === undefined
    ? {}
    : { maxConcurrency: mapping.ScalingConfig.MaximumConcurrency }),
  ...(mapping.BatchSize === undefined ? {} : { batchSize: mapping.BatchSize }),
  ...(mapping.MaximumBatchingWindowInSeconds ? { batchWindowSeconds: mapping.MaximumBatchingWindowInSeconds } : {}),
  ...(reserved === undefined ? {} : { reservedConcurrency: reserved }),
});

function scaleOf(mapping: Mapping, queue: string, reserved: number | undefined): Scale {
  const { UUID: id, State: state = 'unknown' } = mapping;
  const pollers = mapping.ProvisionedPollerConfig;
  return {
    id,
    queue,
    consumer: functionName(mapping),
    state,
    values: valuesOf(mapping, reserved),
    notes:
      pollers === undefined
        ? []
        : [`has ${pollers.MinimumPollers ?? '?'} to ${pollers.MaximumPollers ?? '?'} pollers of its own`],
  };
}
