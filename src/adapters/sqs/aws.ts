import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { SchedulerClient } from '@aws-sdk/client-scheduler';
import { JobctlError } from '../../domain/errors.ts';
import { nameOf, toJobctlError } from './errors.ts';
import { type SdkSettings, sdkSettings } from './sdk-settings.ts';

export interface AwsOptions {
  readonly region: string;
  readonly profile?: string | undefined;
  /** Of the flag or the context. It serves every service, but for those that a variable of their own sends elsewhere. */
  readonly endpoint?: string | undefined;
  readonly timeoutMs: number;
  /** For messages. */
  readonly where: string;
}

interface Settings extends SdkSettings {
  readonly region: string;
  readonly profile?: string;
  readonly endpoint?: string;
  readonly maxAttempts: number;
}

const NOT_OFFERED = /^(SyntaxError|InvalidAction|UnknownOperation)$/;

/** What surrounds a queue. Each is loaded with its first call: counting messages needs none of them. */
const services = {
  lambda: {
    title: 'Lambda',
    variable: 'LAMBDA',
    load: async (settings: Settings) => {
      const sdk = await import('@aws-sdk/client-lambda');
      return { sdk, client: new sdk.LambdaClient(settings) as LambdaClient };
    },
  },
  events: {
    title: 'EventBridge',
    variable: 'EVENTBRIDGE',
    load: async (settings: Settings) => {
      const sdk = await import('@aws-sdk/client-eventbridge');
      return { sdk, client: new sdk.EventBridgeClient(settings) as EventBridgeClient };
    },
  },
  scheduler: {
    title: 'EventBridge Scheduler',
    variable: 'SCHEDULER',
    load: async (settings: Settings) => {
      const sdk = await import('@aws-sdk/client-scheduler');
      return { sdk, client: new sdk.SchedulerClient(settings) as SchedulerClient };
    },
  },
  cloudwatch: {
    title: 'CloudWatch',
    variable: 'CLOUDWATCH',
    load: async (settings: Settings) => {
      const sdk = await import('@aws-sdk/client-cloudwatch');
      return { sdk, client: new sdk.CloudWatchClient(settings) as CloudWatchClient };
    },
  },
  logs: {
    title: 'CloudWatch Logs',
    variable: 'CLOUDWATCH_LOGS',
    load: async (settings: Settings) => {
      const sdk = await import('@aws-sdk/client-cloudwatch-logs');
      return { sdk, client: new sdk.CloudWatchLogsClient(settings) as CloudWatchLogsClient };
    },
  },
} as const;

type Services = typeof services;
export type Service = keyof Services;
type Loaded<Name extends Service> = Awaited<ReturnType<Services[Name]['load']>>;

/** The services around SQS: who consumes a queue, what feeds it, what was measured and logged. */
export class Aws {
  readonly #options: AwsOptions;
  readonly #loaded = new Map<Service, Promise<{ client: { destroy(): void } }>>();
  #closed = false;

  constructor(options: AwsOptions) {
    this.#options = options;
  }

  /** One call, named in its errors as IAM names it. `on`: an ARN where there is one. */
  async ask<Name extends Service, T>(
    service: Name,
    action: string,
    on: string,
    work: (loaded: Loaded<Name>) => Promise<T>,
  ): Promise<T> {
    this.#refuseWhenClosed();
    try {
      return await work(await this.#service(service));
    } catch (error) {
      this.#refuseWhenClosed();
      if (NOT_OFFERED.test(nameOf(error))) throw this.#notOffered(service, error);
      throw toJobctlError(error, { action: `${service}:${action}`, on, where: this.#options.where });
    }
  }

  /** What answers knows the call not at all: an emulator that is only an SQS. */
  #notOffered(service: Service, cause: unknown): JobctlError {
    const { title, variable } = services[service];
    return new JobctlError('unsupported', `${title} does not answer at ${this.#options.where}.`, {
      next: [
        `AWS_ENDPOINT_URL_${variable}=http://…   # where ${title} is, if not behind the same endpoint`,
        'An emulator may have no such service: then this cannot be tried with it.',
      ],
      cause,
    });
  }

  close(): void {
    this.#closed = true;
    for (const loading of this.#loaded.values()) void loading.then(({ client }) => client.destroy());
  }

  #service<Name extends Service>(name: Name): Promise<Loaded<Name>> {
    const known = this.#loaded.get(name) ?? services[name].load(this.#settings(name));
    this.#loaded.set(name, known);
    return known as Promise<Loaded<Name>>;
  }

  #settings(name: Service): Settings {
    const { region, profile, endpoint, timeoutMs } = this.#options;
    const elsewhere = process.env[`AWS_ENDPOINT_URL_${services[name].variable}`];
    return {
      region,
      ...(profile === undefined ? {} : { profile }),
      // an endpoint in code always wins, so it is left to the SDK where a variable names another
      ...(endpoint === undefined || elsewhere ? {} : { endpoint }),
      maxAttempts: 4,
      ...sdkSettings(timeoutMs),
    };
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new JobctlError('unreachable', `The connection to ${this.#options.where} is closed.`);
  }
}

/** What the service called the error, behind our own words for it: `ResourceConflict`. */
export const causeOf = (error: unknown): string => nameOf(error instanceof JobctlError ? error.cause : error);

/** Undefined when there is no such thing. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (causeOf(error) === 'ResourceNotFound') return undefined;
    throw error;
  }
}
