import type { QueueStats } from '../domain/stats.ts';

/** What is wrong with a queue at this moment, the worst only. */
export interface Finding {
  readonly level: 'bad' | 'warn';
  readonly text: string;
}

export interface Observed {
  readonly stats: QueueStats;
  /** Seconds that a job of this queue may wait. */
  readonly targetSeconds?: number | undefined;
  /** Its pause was to be over by now. */
  readonly overdue?: boolean | undefined;
  /** Changes a second, from several looks; undefined while there was only one. */
  readonly deadPerSecond?: number | undefined;
  readonly backlogPerSecond?: number | undefined;
}

/** Slower than this, in jobs a minute, is no flood. */
const FLOOD = 6;
/** As many dead jobs of late, and as large a part of what ended well, are one. */
const MANY = 10;
const SHARE = 0.1;
/** Part of the backlog by which it grows in a minute. */
const GROWTH = 0.05;

/** The worst first: what needs a person now, then what will. */
export function finding(observed: Observed): Finding | undefined {
  const { stats, targetSeconds, overdue, deadPerSecond = 0, backlogPerSecond = 0 } = observed;
  const { counts, oldestWaitingSeconds: oldest, rates, copies = 0 } = stats;
  if (overdue === true) return { level: 'bad', text: 'pause is overdue' };
  const dying = deadPerSecond * 60;
  if (dying >= FLOOD) return { level: 'bad', text: `dying: ${Math.round(dying)}/min` };
  if (counts.dead > 0 && rates !== undefined && rates.died >= MANY && rates.died > rates.completed * SHARE)
    return { level: 'bad', text: `${rates.died} died in ${Math.round(rates.windowSeconds / 60)}m` };
  if (targetSeconds !== undefined && oldest !== undefined && oldest > targetSeconds && stats.paused !== true)
    return { level: 'bad', text: 'over its target' };
  if (stats.paused === true) return { level: 'warn', text: 'paused' };
  if (counts.waiting > 0 && counts.active === 0 && rates?.completed === 0 && (oldest ?? 0) > STARVED)
    return { level: 'warn', text: 'nobody takes jobs' };
  const growing = backlogPerSecond * 60;
  if (growing >= FLOOD && growing > counts.waiting * GROWTH)
    return { level: 'warn', text: `growing: ${Math.round(growing)}/min` };
  if (counts.dead === 0) return undefined;
  return { level: 'warn', text: copies > 0 ? 'dead, with copies' : 'has dead jobs' };
}

/** Seconds of waiting without anything running before that is worth a word. */
const STARVED = 60;

/** How bad, for sorting: what is worse is larger. */
export const weight = (found: Finding | undefined): number => (found === undefined ? 0 : found.level === 'bad' ? 2 : 1);
