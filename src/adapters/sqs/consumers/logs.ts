import { JobctlError } from '../../../domain/errors.ts';
import { fromDate } from '../../../domain/instant.ts';
import type { LogAnswer, LogLine, LogRequest } from '../../../domain/log.ts';
import type { Aws } from '../aws.ts';
import { causeOf } from '../aws.ts';
import type { Directory } from '../directory.ts';
import type { Mappings } from './mappings.ts';
import { bareName } from './scales.ts';

/** Pages of one function, at most. Many may be empty: CloudWatch looks through a part of the log for each. */
const PAGES = 100;
const MOST_MS = 30_000;

interface Parts {
  readonly aws: Aws;
  readonly directory: Directory;
  readonly mappings: Mappings;
}

interface Search {
  readonly lines: LogLine[];
  more: boolean;
  readonly notes: string[];
}

/** The newest lines of the functions that consume a queue. */
export async function logs({ aws, directory, mappings }: Parts, request: LogRequest): Promise<LogAnswer> {
  const queue = await directory.mustBe(request.queue);
  const sources = [...new Set((await mappings.of(queue.arn)).map(bareName))];
  if (sources.length === 0)
    throw new JobctlError(
      'unsupported',
      `No Lambda function consumes ${queue.name}: where its consumers log is not known.`,
      {
        next: ['Look in the log of the consumers where they run.', 'jobctl worker list'],
      },
    );
  const search: Search = { lines: [], more: false, notes: [] };
  for (const name of sources) await searchOne(aws, name, request, search);
  search.lines.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const lines = search.lines.slice(-request.limit);
  return { lines, more: search.more || lines.length < search.lines.length, sources, notes: search.notes };
}

async function searchOne(aws: Aws, name: string, request: LogRequest, search: Search): Promise<void> {
  const { text, sinceSeconds, limit } = request;
  const logGroupName = await groupOf(aws, name, search);
  const deadline = performance.now() + MOST_MS;
  const found: LogLine[] = [];
  let nextToken: string | undefined;
  let pages = 0;
  try {
    do {
      if (pages >= PAGES || performance.now() > deadline) {
        search.more = true;
        search.notes.push(`The search in ${logGroupName} was given up after ${pages} pages: take a shorter --since.`);
        break;
      }
      const page = await aws.ask('logs', 'FilterLogEvents', logGroupName, ({ client, sdk }) =>
        client.send(
          new sdk.FilterLogEventsCommand({
            logGroupName,
            startTime: Date.now() - sinceSeconds * 1000,
            ...(text === undefined ? {} : { filterPattern: quoted(text) }),
            ...(nextToken === undefined ? {} : { nextToken }),
          }),
        ),
      );
      pages += 1;
      for (const { timestamp, message } of page.events ?? []) {
        found.push({ at: fromDate(new Date(timestamp ?? 0)), source: name, text: (message ?? '').trimEnd() });
      }
      // the oldest come first, and only the newest are wanted
      if (found.length > limit) {
        found.splice(0, found.length - limit);
        search.more = true;
      }
      nextToken = page.nextToken || undefined; // an empty page with a token is not the end
    } while (nextToken !== undefined);
  } catch (error) {
    if (causeOf(error) !== 'ResourceNotFound') throw error;
    search.notes.push(`${logGroupName} is not there: ${name} has not logged anything yet, or logs elsewhere.`);
  }
  search.lines.push(...found);
}

/** A term of a filter pattern, taken literally. */
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

async function groupOf(aws: Aws, FunctionName: string, { notes }: Search): Promise<string> {
  const usual = `/aws/lambda/${FunctionName}`;
  try {
    const { LoggingConfig } = await aws.ask('lambda', 'GetFunctionConfiguration', FunctionName, ({ client, sdk }) =>
      client.send(new sdk.GetFunctionConfigurationCommand({ FunctionName })),
    );
    return LoggingConfig?.LogGroup ?? usual;
  } catch (error) {
    if (!(error instanceof JobctlError)) throw error;
    notes.push(`Where ${FunctionName} logs could not be asked; looked at ${usual}. ${error.message}`);
    return usual;
  }
}
