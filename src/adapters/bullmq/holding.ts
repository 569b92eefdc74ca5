import type { Claim, SavedJob } from '../../domain/claim.ts';
import { JobctlError } from '../../domain/errors.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { type Desk, type Place, writable } from './desk.ts';
import { newMark } from './marks.ts';

/** A batch may be of several queues; each has its own keys. */
export async function holding(
  desk: Desk,
  verb: string,
  saved: readonly SavedJob[],
  work: (place: Place, mark: string, jobs: readonly SavedJob[]) => Promise<Claim>,
): Promise<Claim> {
  if (desk.connection.closed)
    throw new JobctlError('unreachable', `The connection to ${desk.connection.where} is closed.`);
  const mark = newMark(verb);
  const parts: Claim[] = [];
  try {
    for (const [queue, jobs] of Map.groupBy(saved, ({ job }) => job.queue))
      parts.push(await work(await writable(desk, queue), mark, jobs));
  } catch (error) {
    await Promise.all(parts.map((part) => part.release()));
    throw error;
  }
  return {
    jobs: parts.flatMap(({ jobs }) => jobs),
    skipped: parts.flatMap(({ skipped }) => skipped),
    mark,
    async apply(jobs) {
      const outcomes: Outcome[] = [];
      for (const part of parts) {
        const mine = new Set(part.jobs.map(({ job }) => `${job.queue}\n${job.id}`));
        const some = jobs.filter(({ job }) => mine.has(`${job.queue}\n${job.id}`));
        if (some.length > 0) outcomes.push(...(await part.apply(some)));
      }
      return outcomes;
    },
    release: async () => void (await Promise.all(parts.map((part) => part.release()))),
  };
}
