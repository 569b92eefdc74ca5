import type { QueueStats } from '../domain/adapter.ts';
import type { Instant } from '../domain/instant.ts';
import type { PauseNote } from '../output/pauses-text.ts';
import { pausesAt } from '../safety/pauses.ts';
import type { Session } from './session.ts';

/** What is known here of the pauses of these queues. One that the backend shows as running is over, whoever ended it. */
export async function pauseNotes(
  { reader, stateDir }: Pick<Session, 'reader' | 'stateDir'>,
  queues: readonly Pick<QueueStats, 'queue' | 'paused'>[],
  now: Instant,
): Promise<PauseNote[]> {
  const paused = new Set(queues.filter((one) => one.paused !== false).map(({ queue }) => queue));
  return (await pausesAt(stateDir, reader.backend.where))
    .filter(({ queue }) => paused.has(queue))
    .map(({ queue, since, until, by, reason }) => ({
      queue,
      since,
      by,
      ...(until === undefined ? {} : { until }),
      overdue: until !== undefined && until <= now,
      ...(reason === undefined ? {} : { reason }),
    }));
}
