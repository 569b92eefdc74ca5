import { spawn } from 'node:child_process';

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program as a user would; the words after its name are given. */
export type Cli = (words: readonly string[]) => Promise<Ended>;

/** No command of the tour takes nearly as long; one that hangs must not hang the tour. */
const TIMEOUT_MS = 30_000;
const PASSED_ON = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_COMPILE_CACHE', 'SystemRoot'];

/**
 * The built program as a process of its own, in a folder of its own: no configuration, no variable and no history of
 * the user reaches it.
 */
export function cliIn(
  folder: string,
  variables: Readonly<Record<string, string>>,
  program: string,
  signal: AbortSignal,
): Cli {
  const kept = PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const env = {
    ...Object.fromEntries(kept),
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    JOBCTL_STATE_DIR: folder,
    ...variables,
    NO_COLOR: '1',
  };
  return (words) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [program, ...words], {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        signal,
        timeout: TIMEOUT_MS,
        killSignal: 'SIGKILL', // what it was writing to is thrown away
      });
      const texts = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const)
        child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
      let failure: Error | undefined;
      child.once('error', (error) => (failure = error));
      child.once('close', (code) => (failure === undefined ? resolve({ code, ...texts }) : reject(failure)));
    });
}

/** The answer of a command that was asked for JSON. */
export async function ask(cli: Cli, words: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await cli([...words, '--json']);
  if (code !== 0) throw new Error(`With --json it ended with exit code ${code}: ${stderr.trim()}`);
  return JSON.parse(stdout);
}
