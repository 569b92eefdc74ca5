import { readFileSync } from 'node:fs';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import pg from 'pg';
import { makeFolder } from '../safety/durable-file.ts';
import { thisProcess } from '../safety/process-identity.ts';
import { logOf, startProcess } from './demo-process.ts';
import { beingStarted, claimFolder, type DemoState, demoFolder, readState, writeState } from './demo-state.ts';
import { DATA_PREFIX, takeDown } from './down.ts';
import { addGuests } from './guests.ts';
import { type Seeded, seedIncident } from './incident.ts';
import { isRoot, othersReach, temporaryFolder } from './postgres-binaries.ts';
import { startPostgres } from './postgres-server.ts';
import { type DemoStatus, demoStatus } from './status.ts';

const schema = readFileSync(new URL('../../assets/demo/procrastinate.sql', import.meta.url), 'utf8');

/** The data is thrown away with the demo: nothing is worth waiting for the disk. */
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '50' };

export interface UpOptions {
  readonly stateDirectory: string;
  /** False: the queues stay as the crash left them. */
  readonly worker: boolean;
  /** False: Postgres alone. */
  readonly guests: boolean;
  readonly say: (text: string) => void;
}

/** Starts the demo, or what is missing of it. */
export async function up(options: UpOptions): Promise<DemoStatus> {
  const { stateDirectory, say } = options;
  const folder = demoFolder(stateDirectory);
  const found = await demoStatus(stateDirectory);
  if (found.state === 'starting') throw beingStarted();
  if (found.state === 'ended') {
    say('An earlier demo ended without "jobctl demo down": what it left behind is removed.');
    await takeDown(folder, (await readState(folder)) as DemoState);
  }
  if (found.state !== 'running') await start(folder, say);
  else say('The demo is up already.');
  if (options.worker && !found.worker.running) await addWorker(folder, say);
  if (options.guests) await addGuests(folder, options.worker, say);
  return demoStatus(stateDirectory);
}

async function start(folder: string, say: UpOptions['say']): Promise<void> {
  await makeFolder(folder);
  const dataDir = await chooseDataDir(folder);
  const state: DemoState = {
    schemaVersion: 1,
    starter: await thisProcess(),
    startedAt: new Date().toISOString(),
    dataDir,
  };
  await claimFolder(folder, state).catch(async (error) => {
    if (basename(dataDir).startsWith(DATA_PREFIX)) await rmdir(dataDir);
    throw error;
  });
  try {
    const since = performance.now();
    const server = await startPostgres({ dataDir, logFile: logOf(folder, 'server'), detached: true, settings });
    say(`Postgres runs on port ${server.port} (${seconds(since)}).`);
    const url = await createShop(server.url);
    const seeded = await fill(url);
    say(`The incident is in the database: ${seeded.jobs} jobs, ${seeded.events} events (${seconds(since)}).`);
    await writeState(folder, { ...state, url });
  } catch (error) {
    await takeDown(folder, state);
    throw error;
  }
}

/** As root the server runs as another user, who may not enter the state directory. */
async function chooseDataDir(folder: string): Promise<string> {
  if (!isRoot() || (await othersReach(folder))) return join(folder, 'data');
  return mkdtemp(join(await temporaryFolder(), DATA_PREFIX));
}

async function createShop(url: string): Promise<string> {
  await withClient(url, (db) => db.query('CREATE DATABASE shop STRATEGY file_copy'));
  return url.replace(/\/postgres$/, '/shop');
}

const fill = (url: string): Promise<Seeded> =>
  withClient(url, async (db) => {
    await db.query(schema);
    return seedIncident(db);
  });

async function withClient<T>(url: string, work: (db: pg.Client) => Promise<T>): Promise<T> {
  const db = new pg.Client(url);
  await db.connect();
  try {
    return await work(db);
  } finally {
    await db.end();
  }
}

async function addWorker(folder: string, say: UpOptions['say']): Promise<void> {
  const state = await readState(folder);
  if (state?.url === undefined) return;
  const program = new URL('./worker-main.ts', import.meta.url);
  const { process: worker } = await startProcess(folder, 'worker', program, [state.url]);
  await writeState(folder, { ...state, worker });
  say(`A worker has started (process ${worker.pid}).`);
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;
