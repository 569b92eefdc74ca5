import { spawn } from '@lydell/node-pty';
import { onTestFinished } from 'vitest';
import { type Home, program, until } from './jobctl.ts';
import { VirtualScreen } from './virtual-screen.ts';

export interface TopTerminal {
  readonly pid: number;
  /** What a person sees now, line by line. */
  lines(): string[];
  /** All that was written, sequences and all. */
  output(): string;
  /** Waits until the screen shows this. */
  shows(what: string | RegExp): Promise<string>;
  press(...keys: readonly string[]): void;
  resize(columns: number, rows: number): void;
  readonly ended: Promise<{ code: number; signal: number }>;
}

export const KEY = { enter: '\r', escape: '\x1b', ctrlC: '\x03', ctrlZ: '\x1a', down: '\x1b[B', end: '\x1b[F' };

const TIMEOUT_MS = 40_000;

interface Window {
  readonly columns: number;
  readonly rows: number;
  readonly term?: string;
}

/** `jobctl top` in a pseudo-terminal, seen through a screen that understands what it writes. */
export function openTop(
  home: Home,
  args: readonly string[] = [],
  size: Window = { columns: 100, rows: 30 },
): TopTerminal {
  const name = size.term ?? 'xterm-256color';
  const env = { ...home.env, TERM: name, LANG: 'C.UTF-8' };
  const pty = spawn(process.execPath, [program, 'top', '--every', '1s', ...args], {
    name,
    cols: size.columns,
    rows: size.rows,
    cwd: home.folder,
    env,
  });
  let output = '';
  let over = false;
  const screen = new VirtualScreen(size.columns, size.rows);
  pty.onData((data) => {
    output += data;
    screen.write(data);
  });
  const ended = new Promise<{ code: number; signal: number }>((resolve) =>
    pty.onExit(({ exitCode, signal }) => {
      over = true;
      resolve({ code: exitCode, signal: signal ?? 0 });
    }),
  );
  const guard = setTimeout(() => over || pty.kill('SIGKILL'), TIMEOUT_MS);
  onTestFinished(() => {
    clearTimeout(guard);
    if (!over) pty.kill('SIGKILL');
  });
  return {
    pid: pty.pid,
    lines: () => screen.lines(),
    output: () => output,
    shows: (what) =>
      until(
        () => `${what} on the screen, which shows:\n${screen.lines().join('\n')}`,
        () => screen.lines().find((line) => (typeof what === 'string' ? line.includes(what) : what.test(line))),
        20_000,
      ),
    press: (...keys) => {
      for (const key of keys) pty.write(key);
    },
    resize: (columns, rows) => {
      screen.resize(columns, rows);
      pty.resize(columns, rows);
    },
    ended,
  };
}
