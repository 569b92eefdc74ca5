import { render, useApp, useInput, usePaste } from 'ink';
import type { ReactNode } from 'react';
import type { Desk } from './desk.ts';
import { keyNames } from './key-names.ts';
import type { State } from './model.ts';
import { startRuntime } from './runtime.ts';
import { beginning } from './state.ts';
import { frameLines } from './views/frame.ts';
import type { Look } from './views/look.ts';
import { Screen } from './views/screen.tsx';

export interface TopOptions {
  readonly desks: readonly Desk[];
  readonly look: Look;
  readonly everyMs: number;
  readonly unlocked: boolean;
  readonly filter?: string | undefined;
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  /** Stops this process until it is continued. */
  readonly suspend: () => Promise<void>;
}

type Suspend = (whileAway: () => Promise<void>) => Promise<void>;

export interface AppProps {
  readonly lines: readonly string[];
  readonly columns: number;
  readonly onKey: (key: string) => void;
  readonly onReady: (suspend: Suspend) => void;
}

export function App({ lines, columns, onKey, onReady }: AppProps): ReactNode {
  onReady(useApp().suspendTerminal);
  useInput((input, key) => {
    for (const name of keyNames(input, key)) onKey(name);
  });
  usePaste((text) => onKey(`text:${text.replaceAll(/\s+/g, ' ')}`));
  return <Screen lines={lines} columns={columns} />;
}

/** Resolves with the exit code when the terminal is as it was before. */
export async function runTop(options: TopOptions): Promise<number> {
  const { desks, look, stdout, stdin, everyMs, unlocked, filter } = options;
  const size = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const first = beginning({ places: desks, ...size(), now: performance.now(), everyMs, unlocked, filter });
  if (first.unlocked) for (const desk of desks) desk.unlock(true);
  let suspendTerminal: Suspend | undefined;
  let away = false;
  /** Whoever stops his process group hears it himself, when he is back. */
  let echo = false;
  let leave: (code: number) => void = () => {};
  let crash: (error: unknown) => void = () => {};
  const left = new Promise<number>((resolve, reject) => {
    leave = resolve;
    crash = reject;
  });

  const suspend = (): void => {
    if (away || suspendTerminal === undefined) return;
    away = true;
    echo = true;
    void suspendTerminal(options.suspend)
      .then(onResize)
      .catch(crash)
      .finally(() => (away = false));
  };
  const page = (state: State): ReactNode => (
    <App
      lines={frameLines(state, look)}
      columns={state.columns}
      onKey={(key) => runtime.dispatch({ type: 'key', key })}
      onReady={(ready) => (suspendTerminal = ready as Suspend)}
    />
  );
  const app = render(page(first), {
    stdout,
    stdin,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: 60,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true,
  });
  const runtime = startRuntime(first, {
    desks,
    clock: () => performance.now(),
    draw: (state) => app.rerender(page(state)),
    suspend,
    exit: leave,
  });
  const onResize = (): void => {
    runtime.dispatch({ type: 'resized', ...size() });
    runtime.flush(); // before Ink draws the old frame in the new window
  };
  const onStop = (): void => {
    if (echo) echo = false;
    else suspend();
  };
  const onTerminate = (): void => void runtime.stop().then(() => leave(TERMINATED));
  const signals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
  stdout.prependListener('resize', onResize);
  for (const signal of signals) process.on(signal, onTerminate);
  process.on('SIGTSTP', onStop);
  process.on('uncaughtException', crash);
  try {
    return await left;
  } finally {
    runtime.close();
    stdout.off('resize', onResize);
    for (const signal of signals) process.off(signal, onTerminate);
    process.off('SIGTSTP', onStop);
    process.off('uncaughtException', crash);
    app.unmount();
    await app.waitUntilExit().catch(() => {});
  }
}

/** As after Ctrl-C: it was not the operator's own leave. */
const TERMINATED = 130;
