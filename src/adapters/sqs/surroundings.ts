import type { QueueReader, RareCapabilities } from '../../domain/adapter.ts';
import type { QueueStats, StatsRequest } from '../../domain/stats.ts';
import { Aws, type AwsOptions } from './aws.ts';
import { findings } from './consumers/findings.ts';
import { logs } from './consumers/logs.ts';
import { Mappings } from './consumers/mappings.ts';
import type { Patience } from './consumers/patience.ts';
import { pauses } from './consumers/pauses.ts';
import { rivals } from './consumers/rivals.ts';
import { Scaling } from './consumers/scales.ts';
import { workers } from './consumers/workers.ts';
import type { Directory, Queue } from './directory.ts';
import { Feeders } from './feeders/index.ts';
import { Metrics } from './metrics.ts';

export interface Surroundings {
  readonly reads: Pick<QueueReader, 'workers' | 'schedules' | 'scales' | 'findings' | 'logs' | 'measures'>;
  readonly can: Pick<RareCapabilities, 'pause' | 'schedule' | 'scale'>;
  /** What is counted, and what was measured of it where that was asked for. */
  measured(request: StatsRequest, count: () => Promise<QueueStats[]>): Promise<QueueStats[]>;
  /** Who else takes messages from a queue, in a sentence each. */
  rivals(queue: Queue): Promise<string[]>;
  close(): void;
}

/** The other AWS services around the queues: Lambda, EventBridge, Scheduler, CloudWatch. None is loaded before it is asked. */
export function surroundings(options: AwsOptions, directory: Directory, patience: Patience): Surroundings {
  const aws = new Aws(options);
  const mappings = new Mappings(aws, patience);
  const feeders = new Feeders(aws, directory, mappings, patience);
  const metrics = new Metrics(aws);
  const scaling = new Scaling(aws, directory, mappings);
  const parts = { aws, directory, mappings, feeders };
  return {
    reads: {
      workers: () => workers(mappings, scaling, (names) => metrics.running(names), directory.prefix),
      scales: (queue) => scaling.of(queue),
      findings: (queues) => findings(parts, queues),
      logs: (request) => logs(parts, request),
      measures: 'CloudWatch',
      schedules: (queues) => feeders.schedules(queues),
    },
    can: {
      pause: {
        level: 'emulated',
        caveat:
          'By the event source mappings of Lambda, which take a minute or so; with --schedules also what feeds the queue. Consumers that are no Lambda functions are not known: name commands for them in the configuration.',
        ops: pauses(parts),
      },
      schedule: {
        level: 'emulated',
        caveat:
          'EventBridge rules and Scheduler schedules that send to the queue or call a function that consumes it. They are paused and resumed, not run or removed; a one-time schedule that was missed meanwhile is not made up.',
        ops: feeders.ops,
      },
      scale: {
        level: 'emulated',
        caveat:
          'Concurrency, batch size and batch window of the event source mappings, and the reserved concurrency of their functions. The next deploy may set them back.',
        ops: scaling,
      },
    },
    async measured({ metrics: wanted }, count) {
      const rows = await count();
      if (wanted !== true) return rows;
      const points = await metrics.of(rows.map(({ queue }) => queue));
      return rows.map((row) => ({ ...row, metrics: points.get(row.queue) ?? {} }));
    },
    rivals: (queue) => rivals(mappings, queue),
    close: () => aws.close(),
  };
}
