import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import type { Errand } from './pipeline-main.ts';

const LIMIT_MS = 40_000;

/** What a whole run consists of. */
export interface Walked {
  readonly names: readonly string[];
  readonly commits: number;
  readonly writes: number;
  readonly run: string;
}

export interface Victims {
  /** Runs the errand in a process of its own. Undefined when that process was killed. */
  sendOut(errand: Errand): Promise<Walked | undefined>;
  remove(): Promise<void>;
}

/** Bundled and compiled once, because a hundred processes start from it. */
export async function bundleVictim(main = new URL('./pipeline-main.ts', import.meta.url)): Promise<Victims> {
  const folder = await mkdtemp(join(tmpdir(), 'jobctl-victim-'));
  const program = join(folder, `${basename(fileURLToPath(main), '.ts')}.js`);
  await build({
    input: fileURLToPath(main),
    platform: 'node',
    external: ['pg-native'],
    output: { dir: folder, format: 'esm' },
    logLevel: 'warn',
  });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  // read where the bundle lies, because this is not the build that puts them into it
  await cp(fileURLToPath(new URL('../../src/adapters/bullmq/lua', import.meta.url)), join(folder, 'lua'), {
    recursive: true,
  });
  const sendOut = (errand: Errand): Promise<Walked | undefined> =>
    new Promise((resolve, reject) => {
      const given = [program, JSON.stringify(errand)];
      const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') };
      execFile(process.execPath, given, { env, timeout: LIMIT_MS, killSignal: 'SIGTERM' }, (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout) as Walked);
        else if (error.signal === 'SIGKILL') resolve(undefined);
        else reject(new Error(`The errand ended with ${error.code ?? error.signal}: ${stderr}`));
      });
    });
  return { sendOut, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Does the work for all items, a few at a time, and tells every failure with its item. */
export async function forEach<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const failures: Error[] = [];
  const one = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      const told = JSON.stringify(item);
      await work(item).catch((error: Error) => {
        error.message = `${told}: ${error.message}`;
        failures.push(error);
      });
    }
  };
  await Promise.all(Array.from({ length: width }, one));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(({ message }) => message).join('\n'));
}
