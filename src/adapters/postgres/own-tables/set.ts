import { quoted } from '../sql.ts';
import type { Column } from './catalog.ts';
import { literal } from './column-sql.ts';
import type { Layout } from './layout.ts';
import type { RetryValue } from './mapping.ts';

/** Column names and the SQL of their new values. */
export type Assignments = ReadonlyMap<string, string>;

export const setList = (assignments: Assignments): string =>
  [...assignments].map(([name, value]) => `${quoted(name)} = ${value}`).join(', ');

/** The server's time as the column keeps it. */
export const nowIn = ({ kind }: Column): string => (kind === 'timestamp' ? `timezone('UTC', now())` : 'now()');

/** Leaves out what is not mapped. */
const gather = (
  ...pairs: readonly (readonly [Column | undefined, string | ((column: Column) => string)])[]
): Map<string, string> =>
  new Map(
    pairs.flatMap(([column, value]) =>
      column === undefined ? [] : [[column.name, typeof value === 'string' ? value : value(column)] as const],
    ),
  );

const emptied = (column: Column | undefined): Column | undefined => (column?.notNull ? undefined : column);

const retryValue = (value: RetryValue): string =>
  value === null ? 'NULL' : typeof value === 'string' ? (value === 'now()' ? value : literal(value)) : String(value);

/** What the configuration says comes last: it may take back what is written by itself. */
function onRetry(layout: Layout): Map<string, string> {
  return new Map(
    Object.entries(layout.onRetry).map(([name, value]) => {
      const column = layout.jobs.columns.find((one) => one.name === name);
      return [name, value === 'now()' && column !== undefined ? nowIn(column) : retryValue(value)] as const;
    }),
  );
}

export function replayed(layout: Layout, keepAttempts: boolean): Assignments {
  const { job, labels } = layout;
  const own = gather(
    [job.status, literal(labels.waiting[0] as string)],
    [keepAttempts ? undefined : job.attempts, '0'],
    [emptied(job.error), 'NULL'],
    [emptied(job.startedAt), 'NULL'],
    [emptied(job.finishedAt), 'NULL'],
    [emptied(job.workerId), 'NULL'],
    [job.runAt, nowIn],
    [job.updatedAt, nowIn], // Prisma's @updatedAt has no default in the database
  );
  const extra = onRetry(layout);
  if (keepAttempts && job.attempts !== undefined) extra.delete(job.attempts.name);
  return new Map([...own, ...extra]);
}

/** The attempt that its worker did not end is given back. */
export function reset({ job, labels }: Layout): Assignments {
  return gather(
    [job.status, literal(labels.waiting[0] as string)],
    [job.attempts, ({ name }) => `greatest(${quoted(name)} - 1, 0)`],
    [emptied(job.startedAt), 'NULL'],
    [emptied(job.workerId), 'NULL'],
    [job.updatedAt, nowIn],
  );
}

export const cancelled = ({ job, labels }: Layout): Assignments =>
  gather([job.status, literal(labels.cancelled[0] ?? '')], [job.finishedAt, nowIn], [job.updatedAt, nowIn]);

/** The new payload is parameter $2. */
export const edited = ({ job }: Layout): Assignments =>
  gather([job.payload, ({ type }) => `$2::${type}`], [job.updatedAt, nowIn]);
