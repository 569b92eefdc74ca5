import { randomBytes } from 'node:crypto';
import type { Connection } from './connection.ts';
import { ownKey } from './own-keys.ts';

/** How long Redis remembers what each of our writes has done: longer than a run is left lying over a long weekend. */
const KEPT_DAYS = 7;
export const KEPT_MS = KEPT_DAYS * 86_400_000;
/** Clocks of two machines differ. */
const SLACK_MS = 3_600_000;

/** `replay-1760000000000-9f…`: what was done, when, and a part that nobody else has. */
export const newMark = (verb: string): string => `${verb}-${Date.now()}-${randomBytes(8).toString('hex')}`;

export const verbOf = (mark: string): string => mark.slice(0, mark.indexOf('-'));

const timeOf = (mark: string): number => Number(/^[a-z]+-(\d+)-/.exec(mark)?.[1] ?? Number.NaN);

/** What was written under a mark: by id, with the sign that an undo has left. */
export interface Written {
  readonly jobs: ReadonlyMap<string, string>;
  /** False when Redis may have forgotten it by now: then nothing follows from what is missing. */
  readonly certain: boolean;
}

export async function writtenUnder(
  connection: Connection,
  prefix: string,
  queue: string,
  mark: string,
): Promise<Written> {
  const [reply] = await connection.many([['GET', ownKey(prefix, queue, `mark:${mark}`)]]);
  const jobs = new Map<string, string>();
  for (const line of reply === null || reply === undefined ? [] : String(reply).split('\n')) {
    if (line === '') continue;
    for (const item of JSON.parse(line) as (string | [string, string])[]) {
      if (typeof item === 'string') jobs.set(item, '');
      else jobs.set(...item);
    }
  }
  return { jobs, certain: reply !== null || Date.now() - timeOf(mark) < KEPT_MS - SLACK_MS };
}
