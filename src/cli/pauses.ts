import type { Instant } from '../domain/instant.ts';
import type { QueueStats } from '../domain/stats.ts';
import type { PauseNote } from '../output/pauses-text.ts';
import { pausesAt } from '../safety/pauses.ts';
import type { Session } from './session.ts';
import { hookFor } from './switches.ts';

/**
 * What is known here of the pauses of these queues. One that the backend shows as running is over, whoever ended it; of one
 * that a hook made the backend knows nothing.
 */
export async function pauseNotes(
  session: Pick<Session, 'reader' | 'adapter' | 'context' | 'stateDir'>,
  queues: readonly Pick<QueueStats, 'queue' | 'paused'>[],
  now: Instant,
): Promise<PauseNote[]> {
  const { reader, stateDir } = session;
  const isOver = ({ queue, paused }: Pick<QueueStats, 'queue' | 'paused'>): boolean =>
    paused === false && hookFor(session, queue) === undefined;
  const paused = new Set(queues.filter((one) => !isOver(one)).map(({ queue }) => queue));
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
