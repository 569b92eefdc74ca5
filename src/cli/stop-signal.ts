/**
 * The first Ctrl-C or SIGTERM asks the run to stop after the batch in flight; the second leaves at once, and the journal
 * has the intent.
 */
export function stopSignal(say: (text: string) => void): { readonly signal: AbortSignal; dispose(): void } {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
    say('Stopping after the batch in flight. Press Ctrl-C again to leave at once.');
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: stop.signal,
    dispose: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}
