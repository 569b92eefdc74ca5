import { parseDuration } from '../config/duration.ts';
import { JobctlError } from '../domain/errors.ts';
import type { LogAnswer, LogLine } from '../domain/log.ts';
import { payloadValue, toJson } from '../domain/payload.ts';
import type { Redact } from '../output/job-view.ts';
import type { Session } from './session.ts';

/** Takes secrets out of a line of a log: out of the JSON in it by the names of its fields, out of the rest by their look. */
const hideIn = (line: LogLine, redact: Redact): LogLine => ({ ...line, text: hidden(line.text, redact) });

function hidden(text: string, redact: Redact): string {
  const start = text.search(/[{[]/);
  const value = start === -1 ? undefined : payloadValue(text.slice(start));
  if (typeof value !== 'object' || value === null) return String(redact(text));
  const before = toJson(value);
  const after = toJson(redact(value));
  return String(redact(text.slice(0, start))) + (before === after ? text.slice(start) : after);
}

export interface LogsAsked {
  readonly queue: string;
  readonly id?: string | undefined;
  readonly since: string;
  readonly limit: number;
}

export async function logsOf({ reader, redact }: Session, { queue, id, since, limit }: LogsAsked): Promise<LogAnswer> {
  if (reader.logs === undefined)
    throw new JobctlError('unsupported', `${reader.backend.name} does not know where its workers log.`, {
      next: [
        'jobctl job show ID   # the error that is kept with the job',
        'Look in the log of the workers where they run.',
      ],
    });
  const found = await reader.logs({ queue, text: id, sinceSeconds: parseDuration(since), limit });
  return { ...found, lines: found.lines.map((line) => hideIn(line, redact)) };
}
