import type { Breakdown } from '../../../domain/stats.ts';
import type { Column } from './catalog.ts';
import { ref } from './column-sql.ts';
import type { Home } from './homes.ts';
import type { Layout } from './layout.ts';

export const WINDOW_SECONDS = 3_600;

/** The server's time as the column has it, less so many seconds. */
export const ago = ({ kind }: Column, seconds: number): string =>
  `${kind === 'timestamp' ? `timezone('UTC', now())` : 'now()'} - interval '${seconds} s'`;
/** The same for a condition on a million rows: worked out once. Where an index is to be chosen, it must not be hidden like this. */
export const once = (time: string): string => `(SELECT ${time})`;

/** True of what has this time within the window. */
export const isRecent = (alias: string, column: Column): string =>
  `${ref(alias, column)} > ${once(ago(column, WINDOW_SECONDS))}`;

export interface Asked {
  readonly layout: Layout;
  readonly by: Breakdown | undefined;
  readonly own: Home;
  /** What is broken down by, of a job. */
  readonly key: string;
  /** The condition that a row is in one of the queues asked for, by the SQL of its queue. */
  only(queue: string): string;
}
