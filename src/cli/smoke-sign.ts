import { randomUUID } from 'node:crypto';
import { filledFor, NAMES_NO_JOB, namesOneJob } from '../config/log-pattern.ts';
import type { QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import type { ReplyQueue } from '../domain/reply.ts';
import type { Sign } from '../operations/follow-sign.ts';
import { CLOCKS_APART, inTime } from './worker-trace.ts';

/** Between two looks for an answer, which wait for one themselves. */
const REST = 0.5;
/** A line takes seconds until it is found, and CloudWatch answers only few searches a second. */
const LOG_REST = 2;
/** For a last look when the time is nearly over. */
const LEAST = 5;
const LINES = 10;

export const replySign = (from: ReplyQueue, mark: string): Sign => ({
  rest: REST,
  missing: () => `no reply came to ${from.name}`,
  async look() {
    const reply = await from.look(mark);
    return reply && { by: `the reply queue ${from.name}`, reply };
  },
});

/** The sign with what is to be known before it is waited for. */
export interface LogSign extends Sign {
  readonly cautions: readonly string[];
}

interface Pattern {
  readonly text: string;
  readonly mark: string;
  /** What to do where there can be no such line. */
  readonly without: string;
}

/** A line in the log of the workers. Their log is asked once beforehand: where it cannot be, nothing is sent. */
export async function logSign(
  reader: QueueReader,
  queue: string,
  { text: pattern, mark, without }: Pattern,
): Promise<LogSign> {
  if (!namesOneJob(pattern))
    throw new JobctlError('usage', `The log pattern "${pattern}" ${NAMES_NO_JOB}.`, {
      next: ["--log-pattern 'done {mark}'   # what the worker writes when it is done, as plain text"],
    });
  const { logs } = reader;
  // where a job can be looked at, its state tells more than a line
  if (logs === undefined || reader.reads === 'peek')
    throw new JobctlError(
      'usage',
      `${reader.backend.name} has no log patterns: there the end of a job is seen by its state.`,
      {
        next: [without],
      },
    );
  const search = (id: string, sinceSeconds: number) =>
    logs.call(reader, { queue, text: filledFor(pattern, { mark, id }), sinceSeconds, limit: LINES });
  const { sources, notes } = await search(randomUUID(), CLOCKS_APART).catch((error: unknown) => {
    if (!(error instanceof JobctlError) || error.kind !== 'unsupported') throw error;
    throw new JobctlError('usage', `There can be no log pattern. ${error.message}`, {
      next: [without, `jobctl smoke ${queue} --reply-queue NAME   # where its consumers answer`, ...error.next],
      cause: error,
    });
  });
  const begun = performance.now();
  return {
    rest: LOG_REST,
    cautions: notes,
    missing: (id) => `no line with "${filledFor(pattern, { mark, id })}" came in the log of ${sources.join(', ')}`,
    async look(id, left) {
      const since = Math.ceil((performance.now() - begun) / 1000) + CLOCKS_APART;
      const found = await inTime(search(id, since), Math.max(LEAST, left));
      const text = filledFor(pattern, { mark, id });
      const line = found?.lines.find((one) => one.text.includes(text));
      return line && { by: `the log of ${line.source}` };
    },
  };
}
