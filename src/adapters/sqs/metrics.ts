import type { MetricDataQuery, MetricDataResult } from '@aws-sdk/client-cloudwatch';
import { fromDate } from '../../domain/instant.ts';
import type { Point, QueueMetrics } from '../../domain/stats.ts';
import type { Aws } from './aws.ts';

/** One value of one queue or function, minute by minute. */
interface Series {
  readonly namespace: 'AWS/SQS' | 'AWS/Lambda';
  readonly metric: string;
  readonly dimension: 'QueueName' | 'FunctionName';
  readonly of: string;
  readonly stat: 'Maximum' | 'Sum';
}

const REMEMBERED_MS = 30_000;
const PERIOD = 60;
/** Points come one to five minutes late. */
const BACK_MS = 15 * 60_000;
/** CloudWatch takes so many in a call. */
const QUERIES = 500;

export class Metrics {
  readonly #aws: Aws;
  /** The last answer: each metric that is asked for costs, and there is a new point once a minute at most. */
  #known: { readonly queues: string; readonly until: number; readonly found: Map<string, QueueMetrics> } | undefined;

  constructor(aws: Aws) {
    this.#aws = aws;
  }

  /** By queue. What has no point is missing: nothing was measured, which is not 0. */
  async of(queues: readonly string[]): Promise<Map<string, QueueMetrics>> {
    const key = queues.join(' ');
    if (this.#known?.queues === key && this.#known.until > performance.now()) return this.#known.found;
    const found = await this.#ask(queues);
    this.#known = { queues: key, until: performance.now() + REMEMBERED_MS, found };
    return found;
  }

  async #ask(queues: readonly string[]): Promise<Map<string, QueueMetrics>> {
    const series = queues.flatMap((of) =>
      kinds.map(({ metric, stat }): Series => ({ namespace: 'AWS/SQS', metric, dimension: 'QueueName', of, stat })),
    );
    const points = await this.#newest(series);
    return new Map(
      queues.map((queue, index) => [
        queue,
        Object.fromEntries(
          kinds.flatMap(({ as }, kind) => {
            const point = points[index * kinds.length + kind];
            return point === undefined ? [] : [[as, point]];
          }),
        ),
      ]),
    );
  }

  /** How many executions of each function ran at once in the last measured minute. Empty where the role may not ask. */
  async running(functions: readonly string[]): Promise<Map<string, number>> {
    const series = functions.map(
      (of): Series => ({
        namespace: 'AWS/Lambda',
        metric: 'ConcurrentExecutions',
        dimension: 'FunctionName',
        of,
        stat: 'Maximum',
      }),
    );
    const points = await this.#newest(series).catch(() => []);
    return new Map(
      functions.flatMap((name, index) => (points[index] === undefined ? [] : [[name, points[index].value]])),
    );
  }

  /** The newest point of each that is complete. */
  async #newest(series: readonly Series[]): Promise<(Point | undefined)[]> {
    const found: (Point | undefined)[] = [];
    for (let at = 0; at < series.length; at += QUERIES) {
      const some = series.slice(at, at + QUERIES);
      const results = new Map<string, Point>();
      for await (const result of this.#results(some)) {
        const point = newestOf(result);
        if (result.Id !== undefined && point !== undefined && !results.has(result.Id)) results.set(result.Id, point);
      }
      found.push(...some.map((_, index) => results.get(idOf(index))));
    }
    return found;
  }

  async *#results(series: readonly Series[]): AsyncGenerator<MetricDataResult> {
    const now = Date.now();
    let NextToken: string | undefined;
    do {
      const page = await this.#aws.ask('cloudwatch', 'GetMetricData', '*', ({ client, sdk }) =>
        client.send(
          new sdk.GetMetricDataCommand({
            StartTime: new Date(now - BACK_MS),
            // of the minute that is not over yet a sum would be too small
            EndTime: new Date(Math.floor(now / 60_000) * 60_000),
            ScanBy: 'TimestampDescending',
            MetricDataQueries: series.map(queryOf),
            ...(NextToken === undefined ? {} : { NextToken }),
          }),
        ),
      );
      yield* page.MetricDataResults ?? [];
      NextToken = page.NextToken || undefined;
    } while (NextToken !== undefined);
  }
}

const kinds = [
  { as: 'oldestAgeSeconds', metric: 'ApproximateAgeOfOldestMessage', stat: 'Maximum' },
  { as: 'sentPerMinute', metric: 'NumberOfMessagesSent', stat: 'Sum' },
  { as: 'donePerMinute', metric: 'NumberOfMessagesDeleted', stat: 'Sum' },
] as const;

const idOf = (index: number): string => `q${index}`;

const queryOf = ({ namespace, metric, dimension, of, stat }: Series, index: number): MetricDataQuery => ({
  Id: idOf(index),
  MetricStat: {
    Metric: { Namespace: namespace, MetricName: metric, Dimensions: [{ Name: dimension, Value: of }] },
    Period: PERIOD,
    Stat: stat,
  },
});

/** Two lists side by side, and not always in the order that was asked for. */
function newestOf({ Timestamps = [], Values = [] }: MetricDataResult): Point | undefined {
  let newest: Point | undefined;
  for (const [index, time] of Timestamps.entries()) {
    const value = Values[index];
    const at = fromDate(time);
    if (value !== undefined && (newest === undefined || at > newest.at)) newest = { value, at };
  }
  return newest;
}
