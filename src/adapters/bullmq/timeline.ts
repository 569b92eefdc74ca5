import type { TimelineEntry } from '../../domain/job.ts';
import { attemptsOf, type Found, instantOf, numberOf, optionsOf, stacksOf, textOf } from './job.ts';
import { dueMs } from './sets.ts';

/** What happened to a job, as far as BullMQ keeps it: each run overwrites the times of the one before. */
export function timelineOf(found: Found, logged: number, rows: readonly string[]): TimelineEntry[] {
  const { native, score, fields } = found;
  const at = (ms: number | undefined): { at?: string } => {
    const instant = instantOf(ms);
    return instant === undefined ? {} : { at: instant };
  };
  const time = (name: string) => numberOf(fields, name);
  const worker = textOf(fields, 'pb');
  const started = numberOf(fields, 'ats') ?? attemptsOf(fields);
  const dated: (TimelineEntry | undefined)[] = [
    time('timestamp') === undefined ? undefined : { ...at(time('timestamp')), event: 'created' },
    time('processedOn') === undefined
      ? undefined
      : {
          ...at(time('processedOn')),
          event: 'started',
          note: [`attempt ${Math.max(1, started)}`, ...(worker === undefined ? [] : [`by ${worker}`])].join(', '),
        },
    native === 'delayed' && score !== undefined ? { ...at(dueMs(score)), event: 'due' } : undefined,
    time('finishedOn') === undefined
      ? undefined
      : {
          ...at(time('finishedOn')),
          event: native === 'completed' ? 'completed' : 'failed',
          ...noteOf(native === 'completed' ? textOf(fields, 'returnvalue') : textOf(fields, 'failedReason')),
        },
  ];
  return [
    ...dated.filter((one) => one !== undefined).sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? -1 : 1)),
    ...stacksBefore(found),
    ...progressOf(found),
    ...(logged > rows.length ? [{ event: 'log', note: `${logged - rows.length} older rows are not shown` }] : []),
    ...rows.map((row) => ({ event: 'log', note: row })),
  ];
}

const noteOf = (note: string | undefined): { note?: string } => (note === undefined ? {} : { note });

/** The last stack is told as the job's error; those of the attempts before it follow here, latest first. */
function stacksBefore({ fields }: Found): TimelineEntry[] {
  const stacks = stacksOf(fields);
  const limit = optionsOf(fields)['stackTraceLimit'];
  const whole = typeof limit !== 'number' || stacks.length < limit;
  return stacks
    .slice(0, -1)
    .map((note, index) => ({ event: whole ? `error ${index + 1}` : 'earlier error', note }))
    .reverse();
}

function progressOf({ fields }: Found): TimelineEntry[] {
  const progress = textOf(fields, 'progress');
  return progress === undefined || progress === '0' || progress === '{}' ? [] : [{ event: 'progress', note: progress }];
}
