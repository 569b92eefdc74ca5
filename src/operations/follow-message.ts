import type { QueueReader, StateCounts } from '../domain/adapter.ts';
import type { Job, JobRef } from '../domain/job.ts';
import type { Followed, FollowPorts } from './follow-job.ts';

const SHORTEST = 0.5;
const LONGEST = 5;
const once = { looks: 1, seconds: 0 };

type Ports = Omit<FollowPorts, 'show'> & {
  /** Called when the counts change. */
  readonly show: (text: string) => void;
};

/**
 * Follows a job where each look at it would take it away from the workers: by the counts of its queue alone. It has ended
 * when the queue is known to be empty and the job does not lie among the dead.
 */
export async function followMessage(
  reader: QueueReader,
  ref: JobRef,
  within: number,
  deadBefore: number,
  ports: Ports,
): Promise<Followed> {
  const rule = reader.backend.emptyAfter ?? once;
  const begun = ports.now();
  let dead = deadBefore;
  let empty: { since: number; looks: number } | undefined;
  let last = '';
  for (let pause = SHORTEST; ; pause = Math.min(LONGEST, pause * 1.5)) {
    const counts = await countsOf(reader, ref.queue);
    const now = ports.now();
    const waitedSeconds = now - begun;
    const text = textOf(counts);
    if (text !== last) ports.show(text);
    last = text;
    empty = leftOf(counts) > 0 ? undefined : { since: empty?.since ?? now, looks: (empty?.looks ?? 0) + 1 };
    const isEmpty = empty !== undefined && empty.looks >= rule.looks && now - empty.since >= rule.seconds;
    // its dead are looked through only when something died, and once at the end
    if (counts.dead > dead || isEmpty) {
      dead = counts.dead;
      const job = await amongTheDead(reader, ref);
      if (job !== undefined) return { ended: 'dead', job, waitedSeconds };
      if (isEmpty) return { ended: 'gone', waitedSeconds, note: 'not visible, not in flight and not among the dead' };
    }
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

async function amongTheDead(reader: QueueReader, { queue, id }: JobRef): Promise<Job | undefined> {
  const selection = { queues: [queue], states: ['dead'], ids: [id] } as const;
  for await (const page of reader.browse(selection, { size: 100, order: 'newest' })) {
    const job = page.find((one) => one.id === id);
    if (job !== undefined) return job;
  }
  return undefined;
}
