import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ended } from '../e2e/jobctl.ts';

export interface Order {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 60_000;

/** The built program in a process that stays, for one command at a time. */
export class Resident {
  readonly #child: ChildProcess;

  /** `waits` is what shorter-waits.mjs is to make of them. */
  constructor(waits: string) {
    const main = fileURLToPath(new URL('./resident-main.mjs', import.meta.url));
    const execArgv = ['--import', new URL(`./shorter-waits.mjs?${waits}`, import.meta.url).href];
    this.#child = fork(main, { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  async run(order: Order): Promise<Ended> {
    const over = AbortSignal.timeout(TIMEOUT_MS);
    const gone = once(this.#child, 'exit', { signal: over }).then(([code]) => {
      throw new Error(`the program left by itself, with ${String(code)}: ${order.args.join(' ')}`);
    });
    this.#child.send(order);
    const [ended] = (await Promise.race([once(this.#child, 'message', { signal: over }), gone])) as [Ended];
    return ended;
  }

  stop(): void {
    this.#child.disconnect();
  }
}
