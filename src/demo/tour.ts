import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobctlError } from '../domain/errors.ts';
import { down } from './down.ts';
import { cliIn } from './tour/cli.ts';
import { readRows } from './tour/rows.ts';
import { steps } from './tour/steps.ts';
import { type StepReport, type Walk, walk } from './tour/walk.ts';
import { up } from './up.ts';

/** What `--json` prints. */
export interface TourReport {
  readonly schemaVersion: 1;
  readonly ok: boolean;
  readonly seconds: number;
  readonly steps: readonly StepReport[];
}

export interface TourOptions extends Pick<Walk, 'begins' | 'said' | 'ends'> {
  /** The built program, such as bin/run.js. */
  readonly program: string;
  readonly say: (text: string) => void;
  /** The server is there, and the incident in it. */
  readonly ready: (url: string) => void;
}

/**
 * Plays an incident through, on a demo of its own that goes with it: neither a demo of the user nor the history of their
 * runs is touched. No worker runs, so that every number is the same each time.
 */
export async function tour({ program, say, ready, ...tell }: TourOptions): Promise<TourReport> {
  const since = performance.now();
  using stop = stopRequests(say);
  const { signal } = stop;
  const folder = await mkdtemp(join(tmpdir(), 'jobctl-tour-'));
  try {
    const { url = '' } = await up({ stateDirectory: folder, worker: false, say });
    signal.throwIfAborted();
    ready(url);
    const cli = cliIn(folder, url, program, signal);
    const taken = await walk(steps, { cli, rows: () => readRows(url), signal, ...tell });
    const ok = taken.length === steps.length && taken.every((step) => step.ok);
    return { schemaVersion: 1, ok, seconds: Math.round(performance.now() - since) / 1000, steps: taken };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new JobctlError('cancelled', 'The tour was stopped, and its server and data are removed.', { cause: error });
  } finally {
    await down(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** However often it is asked to stop, it first removes what it started. */
function stopRequests(say: (text: string) => void) {
  const stop = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = (): void => {
    if (!stop.signal.aborted) say('Stopping: the server and its data are removed.');
    stop.abort();
  };
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: stop.signal,
    [Symbol.dispose]: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
