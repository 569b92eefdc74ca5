import type { QueueReader } from '../domain/adapter.ts';
import type { Job, JobRef } from '../domain/job.ts';
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

/**
 * A few jobs go first, and the others only when those ended well. Whoever cannot tell what became of them does not go on:
 * a job that failed and will be tried again counts as failed when the time is over, one that has not run as unknown.
 */
export const canaryOn = (reader: QueueReader, request: CanaryRequest, ports: CanaryPorts): Canary => ({
  count: request.count,
  async watch(jobs) {
    const begun = ports.now();
    let open: readonly JobRef[] = jobs;
    let died = 0;
    for (let pause = SHORTEST; ; pause = Math.min(LONGEST, pause * 1.5)) {
      const pending: { readonly ref: JobRef; readonly job: Job }[] = [];
      for (const ref of open) {
        const job = (await reader.find(ref.id, ref.queue))?.job;
        if (job?.state === 'dead') died += 1;
        else if (job !== undefined && job.state !== 'completed' && job.state !== 'cancelled')
          pending.push({ ref, job });
      }
      open = pending.map(({ ref }) => ref);
      const ended = `${jobs.length - open.length} of ${jobs.length} ended, ${died} of them died again`;
      ports.show(`canary: ${ended}`);
      if (died > request.maxFailures) return `the canary died: ${ended}`;
      if (open.length === 0) return undefined;
      if (ports.signal.aborted) return 'stopped on request, while the canary was watched';
      const left = begun + request.wait - ports.now();
      if (left <= 0) return verdict(pending, died, request, jobs.length);
      await ports.sleep(Math.min(pause, left));
    }
  },
});

function verdict(
  pending: readonly { readonly job: Job }[],
  died: number,
  { maxFailures, wait }: CanaryRequest,
  count: number,
): string | undefined {
  const failing = pending.filter(({ job }) => job.retrying).length;
  const silent = pending.length - failing;
  if (died + failing > maxFailures)
    return `the canary fails: ${failing} of ${count} jobs failed and will be tried again`;
  return silent > 0
    ? `the canary gave no answer within ${wait} s: ${silent} of ${count} jobs have not ended`
    : undefined;
}
