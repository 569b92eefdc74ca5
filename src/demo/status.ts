import { join } from 'node:path';
import { type DemoState, demoFolder, readState } from './demo-state.ts';
import { workerLog } from './demo-worker.ts';
import { isRunning } from './own-process.ts';
import { runningServer } from './postgres-server.ts';

/** What `--json` prints. */
export interface DemoStatus {
  readonly schemaVersion: 1;
  readonly state: 'none' | 'starting' | 'running' | 'ended';
  /** Missing while there is nothing to connect to. */
  readonly url?: string;
  readonly startedAt?: string;
  readonly server: ProcessStatus;
  readonly worker: ProcessStatus;
  readonly data?: string;
  readonly folder: string;
}

interface ProcessStatus {
  readonly running: boolean;
  readonly pid?: number;
  readonly log?: string;
}

export async function demoStatus(stateDirectory: string): Promise<DemoStatus> {
  const folder = demoFolder(stateDirectory);
  const state = await readState(folder);
  if (state === undefined) {
    return { schemaVersion: 1, state: 'none', server: { running: false }, worker: { running: false }, folder };
  }
  const serverPid = await runningServer(state.dataDir);
  const worker = state.worker !== undefined && (await isRunning(state.worker));
  return {
    schemaVersion: 1,
    state: await phaseOf(state, serverPid),
    ...(serverPid === undefined || state.url === undefined ? {} : { url: state.url }),
    startedAt: state.startedAt,
    server: { ...running(serverPid), log: serverLog(folder) },
    worker: { ...running(worker ? state.worker?.pid : undefined), log: workerLog(folder) },
    data: state.dataDir,
    folder,
  };
}

const running = (pid: number | undefined): ProcessStatus =>
  pid === undefined ? { running: false } : { running: true, pid };

async function phaseOf(state: DemoState, serverPid: number | undefined): Promise<DemoStatus['state']> {
  if (state.url === undefined) return (await isRunning(state.starter)) ? 'starting' : 'ended';
  return serverPid === undefined ? 'ended' : 'running';
}

export const serverLog = (folder: string): string => join(folder, 'server.log');
