import type { ProcessIdentity } from '../safety/process-identity.ts';
import { logOf } from './demo-process.ts';
import { type DemoState, demoFolder, readState } from './demo-state.ts';
import type { GuestName, GuestState } from './guest.ts';
import { guestNamed } from './guests.ts';
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
  /** What runs beside Postgres. */
  readonly guests: readonly GuestStatus[];
  readonly data?: string;
  readonly folder: string;
}

export interface GuestStatus {
  readonly name: GuestName;
  readonly url: string;
  /** The environment by which jobctl finds it. */
  readonly variables: Readonly<Record<string, string>>;
  readonly server: ProcessStatus;
  readonly worker: ProcessStatus;
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
    return {
      schemaVersion: 1,
      state: 'none',
      server: { running: false },
      worker: { running: false },
      guests: [],
      folder,
    };
  }
  const serverPid = await runningServer(state.dataDir);
  const worker = state.worker !== undefined && (await isRunning(state.worker));
  return {
    schemaVersion: 1,
    state: await phaseOf(state, serverPid),
    ...(serverPid === undefined || state.url === undefined ? {} : { url: state.url }),
    startedAt: state.startedAt,
    server: { ...running(serverPid), log: logOf(folder, 'server') },
    worker: { ...running(worker ? state.worker?.pid : undefined), log: logOf(folder, 'worker') },
    guests: await Promise.all((state.guests ?? []).map(guestStatus)),
    data: state.dataDir,
    folder,
  };
}

const guestStatus = async ({ name, url, server, worker }: GuestState): Promise<GuestStatus> => ({
  name,
  url,
  variables: guestNamed(name).variables(url),
  server: await processStatus(server),
  worker: await processStatus(worker),
});

const processStatus = async (it: ProcessIdentity | undefined): Promise<ProcessStatus> =>
  running(it !== undefined && (await isRunning(it)) ? it.pid : undefined);

const running = (pid: number | undefined): ProcessStatus =>
  pid === undefined ? { running: false } : { running: true, pid };

async function phaseOf(state: DemoState, serverPid: number | undefined): Promise<DemoStatus['state']> {
  if (state.url === undefined) return (await isRunning(state.starter)) ? 'starting' : 'ended';
  return serverPid === undefined ? 'ended' : 'running';
}
