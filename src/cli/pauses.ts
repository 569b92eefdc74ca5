import type { Instant } from '../domain/instant.ts';
import type { QueueStats } from '../domain/stats.ts';
import { type PauseNote, pauseLine } from '../output/pauses-text.ts';
import { pausesAt } from '../safety/pauses.ts';
import { shellWord } from '../safety/shell-word.ts';
import { placed } from './placed.ts';
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

/** Of a pause whose time is over, with the command that ends it at this place. */
export function overdueText(pause: PauseNote, now: Instant, argv: readonly string[]): string {
  const [resume] = placed([`jobctl resume ${shellWord(pause.queue)}`], argv);
  return `${pauseLine(pause, now)} Run: ${resume}`;
}
