/** The built program, kept loaded: carries out one command line after another, each in a folder and an environment of its own. */
import process from 'node:process';
import { pathToFileURL } from 'node:url';

export interface Order {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

type Write = typeof process.stdout.write;

const texts = { stdout: '', stderr: '' };
let code: number | undefined;
const keep =
  (name: keyof typeof texts): Write =>
  (chunk: string | Uint8Array, ...rest: unknown[]) => {
    if (code === undefined) texts[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    (rest.find((one) => typeof one === 'function') as (() => void) | undefined)?.();
    return true;
  };
process.stdout.write = keep('stdout');
process.stderr.write = keep('stderr');

class Left extends Error {}
const leave = process.exit.bind(process);
process.exit = (asked) => {
  code ??= Number(asked ?? process.exitCode ?? 0); // what is printed afterwards a process would not have printed
  throw new Left();
};

/** What the last run listened to: a process takes that with it. */
function forget(): void {
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal);
}

async function carryOut({ program, args, folder, env }: Order): Promise<void> {
  forget();
  texts.stdout = texts.stderr = '';
  code = undefined;
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(folder);
  process.argv = [process.execPath, program, ...args];
  process.exitCode = undefined;
  const { execute } = await import(new URL('../dist/main.js', pathToFileURL(program)).href);
  await execute({ args: [...args], dir: pathToFileURL(program).href }).catch((error: unknown) => {
    if (!(error instanceof Left)) throw error;
  });
  process.send?.({ ...texts, code: code ?? Number(process.exitCode ?? 0) });
}

process.once('disconnect', () => leave());
process.on('message', (order: Order) => void carryOut(order));
