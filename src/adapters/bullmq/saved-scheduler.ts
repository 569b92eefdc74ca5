import { JobctlError } from '../../domain/errors.ts';
import { type Fields, numberOf, textOf } from './job.ts';
import type { Text } from './snapshot.ts';

/** A job scheduler as it was: its own hash, when it runs next, and that run while it is a job already. */
export interface SavedScheduler {
  readonly id: string;
  /** When it runs next, in milliseconds, as Redis writes it. */
  readonly score: string;
  readonly fields: Readonly<Record<string, Text>>;
  readonly next?: {
    /** Its score among the delayed jobs; missing once it was due. */
    readonly due?: string;
    readonly fields: Readonly<Record<string, Text>>;
  };
}

/** The next run as the job that is to be made of it. */
export interface NextRun {
  readonly ms: string;
  /** Where it stood among the delayed jobs, when nothing has changed since. */
  readonly due: string;
  readonly fields: Fields;
}

interface Parts {
  readonly saved: SavedScheduler;
  readonly scheduler: Fields;
  readonly run: Fields | undefined;
}

/** The run that was planned while that is still to come; else the first one after `nowMs`: what was missed stays missed. */
export async function nextRunOf(parts: Parts, nowMs: number, after?: string): Promise<NextRun> {
  const { saved, run } = parts;
  const planned = Number(saved.score);
  if (after === undefined && planned > nowMs) {
    const due = saved.next?.due;
    if (due !== undefined && run !== undefined) return { ms: saved.score, due, fields: run };
    return { ms: saved.score, due: '', fields: made(parts, saved.score, nowMs) };
  }
  const ms = String(await timeAfter(parts, Math.max(nowMs, Number(after ?? 0))));
  return { ms, due: '', fields: made(parts, ms, nowMs) };
}

async function timeAfter({ saved, scheduler, run }: Parts, ms: number): Promise<number> {
  const last = Number(saved.score);
  const every = numberOf(scheduler, 'every');
  const end = numberOf(scheduler, 'endDate') ?? Number.POSITIVE_INFINITY;
  const time =
    every !== undefined && every > 0
      ? last + (Math.floor((ms - last) / every) + 1) * every
      : await byPattern(scheduler, run, ms);
  if (time <= end) return time;
  throw new JobctlError('refused', `The scheduler ${saved.id} would never run again: its end is past.`, {
    next: ['Change its end where the application makes it.'],
  });
}

/** By the library's own reading of a pattern. One that it cannot read is due now: whoever runs it knows how to go on. */
async function byPattern(scheduler: Fields, run: Fields | undefined, ms: number): Promise<number> {
  const pattern = textOf(scheduler, 'pattern');
  const { immediately: _, ...repeat } = recordOf(optionsIn(run)['repeat']);
  const { getNextMillis } = await import('bullmq');
  try {
    const endDate = numberOf(scheduler, 'endDate');
    const tz = textOf(scheduler, 'tz');
    const next = getNextMillis(ms, {
      ...repeat,
      ...(pattern !== undefined && { pattern }),
      ...(tz !== undefined && { tz }),
      ...(endDate !== undefined && { endDate }),
    });
    return (next as number | undefined) ?? Number.POSITIVE_INFINITY;
  } catch {
    return ms;
  }
}

/** A job for this time, as the library makes it of the template. */
function made({ saved, scheduler, run }: Parts, ms: string, nowMs: number): Fields {
  const template = templateOf(scheduler, run);
  const now = Math.round(nowMs);
  const delay = Math.max(0, Number(ms) - now);
  const was = optionsIn(run);
  const options = {
    ...template.options,
    repeat: was['repeat'] ?? repeatOf(scheduler),
    repeatJobKey: saved.id,
    jobId: `repeat:${saved.id}:${ms}`,
    prevMillis: Number(ms),
    timestamp: now,
    delay,
  };
  const dedup = recordOf(template.options['de'])['id'];
  const texts = {
    name: template.name,
    opts: JSON.stringify(options),
    timestamp: String(now),
    delay: String(delay),
    priority: String(Number(template.options['priority'] ?? 0)),
    rjk: saved.id,
    ...(typeof dedup === 'string' && { deid: dedup }),
  };
  const fields = new Map<string, Buffer>(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]));
  return fields.set('data', template.data);
}

export interface Template {
  readonly name: string;
  readonly data: Buffer;
  /** Under the library's short names. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What each run is made of. Older versions kept the data in the runs alone. */
export function templateOf(scheduler: Fields, run: Fields | undefined): Template {
  const { repeat: _r, repeatJobKey: _k, jobId: _i, prevMillis: _p, timestamp: _t, delay: _d, ...was } = optionsIn(run);
  return {
    name: textOf(scheduler, 'name') ?? (run && textOf(run, 'name')) ?? '',
    data: scheduler.get('data') ?? run?.get('data') ?? Buffer.from('{}'),
    options: scheduler.has('opts') ? optionsIn(scheduler) : was,
  };
}

function repeatOf(scheduler: Fields): Record<string, unknown> {
  const [pattern, tz] = [textOf(scheduler, 'pattern'), textOf(scheduler, 'tz')];
  const numbers = ['every', 'limit', 'startDate', 'endDate', 'offset'].flatMap((name) => {
    const value = numberOf(scheduler, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...(pattern !== undefined && { pattern }),
    ...(tz !== undefined && { tz }),
    ...Object.fromEntries(numbers),
    count: numberOf(scheduler, 'ic') ?? 1,
  };
}

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

function optionsIn(fields: Fields | undefined): Record<string, unknown> {
  try {
    return recordOf(JSON.parse((fields && textOf(fields, 'opts')) ?? '{}'));
  } catch {
    return {};
  }
}
