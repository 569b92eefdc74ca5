import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, open, readFile, realpath, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';
import { findPostgres, isRoot, NOBODY, othersReach, temporaryFolder } from './postgres-binaries.ts';

const run = promisify(execFile);

export interface PostgresOptions {
  /** Kept after stop, and opened again if it holds a cluster already. Without it: a throwaway folder. */
  readonly dataDir?: string;
  readonly port?: number;
  /** What the server says goes here; server.log in the data folder otherwise. */
  readonly logFile?: string;
  /** The server outlives this process; end it with {@link stopPostgres}. */
  readonly detached?: boolean;
  /** postgresql.conf settings, such as `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a real Postgres on 127.0.0.1, superuser "postgres" without a password, and waits until it takes connections. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const home = await findPostgres();
  const dataDir = await prepareDataDir(options.dataDir);
  const throwaway = options.dataDir === undefined;
  try {
    await initialize(home, dataDir);
    const port = options.port ?? (await freePort());
    const logFile = options.logFile ?? join(dataDir, 'server.log');
    const log = await open(logFile, 'a');
    const server = spawn(join(home, 'bin', 'postgres'), serverArguments(dataDir, port, options.settings), {
      ...identity(),
      detached: options.detached ?? false,
      stdio: ['ignore', log.fd, log.fd],
    });
    const exited = once(server, 'exit');
    exited.catch(() => undefined); // told by ready() below
    await ready(dataDir, server.pid, exited, logFile).finally(() => log.close());
    const pid = server.pid as number;
    const stopWithUs = (): void => void server.kill('SIGINT');
    if (options.detached) server.unref();
    else process.once('exit', stopWithUs);
    return {
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      host: '127.0.0.1',
      port,
      dataDir,
      pid,
      async stop() {
        process.off('exit', stopWithUs);
        await stopPostgres(pid, dataDir, { removeData: throwaway });
      },
    };
  } catch (error) {
    if (throwaway) await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
}

/** Stops the server of this data folder (and removes the folder, if told so); refuses a pid that is another process. */
export async function stopPostgres(pid: number, dataDir: string, { removeData = false } = {}): Promise<void> {
  const alive = isAlive(pid);
  if (alive && (await runningServer(dataDir)) !== pid) {
    throw new Error(`Process ${pid} is not the Postgres server of ${dataDir}, so it was left alone.`);
  }
  if (alive) {
    process.kill(pid, 'SIGINT'); // "fast": ends the sessions, then shuts down cleanly
    const deadline = Date.now() + 20_000;
    while ((await readPidFile(dataDir))?.pid === pid) {
      if (Date.now() > deadline) throw new Error(`Postgres (process ${pid}) did not stop within 20 seconds.`);
      await sleep(5);
    }
  }
  const isCluster = await exists(join(dataDir, 'PG_VERSION'));
  if (removeData && isCluster) await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
}

/** The process that serves this data folder now, if there is one. */
export async function runningServer(dataDir: string): Promise<number | undefined> {
  const pid = (await readPidFile(dataDir))?.pid;
  if (pid === undefined || !isAlive(pid)) return undefined;
  return (await commandLine(pid)).includes(dataDir) ? pid : undefined; // else a later process with the same number
}

function serverArguments(dataDir: string, port: number, settings: PostgresOptions['settings']): string[] {
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
  };
  return ['-D', dataDir, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Who the server runs as, and what it sees of our environment: no PG* variable may reach it. */
function identity() {
  const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
  return isRoot() ? { env, cwd: '/', uid: NOBODY, gid: NOBODY } : { env, cwd: '/' };
}

async function prepareDataDir(wanted: string | undefined): Promise<string> {
  if (wanted === undefined) await temporaryFolder();
  else await mkdir(wanted, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(wanted ?? (await mkdtemp(join(await temporaryFolder(), 'jobctl-postgres-data-'))));
  if (!isRoot()) return dataDir;
  if (!(await othersReach(dirname(dataDir)))) {
    throw new Error(
      `As root the server runs as another user, who cannot enter ${dirname(dataDir)}. Choose another folder.`,
    );
  }
  await chown(dataDir, NOBODY, NOBODY);
  return dataDir;
}

async function initialize(home: string, dataDir: string): Promise<void> {
  if (await exists(join(dataDir, 'PG_VERSION'))) return;
  const how = ['-D', dataDir, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
  await run(join(home, 'bin', 'initdb'), how, identity());
}

/** The server writes its state into its pid file; "ready" is what pg_ctl waits for too. */
async function ready(
  dataDir: string,
  pid: number | undefined,
  exited: Promise<unknown>,
  logFile: string,
): Promise<void> {
  let ended: unknown;
  exited.then(
    () => {
      ended = 'it stopped at once';
    },
    (cause: unknown) => {
      ended = cause;
    },
  );
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await readPidFile(dataDir);
    if (found?.pid === pid && found?.state === 'ready') return;
    if (ended === undefined && Date.now() > deadline) ended = 'it was not ready after 30 seconds';
    if (ended !== undefined) {
      const said = await readFile(logFile, 'utf8').catch(() => '');
      throw new Error(`Postgres did not start: ${String(ended)}\n${said.split('\n').slice(-8).join('\n')}`);
    }
    await sleep(5);
  }
}

async function readPidFile(dataDir: string): Promise<{ pid: number; state: string | undefined } | undefined> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  return { pid: Number(lines[0]), state: lines[7]?.trim() };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux')
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
  return run('ps', ['-o', 'command=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => '', // it has ended meanwhile
  );
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
