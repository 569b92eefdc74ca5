import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../config/duration.ts';
import type { Report } from '../domain/plan.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import type { Session } from './session.ts';
import { type SwitchOrder, switchQueues } from './switch-queues.ts';

/**
 * Waits until the pause is over, then resumes. Whoever stops the wait wants the workers back: Ctrl-C, SIGTERM and a closed
 * terminal resume at once. Only a second Ctrl-C leaves the queue paused, with its deadline on record.
 */
export async function endPause(
  session: Session,
  ports: Ports,
  pace: Pace,
  order: Pick<SwitchOrder, 'queues' | 'reason' | 'timeout'> & { readonly for: string },
  say: (text: string) => void,
): Promise<Report> {
  const { for: length, ...rest } = order;
  say(`Paused for ${length}. Ctrl-C resumes at once.`);
  await waited(parseDuration(length) * 1000, pace.signal);
  if (pace.signal.aborted) say(`Stopped before the time was over: resuming ${order.queues.join(', ')} now.`);
  const afresh = { ...pace, signal: new AbortController().signal };
  // the pause was agreed to, and so was its end
  const agreed = { ...ports, confirm: async () => {} };
  return await switchQueues(session, agreed, afresh, { ...rest, verb: 'resume', to: 'running' });
}

async function waited(ms: number, signal: AbortSignal): Promise<void> {
  const gone = new AbortController();
  const onHangUp = (): void => {
    process.stderr.on('error', () => {}); // there is nobody left to read it
    gone.abort();
  };
  process.once('SIGHUP', onHangUp);
  try {
    await sleep(ms, undefined, { signal: AbortSignal.any([signal, gone.signal]) }).catch(() => {});
  } finally {
    process.off('SIGHUP', onHangUp);
  }
}
