import { earlier, type Instant, secondsBetween } from '../../domain/instant.ts';
import { type Job, type JobState, jobStates } from '../../domain/job.ts';
import type { QueueStats, StatsRequest, StatsRow } from '../../domain/stats.ts';
import { toJob } from './memory-job.ts';
import type { MemoryStore } from './store.ts';

const WINDOW_SECONDS = 300;

/** Only queues that exist: a name never seen gets no row. */
export function queueStats(store: MemoryStore, { queues, by }: StatsRequest): QueueStats[] {
  const now = store.clock();
  const jobs = Map.groupBy(
    store.entries().map(({ job }) => toJob(job, now)),
    (job) => job.queue,
  );
  return [...store.queues]
    .filter((queue) => queues?.includes(queue) ?? true)
    .sort()
    .map((queue) => {
      const mine = jobs.get(queue) ?? [];
      const paused = store.paused.has(queue);
      if (by === undefined) return { queue, paused, ...row(mine, now) };
      const groups = [...Map.groupBy(mine, (job) => job[by] ?? '')].sort(([a], [b]) => (a < b ? -1 : 1));
      return { queue, paused, ...row(mine, now), by: groups.map(([key, some]) => ({ key, ...row(some, now) })) };
    });
}

function row(jobs: readonly Job[], now: Instant): StatsRow {
  const counts = Object.fromEntries(jobStates.map((state) => [state, 0])) as Record<JobState, number>;
  for (const job of jobs) counts[job.state] += 1;
  const recent = (state: JobState) =>
    jobs.filter((job) => job.state === state && job.since !== undefined && job.since >= earlier(now, WINDOW_SECONDS))
      .length;
  return {
    counts,
    other: {},
    exact: true,
    oldestWaitingSeconds: oldest(jobs, 'waiting', now),
    oldestActiveSeconds: oldest(jobs, 'active', now),
    rates: { windowSeconds: WINDOW_SECONDS, completed: recent('completed'), died: recent('dead') },
  };
}

function oldest(jobs: readonly Job[], state: JobState, now: Instant): number | undefined {
  const first = jobs.reduce<Instant | undefined>(
    (min, job) =>
      job.state === state && job.since !== undefined && (min === undefined || job.since < min) ? job.since : min,
    undefined,
  );
  return first === undefined ? undefined : Math.max(0, secondsBetween(first, now));
}
