import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { JobctlError } from '../domain/errors.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);

export interface RedisOptions {
  /** Kept after stop. Without it: a throwaway folder. */
  readonly dataDir?: string;
  readonly port?: number;
  /** What the server says goes here; server.log in the data folder otherwise. */
  readonly logFile?: string;
  /** The server outlives this process; end it with {@link stopRedis}. */
  readonly detached?: boolean;
  /** redis.conf settings, such as `{ requirepass: 'x' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The first redis-server (or its twin, valkey-server) on the PATH; undefined where there is none. */
export async function findRedis(): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];
  for (const name of ['redis-server', 'valkey-server']) {
    for (const folder of folders.filter((one) => one !== '')) {
      const path = join(folder, name);
      if (
        await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return path;
    }
  }
  return undefined;
}

export const noRedis = (): JobctlError =>
  new JobctlError('usage', 'There is no redis-server on this machine.', {
    next: ['apt-get install redis-server   # Debian, Ubuntu', 'brew install redis   # macOS'],
  });

/** Starts a real Redis on 127.0.0.1 that keeps nothing on disk, and waits until it answers. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const binary = await findRedis();
  if (binary === undefined) throw noRedis();
  const throwaway = options.dataDir === undefined;
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'jobctl-redis-')));
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const port = options.port ?? (await freePort());
  const log = await open(options.logFile ?? join(dataDir, 'server.log'), 'a');
  try {
    const server = spawn(binary, settingsOf(port, dataDir, options.settings), {
      cwd: dataDir,
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
      detached: options.detached ?? false,
      stdio: ['ignore', log.fd, log.fd],
    });
    const stopWithUs = (): void => void server.kill('SIGTERM');
    const ended = once(server, 'exit').then(
      () => 'it stopped at once',
      (cause: Error) => cause.message,
    );
    await ready(port, ended, options.logFile ?? join(dataDir, 'server.log'));
    if (options.detached) server.unref();
    else process.once('exit', stopWithUs);
    const pid = server.pid as number;
    return {
      url: `redis://127.0.0.1:${port}`,
      port,
      dataDir,
      pid,
      async stop() {
        process.off('exit', stopWithUs);
        await stopRedis(pid, port);
        if (throwaway) await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  } catch (error) {
    if (throwaway) await rm(dataDir, { recursive: true, force: true });
    throw error;
  } finally {
    await log.close();
  }
}

/** Stops the server on this port; refuses a pid that is another process. */
export async function stopRedis(pid: number, port: number): Promise<void> {
  if (!(await servesPort(pid, port))) return;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + 10_000;
  while (await servesPort(pid, port)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL'); // it keeps nothing, so there is nothing to save
    await sleep(5);
  }
}

/** Redis writes its port into its own title: `redis-server 127.0.0.1:6379`. */
export async function servesPort(pid: number, port: number): Promise<boolean> {
  const title =
    process.platform === 'linux'
      ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      : await run('ps', ['-o', 'command=', '-p', String(pid)]).then(
          ({ stdout }) => stdout,
          () => '',
        );
  return /(redis|valkey)-server/.test(title) && title.replaceAll('\0', ' ').includes(String(port));
}

function settingsOf(port: number, dataDir: string, settings: RedisOptions['settings']): string[] {
  const all = {
    port: String(port),
    bind: '127.0.0.1',
    dir: dataDir,
    save: '',
    appendonly: 'no',
    daemonize: 'no',
    'maxmemory-policy': 'noeviction',
    'protected-mode': 'yes',
    ...settings,
  };
  return Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
}

/** Even a server that wants a password answers a PING: with an error, but it answers. */
async function ready(port: number, ended: Promise<string>, logFile: string): Promise<void> {
  let over: string | undefined;
  void ended.then((why) => (over = why));
  const deadline = Date.now() + 15_000;
  while (!(await answers(port))) {
    if (Date.now() > deadline) over ??= 'it did not answer within 15 seconds';
    if (over !== undefined) {
      const said = await readFile(logFile, 'utf8').catch(() => '');
      throw new Error(`Redis did not start: ${over}\n${said.split('\n').slice(-8).join('\n')}`);
    }
    await sleep(5);
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write('PING\r\n'));
    const tell = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (data) => tell(!data.toString().startsWith('-LOADING')));
    socket.on('error', () => tell(false));
    socket.on('close', () => tell(false));
  });
