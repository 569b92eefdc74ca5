import { JobctlError } from '../../../domain/errors.ts';
import type { Scale, ScaleChange } from '../../../domain/scale.ts';

/** What of a mapping decides which values it can have. */
export interface ScaleFacts {
  readonly uuid: string;
  readonly fifo: boolean;
  readonly batchSize: number;
  /** How long it waits for a batch to fill. */
  readonly windowSeconds: number;
  /** It has provisioned pollers. */
  readonly pollers: boolean;
}

const LEAST_CONCURRENCY = 2;
const MOST_CONCURRENCY = 1000;
const MOST_BATCH = 10_000;
/** A larger batch is only collected by waiting. */
const PLAIN_BATCH = 10;
const LONGEST_WINDOW = 300;

/** Throws `refused` for what Lambda would not take. Asked beforehand, so that a plan is one that can be carried out. */
export function refuseUnfit(change: ScaleChange, facts: ScaleFacts): void {
  const { maxConcurrency, batchSize, batchWindowSeconds: window, reservedConcurrency } = change;
  const { uuid, fifo, pollers } = facts;
  if (typeof maxConcurrency === 'number') {
    if (maxConcurrency < LEAST_CONCURRENCY || maxConcurrency > MOST_CONCURRENCY)
      throw refused(
        `The concurrency of a mapping is ${LEAST_CONCURRENCY} to ${MOST_CONCURRENCY}, not ${maxConcurrency}.`,
        ['To let nothing run at all: jobctl pause QUEUE'],
      );
    if (pollers)
      throw refused(`The mapping ${uuid} has provisioned pollers, which limit its concurrency by themselves.`, [
        'Change the number of its pollers, or take them away: aws lambda update-event-source-mapping --provisioned-poller-config',
      ]);
  }
  if (batchSize !== undefined) {
    const most = fifo ? PLAIN_BATCH : MOST_BATCH;
    if (batchSize < 1 || batchSize > most)
      throw refused(
        `A batch of this queue has 1 to ${most} messages, not ${batchSize}${fifo ? ': it is FIFO' : ''}.`,
        [],
      );
  }
  if (typeof window === 'number' && (fifo || window > LONGEST_WINDOW))
    throw refused(
      fifo
        ? 'A FIFO queue has no batch window: its batches go as they are.'
        : `A batch window is ${LONGEST_WINDOW} s at most, not ${window} s.`,
      [],
    );
  const windowThen = window === undefined ? facts.windowSeconds : (window ?? 0);
  if ((batchSize ?? facts.batchSize) > PLAIN_BATCH && windowThen < 1)
    throw refused(`A batch above ${PLAIN_BATCH} needs a window of a second or more to fill, and ${uuid} has none.`, [
      'Add --batch-window 1s.',
      `Or take --batch-size ${PLAIN_BATCH}.`,
    ]);
  if (typeof reservedConcurrency === 'number' && reservedConcurrency < 0)
    throw refused(`Reserved concurrency is 0 or more, not ${reservedConcurrency}.`, []);
}

const refused = (message: string, next: readonly string[]): JobctlError =>
  new JobctlError('refused', message, { next });

/** What follows from a change that Lambda does take. */
export function warningsOf({ consumer, queue, values }: Scale, change: ScaleChange): string[] {
  const { reservedConcurrency: reserved, maxConcurrency, batchWindowSeconds: window } = change;
  if (reserved === 0)
    return [
      `RESERVED CONCURRENCY 0 STOPS ${consumer} FOR EVERYTHING THAT CALLS IT, and it is no pause: the pollers go on receiving, each receive is throttled and counts, and messages end in the dead-letter queue. Take jobctl pause instead.`,
    ];
  const reservedThen = reserved === undefined ? values.reservedConcurrency : (reserved ?? undefined);
  const mostThen = maxConcurrency === undefined ? values.maxConcurrency : (maxConcurrency ?? undefined);
  return [
    ...((window ?? 0) > (values.batchWindowSeconds ?? 0)
      ? [
          `The visibility timeout has to be six times the timeout of ${consumer}, and this window on top: jobctl doctor ${queue}`,
        ]
      : []),
    ...(reserved === undefined
      ? []
      : [`Reserved concurrency is that of the function ${consumer}, whatever calls it, not of this queue alone.`]),
    ...(reservedThen !== undefined && (mostThen ?? Number.POSITIVE_INFINITY) > reservedThen
      ? [
          `The mapping may ask for more (${mostThen ?? 'no limit'}) than is reserved (${reservedThen}): what is throttled counts as a receive, and may end in the dead-letter queue.`,
        ]
      : []),
  ];
}
