import { spawn } from '@lydell/node-pty';
import { onTestFinished } from 'vitest';
import { type Home, program, until } from './jobctl.ts';

/** The CLI in a pseudo-terminal of 80 columns: it may ask, move the cursor and be interrupted from the keyboard. */
export interface Terminal {
  /** All that was written to the screen, sequences and all. */
  readonly output: () => string;
  /** Waits until the screen has shown this, after what was already waited for. */
  waitFor(text: string | RegExp): Promise<void>;
  type(keys: string): void;
  readonly ended: Promise<number>;
}

export const CTRL_C = '\x03';
export const ENTER = '\r';

const TIMEOUT_MS = 25_000;

export function openTerminal(home: Home, args: readonly string[], env: Record<string, string> = {}): Terminal {
  const pty = spawn(process.execPath, [program, ...args], {
    name: 'xterm-256color',
    cols: 80,
    rows: 40,
    cwd: home.folder,
    env: { ...home.env, TERM: 'xterm-256color', ...env },
  });
  let output = '';
  let seen = 0;
  let over = false;
  pty.onData((data) => (output += data));
  const ended = new Promise<number>((resolve) =>
    pty.onExit(({ exitCode, signal }) => {
      over = true;
      resolve(signal ? 128 + signal : exitCode);
    }),
  );
  const guard = setTimeout(() => over || pty.kill('SIGKILL'), TIMEOUT_MS);
  onTestFinished(() => {
    clearTimeout(guard);
    if (!over) pty.kill('SIGKILL');
  });
  return {
    output: () => output,
    waitFor: async (text) => {
      const end = await until(
        () => `${text} on the screen, which shows:\n${output.slice(seen)}`,
        () => {
          const rest = output.slice(seen);
          const found = typeof text === 'string' ? rest.indexOf(text) : rest.search(text);
          return found === -1 ? undefined : seen + found + (typeof text === 'string' ? text.length : 1);
        },
      );
      seen = end;
    },
    type: (keys) => pty.write(keys),
    ended,
  };
}
