import type { Instant } from '../domain/instant.ts';
import { clock, relative } from './age.ts';

/** A queue that was paused from here, as `stats --json` tells it. */
export interface PauseNote {
  readonly queue: string;
  readonly since: Instant;
  readonly until?: Instant | undefined;
  readonly by: string;
  readonly reason?: string | undefined;
  /** The time is over and it is still paused. */
  readonly overdue: boolean;
}

/** One line a queue; those whose time is over are for a warning. */
export function pauseLine({ queue, since, until, by, reason, overdue }: PauseNote, now: Instant): string {
  const why = reason === undefined ? '' : ` (${reason})`;
  if (overdue && until !== undefined)
    return `${queue} is STILL PAUSED: it was to be resumed ${relative(until, now)}, at ${clock(until)}. Paused by ${by}${why}.`;
  const end = until === undefined ? '' : `, until ${clock(until)}`;
  return `${queue} was paused ${relative(since, now)} by ${by}${why}${end}.`;
}
