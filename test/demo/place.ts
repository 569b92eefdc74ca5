import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Folders of its own for the demo: what is left in them afterwards, the demo has left. */
export interface Place {
  readonly stateDir: string;
  readonly temporary: string;
  run(...words: string[]): Promise<Ended>;
  runWith(variables: Readonly<Record<string, string>>, ...words: string[]): Promise<Ended>;
  start(...words: string[]): { kill(signal: NodeJS.Signals): void; text(): string; ended: Promise<Ended> };
  /** What lies around, but the copy of the binaries that root may need. */
  left(): Promise<string[]>;
}

export async function placeForTest({ home = root, program = join(home, 'bin', 'run.js') } = {}): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'jobctl-place-'));
  await chmod(folder, 0o755); // as root the server runs as another user
  const [stateDir, temporary] = [join(folder, 'state'), join(folder, 'tmp')];
  await mkdir(temporary, { mode: 0o755 });
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TMPDIR: temporary,
    NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), // where Node would put it, were TMPDIR not ours
    NO_COLOR: '1',
    JOBCTL_STATE_DIR: stateDir,
    JOBCTL_URL: 'postgres://nobody@127.0.0.1:1/nowhere', // the demo must never go where the user's jobs are
  };
  const startWith = (variables: Readonly<Record<string, string>>, words: readonly string[]) => {
    const child = spawn(process.execPath, [program, ...words], {
      cwd: folder,
      env: { ...env, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
    const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ ...texts, code })));
    return { kill: (signal: NodeJS.Signals) => void child.kill(signal), text: () => texts.stdout, ended };
  };
  const place: Place = {
    stateDir,
    temporary,
    start: (...words) => startWith({}, words),
    run: (...words) => startWith({}, words).ended,
    runWith: (variables, ...words) => startWith(variables, words).ended,
    left: async () => [
      ...(await readdir(temporary)).filter((name) => !name.startsWith('jobctl-postgres-')),
      ...(await readdir(stateDir).catch(() => [])),
    ],
  };
  onTestFinished(async () => {
    await place.run('demo', 'down');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return place;
}

/** The package as it is installed somewhere else, with these packages missing. */
export async function packageWithout(...missing: string[]): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'jobctl-package-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  for (const name of ['bin', 'dist', 'package.json', 'oclif.manifest.json'])
    await cp(join(root, name), join(home, name), { recursive: true });
  await mkdir(join(home, 'node_modules'));
  for (const name of await readdir(join(root, 'node_modules')))
    if (!missing.includes(name))
      await symlink(join(root, 'node_modules', name), join(home, 'node_modules', name), 'junction');
  return home;
}

export async function until(what: string, look: () => boolean, ms = 40_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!look()) {
    if (performance.now() > deadline) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
