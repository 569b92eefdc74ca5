/**
 * What `jobctl top` costs: CPU and memory of the built program at one look a second over 500 queues, how long a key takes
 * to become a frame, and whether ten simulated hours leave anything behind. `npm run build` comes first.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { spawn } from '@lydell/node-pty';
import type { QueueStats } from '../src/domain/stats.ts';
import { plainStyle } from '../src/output/page.ts';
import { beginning, update } from '../src/top/state.ts';
import { frameLines } from '../src/top/views/frame.ts';

const QUEUES = 500;
const SECONDS = 30;
const HOURS = 10;
const program = fileURLToPath(new URL('../bin/run.js', import.meta.url));

const folder = await mkdtemp(join(tmpdir(), 'jobctl-measure-'));
try {
  await live(folder);
  await hours();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function live(home: string): Promise<void> {
  const lines = Array.from({ length: QUEUES }, (_, n) =>
    [{ state: 'waiting' }, { state: 'dead', error: { message: `timed out after ${n} s` } }]
      .map((job) => JSON.stringify({ queue: `queue-${n}`, ...job }))
      .join('\n'),
  );
  const seed = join(home, 'seed.ndjson');
  await writeFile(seed, lines.join('\n'));
  const env = { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', JOBCTL_STATE_DIR: home };
  const args = [program, 'top', '--url', `memory:${seed}`, '--every', '1s'];
  const pty = spawn(process.execPath, args, { name: 'xterm-256color', cols: 160, rows: 50, cwd: home, env });
  let heard: () => void = () => {};
  let ready = false;
  let bytes = 0;
  pty.onData((data) => {
    bytes += data.length;
    ready ||= data.includes('queue-');
    heard();
  });
  while (!ready) await sleep(20);
  await sleep(2000);
  const [before, sent, begun] = [await cpuSeconds(pty.pid), bytes, performance.now()];
  await sleep(SECONDS * 1000);
  const elapsed = (performance.now() - begun) / 1000;
  const cpu = (await cpuSeconds(pty.pid)) - before;
  print('CPU at 1 Hz', `${((cpu / elapsed) * 100).toFixed(1)} % of a core`);
  print('written at 1 Hz', `${((bytes - sent) / elapsed / 1000).toFixed(1)} kB/s`);
  const times: number[] = [];
  for (let n = 0; n < 100; n += 1) {
    await sleep(73);
    const at = performance.now();
    const frame = new Promise<void>((resolve) => {
      heard = resolve;
    });
    pty.write('j');
    await frame;
    times.push(performance.now() - at);
  }
  times.sort((a, b) => a - b);
  print('key to frame', `median ${times[50]?.toFixed(1)} ms, 95th percentile ${times[95]?.toFixed(1)} ms`);
  print('memory (RSS)', `${Math.round((await rss(pty.pid)) / 1e6)} MB`);
  pty.write('q');
  await new Promise((resolve) => pty.onExit(resolve));
}

/** Looks, keys and frames without a terminal, as many as ten hours have. */
async function hours(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const look = { style: plainStyle, clean: (text: string) => text, colour: false, unicode: true };
  const place = { name: 'prod', protected: false, readOnly: false, targets: {}, flags: [] };
  let state = beginning({ places: [place], columns: 160, rows: 50, now: 0, everyMs: 1000, unlocked: false });
  const looks = HOURS * 3600;
  let early = 0;
  for (let n = 0; n < looks; n += 1) {
    const seen = {
      backend: 'memory',
      version: '1',
      where: 'here',
      reads: 'peek',
      asOf: '2026-11-24T03:41:09.000000Z',
      queues: Array.from({ length: QUEUES }, (_, queue) => statsOf(queue, n)),
      pauses: [],
    } as const;
    [state] = update(state, { type: 'looked', place: 'prod', look: seen, at: n * 1000, tookMs: 5 });
    [state] = update(state, { type: 'key', key: n % 100 < 50 ? 'down' : 'up' });
    if (n % 10 === 0) frameLines(state, look);
    if (n === Math.floor(looks / 10)) early = heap(gc);
  }
  const late = heap(gc);
  print(`heap after ${HOURS / 10} h and ${HOURS} h`, `${(early / 1e6).toFixed(1)} MB, ${(late / 1e6).toFixed(1)} MB`);
}

function statsOf(queue: number, n: number): QueueStats {
  const counts = {
    waiting: (queue * n) % 977,
    delayed: 0,
    active: 1,
    completed: n,
    dead: queue % 7,
    cancelled: 0,
    blocked: 0,
  };
  return { queue: `queue-${queue}`, counts, other: {}, exact: true, oldestWaitingSeconds: n % 600 };
}

function heap(gc: () => void): number {
  gc();
  return process.memoryUsage().heapUsed;
}

/** User and system time, from the kernel: 100 ticks a second. */
async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function rss(pid: number): Promise<number> {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

function print(name: string, value: string): void {
  console.log(`${name.padEnd(26)} ${value}`);
}
