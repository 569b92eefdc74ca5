import type { QueueReader } from '../domain/adapter.ts';
import { onHangUp } from './hang-up.ts';

/**
 * The first Ctrl-C or SIGTERM asks the run to stop after the batch in flight; the second leaves at once, and the journal
 * has the intent. `hangUp`: so does a terminal that is closed, for what must clean up after itself, unless it was
 * started to outlive that.
 */
export function stopSignal(answer: () => void, hangUp = false): { readonly signal: AbortSignal; dispose(): void } {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
    answer();
  };
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.on(name, onSignal);
  const off = onHangUp(hangUp ? onSignal : undefined);
  return {
    signal: stop.signal,
    dispose: () => {
      for (const name of names) process.off(name, onSignal);
      off();
    },
  };
}

/**
 * Where a look hides jobs, Ctrl-C and SIGTERM let go of them before the process ends; a second one does not wait. The result
 * takes the handler away.
 */
export function letGoOnSignal(reader: Pick<QueueReader, 'close'>): () => void {
  let leaving = false;
  const onSignal = (): void => {
    if (leaving) process.exit(130);
    leaving = true;
    void reader.close().finally(() => process.exit(130));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
}
