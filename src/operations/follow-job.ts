import type { QueueReader } from '../domain/adapter.ts';
import type { JobctlError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Job, JobRef } from '../domain/job.ts';
import type { Reply } from '../domain/reply.ts';
import type { Selection } from '../domain/selection.ts';
import { patiently } from './patience.ts';

/**
 * `gone`: it is not there any more, which is how a job completes where completed jobs are not kept. `failed`: its worker
 * answered so.
 */
export type JobEnd = 'completed' | 'failed' | 'gone' | 'dead' | 'cancelled' | 'timeout' | 'stopped';

export interface Followed {
  readonly ended: JobEnd;
  /** As it was last seen. */
  readonly job?: Job | undefined;
  readonly waitedSeconds: number;
  /** What else is known of its end. */
  readonly note?: string | undefined;
  /** What its worker answered, where it was asked to. */
  readonly reply?: Reply | undefined;
  /** Where the sign was seen that it ended by. */
  readonly seenBy?: string | undefined;
}

export interface FollowPorts {
  /** Seconds on a clock that never goes back. */
  now(): number;
  /** Ends early when the wait is cancelled. */
  sleep(seconds: number): Promise<unknown>;
  readonly signal: AbortSignal;
  /** Called when its state changes. */
  show(job: Job): void;
  /** Called when a look got no answer, and is made again. */
  missed?(error: JobctlError): void;
}

const SHORTEST = 0.1;
const LONGEST = 1;

/** Looks at one job until it has ended, the time is over, or the wait is cancelled. */
export async function followJob(
  reader: QueueReader,
  { queue, id }: JobRef,
  within: number,
  ports: FollowPorts,
): Promise<Followed> {
  const begun = ports.now();
  let last: Job | undefined;
  for (let pause = SHORTEST; ; pause = Math.min(LONGEST, pause * 1.5)) {
    const rest = within - (ports.now() - begun);
    const job = (await patiently(() => reader.find(id, queue), ports, rest))?.job;
    if (job !== undefined && job.state !== last?.state) ports.show(job);
    last = job ?? last;
    const waitedSeconds = ports.now() - begun;
    const ended = endOf(job, waitedSeconds >= within, ports.signal.aborted);
    if (ended !== undefined) return { ended, ...(last === undefined ? {} : { job: last }), waitedSeconds };
    await ports.sleep(Math.min(pause, within - waitedSeconds));
  }
}

function endOf(job: Job | undefined, isOver: boolean, isStopped: boolean): JobEnd | undefined {
  if (job === undefined) return 'gone';
  if (job.state === 'completed' || job.state === 'dead' || job.state === 'cancelled') return job.state;
  if (isStopped) return 'stopped';
  return isOver ? 'timeout' : undefined;
}

/** How many jobs of a queue died after a moment: asked where the backend can say so by time, else told by the difference. */
export async function deadSince(reader: QueueReader, queue: string): Promise<() => Promise<number>> {
  const begun: Instant = await reader.now();
  const selection: Selection = { queues: [queue], states: ['dead'], after: begun };
  if (reader.pushes.has('after')) return async () => (await reader.count(selection)).value;
  const before = await deadOf(reader, queue);
  return async () => Math.max(0, (await deadOf(reader, queue)) - before);
}

/** How many lie dead in a queue now. */
export const deadOf = async (reader: QueueReader, queue: string): Promise<number> =>
  (await reader.stats({ queues: [queue] }))[0]?.counts.dead ?? 0;
