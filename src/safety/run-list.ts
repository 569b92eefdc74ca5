import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../domain/instant.ts';
import type { Tally } from '../domain/outcome.ts';
import { isTrial, type Plan, type Report, type Verb } from '../domain/plan.ts';
import { errorCode } from './disk-error.ts';
import { parseEntry } from './journal-entry.ts';
import { readTail } from './line-reader.ts';
import { readJson, runsFolder } from './run-folder.ts';
import { isRunId, startOf } from './run-id.ts';
import { holderOf } from './run-lock.ts';

export interface RunSummary {
  readonly id: string;
  readonly startedAt: Instant;
  /** `unfinished`: there are jobs left to deal with, `run resume` goes on. `refused`: nothing was begun, `stopped` tells why. */
  readonly state: 'finished' | 'unfinished' | 'refused' | 'damaged';
  readonly stopped?: string | undefined;
  /** A process carries it out at this moment. */
  readonly running: boolean;
  /** Missing when the plan cannot be read. */
  readonly verb?: Verb | undefined;
  readonly context?: string | undefined;
  readonly queues: readonly string[];
  /** Missing until there is a report. */
  readonly matched?: number | undefined;
  readonly outcomes?: Tally | undefined;
  readonly emptied?: true | undefined;
}

const order = { unfinished: 0, damaged: 1, refused: 2, finished: 2 } as const;
/** An `end` entry is far shorter. */
const tailBytes = 4096;
const atOnce = 32;

/** All runs, unfinished first, then newest first. Reads only the plans, the reports and the ends of the journals. */
export async function listRuns(stateDir: string): Promise<RunSummary[]> {
  const ids = (await names(runsFolder(stateDir))).filter(isRunId);
  const found: Found[] = [];
  for (let i = 0; i < ids.length; i += atOnce) {
    found.push(
      ...(await Promise.all(ids.slice(i, i + atOnce).map((id) => summary(join(runsFolder(stateDir), id), id)))),
    );
  }
  // an id begins with the second: of two in one, such as a purge and its undo, the plans tell which came first
  const time = ({ run, madeAt }: Found): string => `${run.startedAt} ${madeAt ?? ''} ${run.id}`;
  return found
    .sort((a, b) => order[a.run.state] - order[b.run.state] || (time(a) < time(b) ? 1 : -1))
    .map(({ run }) => run);
}

/** The ids of the runs that did something after that moment (milliseconds since 1970), the oldest first. */
export async function runsWrittenSince(stateDir: string, since: number): Promise<string[]> {
  const ids = (await names(runsFolder(stateDir))).filter(isRunId).sort();
  const found: string[] = [];
  for (let i = 0; i < ids.length; i += atOnce) {
    const some = ids.slice(i, i + atOnce);
    const times = await Promise.all(some.map((id) => writtenAt(join(runsFolder(stateDir), id, 'journal.ndjson'))));
    found.push(...some.filter((_, index) => (times[index] ?? 0) >= since));
  }
  return found;
}

/** Undefined where there is none. */
const writtenAt = (journal: string): Promise<number | undefined> =>
  stat(journal).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );

/** One run. */
export const summaryOf = async (stateDir: string, id: string): Promise<RunSummary> =>
  (await summary(join(runsFolder(stateDir), id), id)).run;

interface Found {
  readonly run: RunSummary;
  /** Missing when the plan cannot be read. */
  readonly madeAt?: Instant;
}

async function summary(path: string, id: string): Promise<Found> {
  const base = { id, startedAt: startOf(id), running: false, queues: [] };
  try {
    const plan = await readJson<Plan>(join(path, 'plan.json'));
    const report = await readJson<Report>(join(path, 'report.json'));
    if (plan === undefined) return { run: { ...base, state: 'damaged' } };
    const { state, ...why } = await endOf(join(path, 'journal.ndjson'), plan.verb);
    const running = state === 'unfinished' && (await holderOf(path)) !== undefined;
    const { matched, outcomes, emptied } = report ?? {};
    const counts = report === undefined ? {} : { matched, outcomes, ...(emptied && { emptied }) };
    const { verb, context, queues, madeAt } = plan;
    return { run: { ...base, verb, context, queues, state, ...why, running, ...counts }, madeAt };
  } catch {
    return { run: { ...base, state: 'damaged' } };
  }
}

type Ended = Pick<RunSummary, 'state' | 'stopped'>;

/** Told by the last line alone: it is the end of a complete run, or of one that nobody goes on with; or it is not finished. */
async function endOf(journal: string, verb: Verb): Promise<Ended> {
  let tail: string;
  try {
    ({ text: tail } = await readTail(journal, tailBytes));
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return { state: 'unfinished' };
    throw cause;
  }
  const last = tail.split('\n').at(-2);
  const entry = last === undefined || !tail.endsWith('\n') ? undefined : parseEntry(last);
  if (entry?.at !== 'end' || !(entry.complete || isTrial(verb))) return { state: 'unfinished' };
  const { complete, stopped } = entry;
  return complete && stopped !== undefined ? { state: 'refused', stopped } : { state: 'finished' };
}

const names = (folder: string): Promise<string[]> =>
  readdir(folder).catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT') return [];
    throw cause;
  });
