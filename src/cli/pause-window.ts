import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../config/duration.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Report } from '../domain/plan.ts';
import { hasNoAnswer } from '../operations/patience.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { shellWord } from '../safety/shell-word.ts';
import type { Session } from './session.ts';
import { type SwitchOrder, switchQueues } from './switch-queues.ts';

/** Between two tries to resume, and for all of them: a server that is restarted or fails over is back before that. */
const AGAIN_MS = 3000;
const PATIENCE_MS = 300_000;

/**
 * Waits until the pause is over, then resumes, and tries again where the backend does not answer just then. Whoever stops the
 * wait wants the workers back: Ctrl-C, SIGTERM and a closed terminal resume at once. Only a second Ctrl-C leaves the queue
 * paused, with its deadline on record.
 */
export async function endPause(
  session: Session,
  ports: Ports,
  pace: Pace,
  order: Pick<SwitchOrder, 'queues' | 'reason' | 'timeout'> & { readonly for: string },
  say: (text: string) => void,
  patienceMs = PATIENCE_MS,
): Promise<Report> {
  const { for: length, ...rest } = order;
  say(`Paused for ${length}. Ctrl-C resumes at once.`);
  await sleep(parseDuration(length) * 1000, undefined, { signal: pace.signal }).catch(() => {});
  if (pace.signal.aborted) say(`Stopped before the time was over: resuming ${order.queues.join(', ')} now.`);
  const afresh = { ...pace, signal: new AbortController().signal };
  // the pause was agreed to, and so was its end
  const agreed = { ...ports, confirm: async () => {} };
  const begun = performance.now();
  for (;;) {
    try {
      return await switchQueues(session, agreed, afresh, { ...rest, verb: 'resume', to: 'running' });
    } catch (error) {
      const mayPass = hasNoAnswer(error) || (error instanceof JobctlError && error.kind === 'locked');
      if (!mayPass || performance.now() - begun > patienceMs) throw stillPaused(error, order.queues);
      say(`${error.message}; still paused, trying again. Ctrl-C twice leaves it so.`);
      await sleep(Math.min(AGAIN_MS, patienceMs));
    }
  }
}

/** The workers stand still until somebody does it by hand, so that comes first. */
const stillPaused = (error: unknown, queues: readonly string[]): unknown =>
  error instanceof JobctlError
    ? new JobctlError(
        error.kind,
        `${queues.join(', ')} ${queues.length === 1 ? 'is' : 'are'} STILL PAUSED: ${error.message}`,
        {
          next: [`jobctl resume ${queues.map(shellWord).join(' ')}`, ...error.next],
          cause: error,
        },
      )
    : error;
