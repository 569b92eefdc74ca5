import { grouped } from '../domain/grouped.ts';
import { type Instant, secondsBetween } from '../domain/instant.ts';
import type { Point, QueueMetrics, QueueStats } from '../domain/stats.ts';
import { age, duration } from './age.ts';
import { lines } from './facts.ts';
import type { Page } from './page.ts';
import { type Column, table } from './table.ts';
import { hang } from './text-width.ts';

interface Measured {
  readonly queues: readonly QueueStats[];
  readonly measuredBy: string;
  readonly asOf: Instant;
}

/** What a monitoring service measured: late, and with the time it stands for. No point is no zero. */
export function metricsText({ queues, measuredBy, asOf }: Measured, page: Page): string {
  const rows = queues.map(({ queue, metrics = {} }) => ({ queue, metrics }));
  type Row = (typeof rows)[number];
  const column = (head: string, of: keyof QueueMetrics, text: (value: number) => string): Column<Row> => ({
    head,
    right: true,
    whole: true,
    cell: ({ metrics }) => pointText(metrics[of], text),
  });
  const { text } = table<Row>(
    [
      { head: measuredBy.toUpperCase(), good: 24, min: 12, cell: ({ queue }) => queue },
      column('OLDEST', 'oldestAgeSeconds', age),
      column('SENT/MIN', 'sentPerMinute', grouped),
      column('DONE/MIN', 'donePerMinute', grouped),
      {
        head: 'POINT',
        right: true,
        whole: true,
        cell: ({ metrics }) => lateness(metrics, asOf),
      },
    ],
    rows,
    page,
  );
  const blank = rows.some(({ metrics }) => Object.keys(metrics).length < 3);
  return lines(
    text,
    ...(blank ? [hang('', `? has no point of the last 15 minutes in ${measuredBy}: unknown, not 0.`, page.width)] : []),
  );
}

const pointText = (point: Point | undefined, text: (value: number) => string): string =>
  point === undefined ? '?' : text(point.value);

/** How old the oldest of its points is. */
function lateness(metrics: QueueMetrics, asOf: Instant): string {
  const times = Object.values(metrics as Record<string, Point | undefined>).flatMap((point) => point?.at ?? []);
  const [first] = times.sort();
  return first === undefined ? '-' : `${duration(Math.max(0, secondsBetween(first, asOf)))} ago`;
}
