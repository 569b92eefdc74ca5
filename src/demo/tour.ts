import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobctlError } from '../domain/errors.ts';
import { down } from './down.ts';
import type { GuestStatus } from './status.ts';
import { cliIn } from './tour/cli.ts';
import type { Part } from './tour/part.ts';
import { type Rows, readRows } from './tour/rows.ts';
import type { Step } from './tour/step.ts';
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

export interface TourOptions extends Pick<Walk, 'said' | 'ends'> {
  /** The built program, such as bin/run.js. */
  readonly program: string;
  readonly say: (text: string) => void;
  /** From here on the commands go where these variables say: the server is there, and the incident in it. */
  readonly arrives: (variables: Readonly<Record<string, string>>) => void;
  /** Before the command of a step runs; `number` such as `3/16`. */
  readonly begins: (step: Step, number: string, command: string) => void;
}

/**
 * Plays an incident through, on a demo of its own that goes with it: neither a demo of the user nor the history of their
 * runs is touched. No worker runs, so that every number is the same each time.
 */
export async function tour({ program, say, arrives, ...tell }: TourOptions): Promise<TourReport> {
  const since = performance.now();
  using stop = stopRequests(say);
  const { signal } = stop;
  const folder = await mkdtemp(join(tmpdir(), 'jobctl-tour-'));
  try {
    const { url = '', guests } = await up({ stateDirectory: folder, worker: false, guests: true, say });
    signal.throwIfAborted();
    const parts = await partsOn(url, guests);
    const count = parts.reduce((sum, part) => sum + part.steps.length, 0);
    const taken: StepReport[] = [];
    for (const { steps, variables, rows } of parts) {
      if (!taken.every((step) => step.ok)) break;
      arrives(variables);
      const cli = cliIn(folder, variables, program, signal);
      const begins: Walk['begins'] = (step, number, command) =>
        tell.begins(step, `${taken.length + number}/${count}`, command);
      taken.push(...(await walk(steps, { cli, rows, signal, ...tell, begins })));
    }
    const ok = taken.length === count && taken.every((step) => step.ok);
    return { schemaVersion: 1, ok, seconds: Math.round(performance.now() - since) / 1000, steps: taken };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new JobctlError('cancelled', 'The tour was stopped, and its server and data are removed.', { cause: error });
  } finally {
    await down(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Leg extends Pick<Part, 'steps'> {
  readonly variables: Readonly<Record<string, string>>;
  rows(): Promise<Rows>;
}

/** Postgres first, then what else this machine has. */
async function partsOn(url: string, guests: readonly GuestStatus[]): Promise<Leg[]> {
  const legs: Leg[] = [{ steps, variables: { JOBCTL_URL: url }, rows: () => readRows(url) }];
  for (const { name, url: place, variables } of guests) {
    const part =
      name === 'bullmq'
        ? (await import('./tour/media-part.ts')).mediaPart
        : (await import('./tour/orders-part.ts')).ordersPart;
    legs.push({ steps: part.steps, variables, rows: () => part.rows(place) });
  }
  return legs;
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
