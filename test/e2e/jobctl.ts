import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { warm } from './warm.ts';

/** The built program, as it is installed: `npm test` builds it beforehand. */
export const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** Nothing takes this long here; a command that hangs fails instead of holding up the suite. */
const TIMEOUT_MS = 25_000;

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** Null when a signal ended it. */
  readonly code: number | null;
}

export interface RunOptions {
  readonly stdin?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** A machine of its own for the CLI: its folders, its environment, no terminal. */
export interface Home {
  readonly folder: string;
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string>>;
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** The same in a process that has the program loaded already, for long lists of commands: see warm.ts. */
  warm(args: readonly string[], options?: Pick<RunOptions, 'env'>): Promise<Ended>;
  start(args: readonly string[], options?: RunOptions): Running;
  /** Writes a file below the working folder and answers its path. */
  file(name: string, text: string): Promise<string>;
  remove(): Promise<void>;
}

export async function makeHome(url?: string): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'jobctl-e2e-'));
  const stateDir = join(folder, 'state');
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TZ: 'UTC',
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    COLUMNS: '80',
    JOBCTL_STATE_DIR: stateDir,
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_STATE_HOME: join(folder, 'xdg-state'),
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    ...(url === undefined ? {} : { JOBCTL_URL: url }),
  };
  const start = (args: readonly string[], options: RunOptions = {}): Running => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env: { ...env, ...options.env },
      stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    child.stdin?.on('error', () => {}); // a command that does not read it may be gone already
    child.stdin?.end(options.stdin);
    return { child, ended: endOf(child) };
  };
  return {
    folder,
    stateDir,
    env,
    start,
    run: (args, options) => start(args, options).ended,
    warm: (args, options) => warm({ program, args, folder, env: { ...env, ...options?.env } }),
    file: async (name, text) => {
      const path = join(folder, name);
      await writeFile(path, text);
      return path;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What a process has printed, once it has ended. */
export function endOf(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  return new Promise((resolve, reject) =>
    child.once('error', reject).once('close', (code) => resolve({ ...texts, code })),
  );
}

/** A home that goes with the test. */
export async function homeForTest(url?: string): Promise<Home> {
  const home = await makeHome(url);
  onTestFinished(() => home.remove());
  return home;
}

/** Asks again until there is an answer, or fails at the deadline. */
export async function until<T>(
  what: string | (() => string),
  look: () => T | Promise<T>,
  ms = 15_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`never came: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
