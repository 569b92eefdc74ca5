import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Ended } from './jobctl.ts';
import type { Order } from './warm-main.ts';

const main = fileURLToPath(new URL('warm-main.ts', import.meta.url));

/**
 * The program in a process that has it loaded: a command costs a tenth of what a process of its own costs. One after
 * another, without a terminal, without input. What only a process can show (signals, pipes, that it ends) is not seen here.
 */
export class WarmProgram {
  readonly #execArgv: readonly string[];
  #child: ChildProcess | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** `execArgv`: what Node is given beside the program. */
  constructor(execArgv: readonly string[] = []) {
    this.#execArgv = execArgv;
  }

  run(order: Order): Promise<Ended> {
    const mine = this.#turn.then(() => this.#carryOut(order));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  stop(): void {
    this.#child?.disconnect();
  }

  #carryOut(order: Order): Promise<Ended> {
    this.#child ??= this.#start(order);
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const gone = (code: number | null): void =>
        reject(new Error(`the program left by itself, with ${code}: ${order.args.join(' ')}`));
      child.once('exit', gone).once('message', (ended: Ended) => {
        child.off('exit', gone);
        resolve(ended);
      });
      child.send(order);
    });
  }

  #start({ env }: Order): ChildProcess {
    const child = fork(main, {
      env: { ...env },
      execArgv: [...this.#execArgv],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.once('exit', () => (this.#child = undefined));
    child.unref();
    child.channel?.unref();
    return child;
  }
}

const shared = new WarmProgram();

export const warm = (order: Order): Promise<Ended> => shared.run(order);
