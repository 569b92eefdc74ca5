import { AwsFault, type AwsState, type Json } from './aws-stand-in.ts';

export interface MetricPoint {
  readonly metric: string;
  /** The value of its one dimension: a queue, a function. */
  readonly of: string;
  /** Seconds since 1970. */
  readonly at: number;
  readonly value: number;
}

export interface LogEvent {
  readonly group: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly message: string;
}

interface Query {
  readonly Id: string;
  readonly MetricStat: { readonly Metric: { MetricName: string; Dimensions: { Value: string }[] } };
}

export function answerCloudwatch(state: AwsState, name: string, body: Json): Json {
  if (name !== 'GetMetricData') throw new AwsFault('UnknownOperationException', name);
  const queries = body['MetricDataQueries'] as Query[];
  const from = Number(body['NextToken'] ?? 0);
  const to = from + 2;
  return {
    MetricDataResults: queries.slice(from, to).map(({ Id, MetricStat: { Metric } }) => {
      const points = state.metrics
        .filter(({ metric, of }) => metric === Metric.MetricName && of === Metric.Dimensions[0]?.Value)
        .sort((a, b) => b.at - a.at);
      return {
        Id,
        StatusCode: 'Complete',
        Timestamps: points.map(({ at }) => at),
        Values: points.map(({ value }) => value),
      };
    }),
    ...(to < queries.length ? { NextToken: String(to) } : {}),
  };
}

/** Pages of one event; between two of them an empty one that still has a token. */
export function answerLogs(state: AwsState, name: string, body: Json): Json {
  if (name !== 'FilterLogEvents') throw new AwsFault('UnknownOperationException', name);
  const groups = new Set(state.logs.map(({ group }) => group));
  if (!groups.has(String(body['logGroupName'])))
    throw new AwsFault('ResourceNotFoundException', 'The specified log group does not exist.');
  const wanted =
    typeof body['filterPattern'] === 'string' ? body['filterPattern'].slice(1, -1).replace(/\\(.)/g, '$1') : '';
  const found = state.logs
    .filter(({ group, at }) => group === body['logGroupName'] && at >= Number(body['startTime'] ?? 0))
    .filter(({ message }) => message.includes(wanted))
    .sort((a, b) => a.at - b.at);
  const step = Number(body['nextToken'] ?? 0);
  const event = step % 2 === 0 ? undefined : found[(step - 1) / 2];
  const more = step < found.length * 2;
  return {
    events:
      event === undefined
        ? []
        : [{ timestamp: event.at, message: event.message, logStreamName: 's', eventId: String(step) }],
    ...(more ? { nextToken: String(step + 1) } : {}),
  };
}
