import { JobctlError } from '../domain/errors.ts';

export interface PatiencePorts {
  /** Seconds on a clock that never goes back. */
  now(): number;
  /** Ends early when the wait is cancelled. */
  sleep(seconds: number): Promise<unknown>;
  readonly signal: AbortSignal;
  /** Called once when the answers stay away. */
  missed?(error: JobctlError): void;
}

/** A server that is restarted is back before that. */
const PATIENCE = 60;
const SHORTEST = 0.5;
const LONGEST = 5;

/** The backend gave no answer: nothing is known, and it may answer the next time. */
export const hasNoAnswer = (error: unknown): error is JobctlError =>
  error instanceof JobctlError && (error.kind === 'unreachable' || error.kind === 'timeout');

/**
 * For whoever waits for long: a look that gets no answer is made again, for a minute and no longer than there is time. What
 * ends it then is that the backend did not answer, which is another thing than what was waited for not having come.
 */
export async function patiently<T>(look: () => Promise<T>, ports: PatiencePorts, atMost = PATIENCE): Promise<T> {
  let until: number | undefined;
  for (let pause = SHORTEST; ; pause = Math.min(LONGEST, pause * 2)) {
    try {
      return await look();
    } catch (error) {
      if (!hasNoAnswer(error)) throw error;
      const now = ports.now();
      if (until === undefined) ports.missed?.(error);
      until ??= now + Math.min(PATIENCE, atMost);
      if (ports.signal.aborted || now >= until)
        throw new JobctlError('unreachable', error.message, { next: error.next, cause: error });
      await ports.sleep(Math.min(pause, until - now));
    }
  }
}
