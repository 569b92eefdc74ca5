import type { QueueReader } from '../domain/adapter.ts';
import type { JobRef } from '../domain/job.ts';
import { sightOf } from './follow-message.ts';
import type { Canary } from './ports.ts';

export interface CanaryRequest {
  /** Jobs that go first. */
  readonly count: number;
  /** Seconds to wait for what becomes of them. */
  readonly wait: number;
  /** How many of them may die again. */
  readonly maxFailures: number;
}

export interface CanaryPorts {
  /** Seconds on a clock that never goes back. */
  now(): number;
  /** Ends early when the run is to stop. */
  sleep(seconds: number): Promise<unknown>;
  readonly signal: AbortSignal;
  /** How it stands, in one line. */
  show(text: string): void;
}

const SHORTEST = 0.2;
const LONGEST = 2;

/** How the first few stand. */
interface Standing {
  /** Have not ended, as far as is known. */
  readonly open: number;
  /** Of these: failed, and will be tried again. */
  readonly failing: number;
  readonly died: number;
}

/**
 * A few jobs go first, and the others only when those ended well. Whoever cannot tell what became of them does not go on:
 * a job that failed and will be tried again counts as failed when the time is over, one that has not run as unknown.
 */
export const canaryOn = (reader: QueueReader, request: CanaryRequest, ports: CanaryPorts): Canary => ({
  count: request.count,
  async watch(jobs) {
    const receives = reader.reads === 'receive';
    const look = receives ? byCounts(reader, jobs, ports) : byId(reader, jobs);
    // that the queue is empty must be seen for a while, after the time that the jobs may take
    const wait = request.wait + (receives ? (reader.backend.emptyAfter?.seconds ?? 0) : 0);
    const begun = ports.now();
    for (let pause = SHORTEST; ; pause = Math.min(LONGEST, pause * 1.5)) {
      const standing = await look();
      const { open, died } = standing;
      const ended = `${jobs.length - open} of ${jobs.length} ended, ${died} of them died again`;
      ports.show(`canary: ${ended}`);
      if (died > request.maxFailures) return `the canary died: ${ended}`;
      if (open === 0) return undefined;
      if (ports.signal.aborted) return 'stopped on request, while the canary was watched';
      const left = begun + wait - ports.now();
      if (left <= 0) return verdict(standing, request.maxFailures, wait, jobs.length);
      await ports.sleep(Math.min(pause, left));
    }
  },
});

/** Each job by itself. */
function byId(reader: QueueReader, jobs: readonly JobRef[]): () => Promise<Standing> {
  let open = jobs;
  let died = 0;
  return async () => {
    const pending: JobRef[] = [];
    let failing = 0;
    for (const ref of open) {
      const job = (await reader.find(ref.id, ref.queue))?.job;
      if (job?.state === 'dead') died += 1;
      else if (job !== undefined && job.state !== 'completed' && job.state !== 'cancelled') {
        pending.push(ref);
        if (job.retrying) failing += 1;
      }
    }
    open = pending;
    return { open: open.length, failing, died };
  };
}

/** Where a look would take a job from the workers: all of a queue have ended when it is known to be empty. */
function byCounts(reader: QueueReader, jobs: readonly JobRef[], { now }: CanaryPorts): () => Promise<Standing> {
  const queues = [...Map.groupBy(jobs, ({ queue }) => queue)].map(([queue, some]) => {
    const ids = some.map(({ id }) => id);
    return { count: ids.length, look: sightOf(reader, queue, ids, now) };
  });
  return async () => {
    let open = 0;
    let died = 0;
    for (const { count, look } of queues) {
      const seen = await look();
      died += seen.died.length;
      if (!seen.isEmpty) open += count - seen.died.length;
    }
    return { open, failing: 0, died };
  };
}

function verdict(
  { open, failing, died }: Standing,
  maxFailures: number,
  wait: number,
  count: number,
): string | undefined {
  const silent = open - failing;
  if (died + failing > maxFailures)
    return `the canary fails: ${failing} of ${count} jobs failed and will be tried again`;
  return silent > 0
    ? `the canary gave no answer within ${wait} s: ${silent} of ${count} jobs have not ended`
    : undefined;
}
