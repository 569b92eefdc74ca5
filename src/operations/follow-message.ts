import type { QueueReader } from '../domain/adapter.ts';
import type { Job, JobRef } from '../domain/job.ts';
import type { StateCounts } from '../domain/stats.ts';
import type { Followed, FollowPorts } from './follow-job.ts';
import { patiently } from './patience.ts';

const SHORTEST = 0.5;
const LONGEST = 5;
const once = { looks: 1, seconds: 0 };

export type MessagePorts = Omit<FollowPorts, 'show'> & {
  /** Called when the counts change. */
  readonly show: (text: string) => void;
};

export interface Sight {
  /** The counts, in words. */
  readonly text: string;
  /** Those of the jobs that were seen among the dead, in this look or before. */
  readonly died: readonly Job[];
  /** The queue is known to be empty. */
  readonly isEmpty: boolean;
}

/**
 * Looks at jobs where each look at one would take it away from the workers: by the counts of their queue alone. All have ended
 * when it is known to be empty, and those that do not lie among the dead then ended well. `deadBefore`: how many lay there
 * before they were sent; as many as the first look counts, when it is not given.
 */
export function sightOf(
  reader: QueueReader,
  queue: string,
  ids: readonly string[],
  now: () => number,
  deadBefore?: number,
): () => Promise<Sight> {
  const rule = reader.backend.emptyAfter ?? once;
  const died = new Map<string, Job>();
  let dead = deadBefore;
  let empty: { since: number; looks: number } | undefined;
  return async () => {
    const counts = await countsOf(reader, queue).catch((error: unknown) => {
      empty = undefined; // nobody saw what it was meanwhile
      throw error;
    });
    const at = now();
    empty = leftOf(counts) > 0 ? undefined : { since: empty?.since ?? at, looks: (empty?.looks ?? 0) + 1 };
    const isEmpty = empty !== undefined && empty.looks >= rule.looks && at - empty.since >= rule.seconds;
    // the dead are looked through only when something died, and once at the end
    const moreDied = dead !== undefined && counts.dead > dead;
    if (moreDied || isEmpty) for (const job of await amongTheDead(reader, queue, ids)) died.set(job.id, job);
    dead = moreDied ? counts.dead : Math.min(dead ?? counts.dead, counts.dead);
    return { text: textOf(counts), died: [...died.values()], isEmpty };
  };
}

/** Follows one job to its end, by the counts of its queue. */
export async function followMessage(
  reader: QueueReader,
  ref: JobRef,
  within: number,
  deadBefore: number,
  ports: MessagePorts,
): Promise<Followed> {
  const look = sightOf(reader, ref.queue, [ref.id], ports.now, deadBefore);
  const begun = ports.now();
  let last = '';
  for (let pause = SHORTEST; ; pause = Math.min(LONGEST, pause * 1.5)) {
    const { text, died, isEmpty } = await patiently(look, ports, within - (ports.now() - begun));
    const waitedSeconds = ports.now() - begun;
    if (text !== last) ports.show(text);
    last = text;
    const [job] = died;
    if (job !== undefined) return { ended: 'dead', job, waitedSeconds };
    if (isEmpty) return { ended: 'gone', waitedSeconds, note: 'not visible, not in flight and not among the dead' };
    const note = `the queue was not seen empty for long enough, ${text}: it may be one of these`;
    if (ports.signal.aborted) return { ended: 'stopped', waitedSeconds, note };
    if (waitedSeconds >= within) return { ended: 'timeout', waitedSeconds, note };
    await ports.sleep(Math.min(pause, within - waitedSeconds));
  }
}

const leftOf = ({ waiting, active, delayed }: StateCounts): number => waiting + active + delayed;

const textOf = ({ waiting, active, delayed }: StateCounts): string =>
  `~${waiting} waiting, ~${active} in flight, ~${delayed} delayed`;

async function countsOf(reader: QueueReader, queue: string): Promise<StateCounts> {
  const [row] = await reader.stats({ queues: [queue] });
  if (row === undefined) throw new TypeError(`there are no counts of ${queue}`);
  return row.counts;
}

async function amongTheDead(reader: QueueReader, queue: string, ids: readonly string[]): Promise<Job[]> {
  const selection = { queues: [queue], states: ['dead'], ids } as const;
  const wanted = new Set(ids);
  const found: Job[] = [];
  for await (const page of reader.browse(selection, { size: 100, order: 'newest' })) {
    found.push(...page.filter(({ id }) => wanted.has(id)));
    if (found.length >= wanted.size) break;
  }
  return found;
}
