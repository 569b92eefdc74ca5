import { JobctlError } from '../../domain/errors.ts';
import type { Calls } from './client.ts';
import { inParallel } from './in-parallel.ts';

export interface Queue {
  /** Its name; the ARN where it belongs to another account. */
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  readonly fifo: boolean;
  /** The largest message that it takes. */
  readonly maxBytes: number;
  readonly retentionSeconds: number;
  /** How long a message that was received is hidden. */
  readonly visibilitySeconds: number;
  /** Where its dead go, and after how many receives. */
  readonly redrive?: { readonly arn: string; readonly maxReceiveCount: number } | undefined;
  /** About how many are visible, in flight and delayed. */
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

const AT_ONCE = 10;
const REMEMBERED_MS = 10_000;
const arnShape = /^arn:[^:]+:sqs:([^:]+):(\d+):([^:]+)$/;

export const nameInArn = (arn: string): string => arnShape.exec(arn)?.[3] ?? arn;

/** Finds queues by name, URL or ARN, also where listing them is forbidden. */
export class Directory {
  readonly #calls: Calls;
  readonly #region: string;
  /** What the names of the queues begin with that are listed. */
  readonly prefix: string | undefined;
  readonly #urls = new Map<string, string>();
  readonly #sources = new Map<string, { readonly names: readonly string[]; readonly until: number }>();

  readonly #lately = new Map<string, { readonly queue: Queue; readonly until: number }>();

  constructor(calls: Calls, region: string, prefix: string | undefined) {
    this.#calls = calls;
    this.#region = region;
    this.prefix = prefix;
  }

  async names(): Promise<string[]> {
    const urls = await this.#calls.listQueues(this.prefix);
    for (const url of urls) this.#urls.set(nameInUrl(url), url);
    return urls.map(nameInUrl).sort();
  }

  /** As it is now. Undefined when there is none. */
  async named(asked: string): Promise<Queue | undefined> {
    const url = await this.#urlOf(asked);
    const attributes = url === undefined ? undefined : await this.#calls.attributes(url);
    if (url === undefined || attributes === undefined) {
      this.#urls.delete(asked);
      return undefined;
    }
    return queueOf(asked.startsWith('arn:') ? asked : nameInUrl(url), url, attributes);
  }

  /** Throws `usage` when there is none. */
  async mustBe(asked: string): Promise<Queue> {
    const queue = await this.named(asked);
    if (queue !== undefined) return queue;
    throw new JobctlError('usage', `There is no queue ${asked} in ${this.#calls.where}.`, {
      next: ['jobctl stats   # lists the queues'],
    });
  }

  /** The name by which a queue is shown: short for those of our own account. */
  async byArn(arn: string): Promise<Queue | undefined> {
    const own = await this.named(nameInArn(arn)).catch(() => undefined);
    return own?.arn === arn ? own : await this.named(arn);
  }

  /** The same as it was a few seconds ago, for what hardly ever changes: its URL, its kind, its limits. */
  async lately(asked: string): Promise<Queue | undefined> {
    const known = this.#lately.get(asked);
    if (known !== undefined && known.until > performance.now()) return known.queue;
    const queue = asked.startsWith('arn:') ? await this.byArn(asked) : await this.named(asked);
    if (queue === undefined) this.#lately.delete(asked);
    else this.#lately.set(asked, { queue, until: performance.now() + REMEMBERED_MS });
    return queue;
  }

  async all(names: readonly string[]): Promise<Queue[]> {
    const found = await inParallel(names, AT_ONCE, (name) => this.named(name));
    return found.filter((queue) => queue !== undefined);
  }

  /** The names of the queues whose dead go to this one. Remembered for a while: wiring hardly ever changes. */
  async sourcesOf(queue: Pick<Queue, 'url' | 'arn'>): Promise<readonly string[]> {
    const known = this.#sources.get(queue.arn);
    if (known !== undefined && known.until > performance.now()) return known.names;
    const names = await this.#askSources(queue);
    this.#sources.set(queue.arn, { names, until: performance.now() + REMEMBERED_MS });
    return names;
  }

  async #askSources(queue: Pick<Queue, 'url' | 'arn'>): Promise<readonly string[]> {
    const urls = await this.#calls.deadLetterSources(queue.url);
    if (urls !== undefined) return urls.map(nameInUrl).sort();
    // only emulators lack the operation; every queue is asked instead
    const every = (await this.#calls.listQueues()).map((url) => ({ url, name: nameInUrl(url) }));
    for (const { name, url } of every) this.#urls.set(name, url);
    return (await this.all(every.map(({ name }) => name)))
      .filter(({ redrive }) => redrive?.arn === queue.arn)
      .map(({ name }) => name);
  }

  async #urlOf(asked: string): Promise<string | undefined> {
    const known = this.#urls.get(asked);
    if (known !== undefined) return known;
    const [, region, account, name] = arnShape.exec(asked) ?? [];
    const parsed = asked.includes('://') && URL.canParse(asked) ? partsOfUrl(asked) : undefined;
    const wanted = region ?? parsed?.region ?? this.#region;
    if (wanted !== this.#region) {
      throw new JobctlError('usage', `${asked} is in ${wanted}, this is ${this.#region}.`, {
        next: [`--region ${wanted}   # or a context with sqs://${wanted}`],
      });
    }
    // SQS refuses a name of another shape with an error; to us it is a queue that is not there
    if (!/^[\w-]{1,80}(\.fifo)?$/.test(name ?? parsed?.name ?? asked)) return undefined;
    const url = await this.#calls.queueUrl(name ?? parsed?.name ?? asked, account ?? parsed?.account);
    if (url !== undefined) this.#urls.set(asked, url);
    return url;
  }
}

const nameInUrl = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

function partsOfUrl(url: string): { name: string; account?: string; region?: string } {
  const { hostname, pathname } = new URL(url);
  const [account, name] = pathname
    .split('/')
    .filter((part) => part !== '')
    .slice(-2);
  const region = /^sqs\.([a-z]{2}-[a-z-]+-\d+)\./.exec(hostname)?.[1];
  return {
    name: name ?? account ?? '',
    ...(name === undefined || account === undefined || !/^\d{12}$/.test(account) ? {} : { account }),
    ...(region === undefined ? {} : { region }),
  };
}

function queueOf(name: string, url: string, attributes: Readonly<Record<string, string>>): Queue {
  const number = (key: string, otherwise: number): number => Number(attributes[key] ?? otherwise);
  return {
    name,
    url,
    arn: attributes['QueueArn'] ?? '',
    fifo: attributes['FifoQueue'] === 'true',
    maxBytes: number('MaximumMessageSize', 262_144),
    retentionSeconds: number('MessageRetentionPeriod', 345_600),
    visibilitySeconds: number('VisibilityTimeout', 30),
    redrive: redriveOf(attributes['RedrivePolicy']),
    visible: number('ApproximateNumberOfMessages', 0),
    inFlight: number('ApproximateNumberOfMessagesNotVisible', 0),
    delayed: number('ApproximateNumberOfMessagesDelayed', 0),
  };
}

function redriveOf(policy: string | undefined): Queue['redrive'] {
  if (policy === undefined || policy === '') return undefined;
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy) as Record<string, string | number>;
  return deadLetterTargetArn === undefined
    ? undefined
    : { arn: String(deadLetterTargetArn), maxReceiveCount: Number(maxReceiveCount) };
}
