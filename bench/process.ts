import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';

export interface Measured {
  readonly seconds: number;
  /** Peak resident memory, megabytes; undefined where the kernel does not tell. */
  readonly peakMb: number | undefined;
  readonly exitCode: number;
  readonly stdout: string;
}

/** Runs a whole process once, from outside. */
export async function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Measured> {
  const begun = performance.now();
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let peakKb: number | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout = keep(stdout + text)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = keep(stderr + text)));
  // VmHWM only ever grows, so the last reading is the peak but for what the last few milliseconds added
  const reading = setInterval(() => (peakKb = peakOf(child.pid) ?? peakKb), 10);
  const exitCode = await new Promise<number>((resolve, reject) =>
    child.once('error', reject).once('close', (code) => resolve(code ?? -1)),
  );
  clearInterval(reading);
  const seconds = (performance.now() - begun) / 1000;
  // 10: findings, which schema check was asked for
  if (exitCode !== 0 && exitCode !== 10)
    throw new Error(`${file} ${args.join(' ')} ended with ${exitCode}:\n${stderr}`);
  return { seconds, peakMb: peakKb === undefined ? undefined : peakKb / 1024, exitCode, stdout };
}

/** Seconds until a process that is given the port of a server here connects to it. That is all it is let to do. */
export async function untilItConnects(start: (port: number) => ChildProcess): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const begun = performance.now();
  const child = start((server.address() as AddressInfo).port);
  await once(server, 'connection');
  const seconds = (performance.now() - begun) / 1000;
  child.kill('SIGKILL');
  await once(child, 'close');
  server.close();
  return seconds;
}

const keep = (text: string): string => text.slice(-100_000);

function peakOf(pid: number | undefined): number | undefined {
  try {
    return (
      Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) || undefined
    );
  } catch {
    return undefined;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Medians of two commands run in turn, so that a busy machine slows both. */
export async function inTurn(
  times: number,
  a: () => Promise<Pick<Measured, 'seconds'>>,
  b: () => Promise<Pick<Measured, 'seconds'>>,
): Promise<{ a: number; b: number; ratio: number }> {
  const pairs: [number, number][] = [];
  await a();
  await b();
  for (let i = 0; i < times; i += 1) pairs.push([(await a()).seconds, (await b()).seconds]);
  return {
    a: median(pairs.map(([x]) => x)),
    b: median(pairs.map(([, y]) => y)),
    ratio: median(pairs.map(([x, y]) => x / y)),
  };
}
