import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Ended } from './jobctl.ts';
import type { Order } from './warm-main.ts';

const main = fileURLToPath(new URL('warm-main.ts', import.meta.url));
let child: ChildProcess | undefined;
let turn: Promise<unknown> = Promise.resolve();

/**
 * Runs a command line in a process that has the program loaded: a tenth of what a process of its own costs. One after
 * another, without a terminal, without input. What only a process can show (signals, pipes, that it ends) is not seen here.
 */
export function warm(order: Order): Promise<Ended> {
  const mine = turn.then(() => carryOut(order));
  turn = mine.catch(() => {});
  return mine;
}

function carryOut(order: Order): Promise<Ended> {
  child ??= start(order);
  const runner = child;
  return new Promise((resolve, reject) => {
    const gone = (code: number | null): void => reject(new Error(`the warm program ended with ${code}`));
    runner.once('exit', gone).once('message', (ended: Ended) => {
      runner.off('exit', gone);
      resolve(ended);
    });
    runner.send(order);
  });
}

function start({ env }: Order): ChildProcess {
  const started = fork(main, { env: { ...env }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  started.once('exit', () => (child = undefined));
  started.unref();
  started.channel?.unref();
  return started;
}
