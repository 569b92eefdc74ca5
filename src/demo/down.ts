import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { beingStarted, type DemoState, demoFolder, readState, removeFolder } from './demo-state.ts';
import { isRunning, stopProcess } from './own-process.ts';
import { runningServer, stopPostgres } from './postgres-server.ts';

export interface DemoDown {
  readonly schemaVersion: 1;
  /** False when there was nothing to stop. */
  readonly stopped: boolean;
}

/** Stops what `up` started, by the identities it wrote down, and removes the data. */
export async function down(stateDirectory: string): Promise<DemoDown> {
  const folder = demoFolder(stateDirectory);
  const state = await readState(folder);
  if (state === undefined) return { schemaVersion: 1, stopped: false };
  if (state.url === undefined && (await isRunning(state.starter))) throw beingStarted();
  await takeDown(folder, state);
  return { schemaVersion: 1, stopped: true };
}

/** The folder goes last: as long as anything is left, the next `down` finds it. */
export async function takeDown(folder: string, state: DemoState): Promise<void> {
  const processes = [state.worker, ...(state.guests ?? []).flatMap(({ worker, server }) => [worker, server])];
  for (const one of processes) if (one !== undefined) await stopProcess(one);
  const server = await runningServer(state.dataDir);
  if (server !== undefined) await stopPostgres(server, state.dataDir);
  if (isOurs(folder, state.dataDir)) await rm(state.dataDir, { recursive: true, force: true, maxRetries: 5 });
  await removeFolder(folder);
}

export const DATA_PREFIX = 'jobctl-demo-';

/** Only a folder that `up` could have made is removed, whatever the state file says. */
const isOurs = (folder: string, dataDir: string): boolean =>
  dataDir.startsWith(`${folder}/`) || basename(dataDir).startsWith(DATA_PREFIX);
