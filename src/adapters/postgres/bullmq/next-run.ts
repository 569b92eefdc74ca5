import { JobctlError } from '../../../domain/errors.ts';
import { rowIn, type SavedScheduler, type SchedulerRow } from './saved-scheduler.ts';
import { savedIn } from './snapshot.ts';

type Options = Readonly<Record<string, unknown>>;

/** The first time after `ms` at which it runs; undefined when it never runs again. What was missed stays missed. */
export async function timeAfter(saved: SavedScheduler, ms: number): Promise<number | undefined> {
  const row = rowIn(saved);
  const { next_run_ms: planned, every_ms: every, end_date_ms: end } = row;
  if (countOf(saved) > (row.limit_count ?? Number.POSITIVE_INFINITY)) return undefined;
  const last = planned ?? ms;
  const time =
    last > ms
      ? last
      : every !== null && every > 0
        ? last + (Math.floor((ms - last) / every) + 1) * every
        : await byPattern(row, repeatOf(saved), ms);
  return time === undefined || time > (end ?? Number.POSITIVE_INFINITY) ? undefined : time;
}

/** By the library's own reading of a pattern. One that it cannot read is due now: whoever runs it knows how to go on. */
async function byPattern({ pattern, tz, end_date_ms: end }: SchedulerRow, repeat: Options, ms: number) {
  const { immediately: _, ...rest } = repeat;
  const { getNextMillis } = await import('bullmq');
  try {
    const known = { pattern: pattern ?? '', ...(tz !== null && { tz }), ...(end !== null && { endDate: end }) };
    return getNextMillis(ms, { ...rest, ...known }) as number | undefined;
  } catch {
    return ms;
  }
}

/** Which run of its it is, counted from 1: the one that was taken out with it, or the one after that which has begun. */
export const countOf = (saved: SavedScheduler): number =>
  rowIn(saved).iteration_count + (saved.next === undefined ? 1 : 0);

/** The options of the run for this time, as the library makes them of the template. */
export const runOptions = (saved: SavedScheduler, id: string, ms: number, nowMs: number): Options => ({
  ...optionsOf(saved.opts),
  repeat: { ...repeatOf(saved), count: countOf(saved) },
  repeatJobKey: saved.id,
  jobId: id,
  ...(rowIn(saved).pattern !== null && { prevMillis: ms }),
  timestamp: nowMs,
  delay: Math.max(0, ms - nowMs),
});

/** A worker makes the run after the next one by what it finds in the next one. */
function repeatOf(saved: SavedScheduler): Options {
  const was = saved.next === undefined ? undefined : (JSON.parse(savedIn(saved.next).row) as { opts?: Options }).opts;
  if (was?.['repeat'] !== undefined) return was['repeat'] as Options;
  const { pattern, tz, every_ms: every, limit_count: limit, start_date_ms: start, end_date_ms: end } = rowIn(saved);
  const all = { pattern, tz, every, limit, startDate: start, endDate: end };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
}

/** What a run out of turn is added with: now, and next to the regular ones. */
export function templateOptions({ opts }: SavedScheduler): Options {
  const { delay: _delay, deduplication: _once, repeat: _repeat, ...rest } = optionsOf(opts);
  return rest;
}

const optionsOf = (text: string | null): Options => (JSON.parse(text ?? '{}') ?? {}) as Options;

export const neverAgain = (id: string): JobctlError =>
  new JobctlError('refused', `The scheduler ${id} would never run again: its end is past.`, {
    next: ['Change its end where the application makes it.'],
  });
