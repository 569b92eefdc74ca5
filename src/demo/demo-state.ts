import { link, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { JobctlError } from '../domain/errors.ts';
import { makeFolder, writeDurably } from '../safety/durable-file.ts';
import type { ProcessIdentity } from '../safety/process-identity.ts';
import type { GuestState } from './guest.ts';

/** What `demo up` leaves behind, so that `status` and `down` find exactly what it started. */
export interface DemoState {
  readonly schemaVersion: 1;
  /** Who started it; while it runs and `url` is missing, the demo is being made. */
  readonly starter: ProcessIdentity;
  readonly startedAt: string;
  readonly dataDir: string;
  /** Set when the incident is in the database. */
  readonly url?: string;
  readonly worker?: ProcessIdentity;
  readonly guests?: readonly GuestState[];
}

export const demoFolder = (stateDirectory: string): string => join(stateDirectory, 'demo');
const stateFile = (folder: string): string => join(folder, 'demo.json');

export async function readState(folder: string): Promise<DemoState | undefined> {
  const path = stateFile(folder);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const state = parse(text);
  if (state === undefined) {
    throw new JobctlError('usage', `${path} cannot be read as the state of a demo.`, {
      next: [`End the processes of the demo yourself (ps aux | grep ${folder}), then remove ${folder}.`],
    });
  }
  if (state.starter.host !== hostname()) {
    throw new JobctlError('refused', `The demo of ${folder} was started on another machine, ${state.starter.host}.`, {
      next: ['Stop it there with: jobctl demo down', `If that machine is gone, remove ${folder}.`],
    });
  }
  return state;
}

function parse(text: string): DemoState | undefined {
  try {
    const state = JSON.parse(text) as DemoState;
    return state.schemaVersion === 1 && typeof state.dataDir === 'string' ? state : undefined;
  } catch {
    return undefined;
  }
}

/** The first `demo up` gets the folder; one that comes at the same time is refused. */
export async function claimFolder(folder: string, state: DemoState): Promise<void> {
  await makeFolder(folder);
  const draft = join(folder, `claim-${state.starter.pid}.json`);
  await writeDurably(draft, textOf(state));
  try {
    await link(draft, stateFile(folder)); // all of it or, when there is one already, nothing
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw beingStarted(cause);
  } finally {
    await rm(draft, { force: true });
  }
}

export const beingStarted = (cause?: unknown): JobctlError =>
  new JobctlError('locked', 'Another "jobctl demo up" is starting the demo right now.', {
    next: ['jobctl demo status'],
    cause,
  });

const textOf = (state: DemoState): string => `${JSON.stringify(state, null, 2)}\n`;

export const writeState = (folder: string, state: DemoState): Promise<void> =>
  writeDurably(stateFile(folder), textOf(state));

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });
