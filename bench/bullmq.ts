import { mkdir, open } from 'node:fs/promises';
import { availableParallelism, loadavg, setPriority } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { startRedis } from '../src/demo/redis-server.ts';
import { type Measured, median } from './process.ts';

const FLOOD = Number(process.env['BENCH_FLOOD'] ?? 100_000);
const FEW = 1_000;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const PAGE = 1000;
const BASE = 'bull:flood:';

export interface Bench {
  readonly jobctl: (url: string, ...args: string[]) => Promise<Measured>;
  readonly line: (name: string, value: string, goal?: string) => void;
  readonly memory: (verb: string, many: readonly Measured[], few: Measured, jobs?: number) => void;
  readonly folder: string;
}

type Verb = 'replay' | 'purge';

/** The same jobs each time, made inside Redis: about half a kilobyte of payload each, dead after three attempts. */
const seeding = `
  local body = string.rep('x', 420)
  for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
    redis.call('HSET', '${BASE}' .. n, 'name', 'email.send', 'data', '{"n":' .. n .. ',"body":"' .. body .. '"}', 'opts', '{"attempts":3}',
      'timestamp', '1700000000000', 'delay', '0', 'priority', '0', 'processedOn', '1700000000001', 'finishedOn', 1700000000002 + n,
      'failedReason', 'timeout after 30s', 'atm', '3', 'ats', '3',
      'stacktrace', '["Error: timeout after 30s\\\\n    at send (/app/mail.js:10:3)\\\\n    at run (/app/worker.js:7:1)"]')
    redis.call('ZADD', '${BASE}failed', 1700000000002 + n, n)
  end`;

async function flood(redis: Redis): Promise<void> {
  await redis.flushall();
  for (let from = 1; from <= FLOOD; from += 5000) await redis.eval(seeding, 0, from, Math.min(FLOOD, from + 4999));
  await redis.set(`${BASE}id`, FLOOD);
  await redis.hset(`${BASE}meta`, { version: 'bullmq:6.7.0', 'opts.maxLenEvents': '10000' });
  await redis.call('SLOWLOG', 'RESET');
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
};

/** The library's own call for all of them, without a backup. */
async function libraryCall(queue: Queue, verb: Verb): Promise<void> {
  if (verb === 'replay') return await queue.retryJobs({ count: PAGE, timestamp: Date.now() });
  while ((await queue.clean(0, PAGE, 'failed')).length > 0);
}

/** What a careful script does: every job is read, written to a file and synced, page by page, before that call. */
async function carefulLoop(redis: Redis, queue: Queue, verb: Verb, path: string): Promise<void> {
  const file = await open(path, 'w');
  for (let at = 0; ; at += PAGE) {
    const ids = await redis.zrange(`${BASE}failed`, String(at), String(at + PAGE - 1));
    if (ids.length === 0) break;
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.hgetall(`${BASE}${id}`);
    const hashes = (await pipeline.exec()) ?? [];
    await file.write(hashes.map(([, hash], index) => `${JSON.stringify({ id: ids[index], hash })}\n`).join(''));
    await file.datasync();
  }
  await file.close();
  await libraryCall(queue, verb);
}

/** What the button of bull-board does. */
async function retryAll(queue: Queue): Promise<void> {
  const jobs = await queue.getJobs(['failed']);
  await Promise.all(jobs.map((job) => job.retry()));
}

interface Holds {
  /** Milliseconds of the longest command or script since the flood, and what half of the scripts stay below. */
  readonly longest: number;
  readonly usual: number;
}

/** The longest one tells as much of the machine: a server that is not given its processor counts it as its own time. */
async function holds(redis: Redis): Promise<Holds> {
  const entries = (await redis.call('SLOWLOG', 'GET', '-1')) as [number, number, number, string[]][];
  const scripts = entries.filter(([, , , [name = '']]) => /^(evalsha|eval)$/i.test(name));
  const millis = (of: typeof entries): number[] => of.map(([, , micros]) => micros / 1000);
  return { longest: Math.max(0, ...millis(entries)), usual: scripts.length === 0 ? 0 : median(millis(scripts)) };
}

/** As on a machine of its own, Redis gets a processor when it wants one: the holds are then its own time. Only root may say so. */
function isFirst(pid: number): boolean {
  try {
    setPriority(pid, -15);
    return true;
  } catch {
    return false;
  }
}

export async function benchBullmq(bench: Bench): Promise<void> {
  const server = await startRedis({ settings: { 'slowlog-log-slower-than': '1000', 'slowlog-max-len': '10000' } });
  const first = isFirst(server.pid);
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  const queue = new Queue('flood', { connection: redis, skipMetasUpdate: true });
  try {
    await mkdir(bench.folder, { recursive: true });
    if (!first) bench.line('Redis shares the processors', 'its holds count the time it waits for one');
    await bulk(bench, server.url, redis, queue, 'replay', ['replay', 'flood', '--yes', '--force']);
    await bulk(bench, server.url, redis, queue, 'purge', [
      'purge',
      'flood',
      '--older-than',
      '30d',
      '--include-failed',
      '--confirm',
      'flood',
    ]);
  } finally {
    await queue.close();
    redis.disconnect();
    await server.stop();
  }
}

async function bulk(bench: Bench, url: string, redis: Redis, queue: Queue, verb: Verb, args: string[]): Promise<void> {
  const { jobctl, line, memory, folder } = bench;
  const fresh = async (work: () => Promise<unknown>): Promise<number> => {
    await flood(redis);
    return await seconds(work);
  };
  const ours: Measured[] = [];
  const careful: number[] = [];
  const bare: number[] = [];
  const board: number[] = [];
  const blocked: Holds[] = [];
  const theirs: Holds[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await flood(redis);
    ours.push(await jobctl(url, ...args));
    blocked.push(await holds(redis));
    careful.push(await fresh(() => carefulLoop(redis, queue, verb, join(folder, 'jobs.ndjson'))));
    theirs.push(await holds(redis));
    bare.push(await fresh(() => libraryCall(queue, verb)));
    if (verb === 'replay') board.push(await fresh(() => retryAll(queue)));
  }
  await flood(redis);
  const few = await jobctl(url, ...args, '--limit', String(FEW));
  const took = median(ours.map((one) => one.seconds));
  line(`${verb} ${FLOOD} BullMQ jobs, with backup`, `${took.toFixed(2)} s`);
  const against = (what: string, others: readonly number[], goal?: string): void =>
    line(`  ${what}`, `${median(others).toFixed(2)} s, ratio ${(median(others) / took).toFixed(2)}`, goal);
  against('loop that saves, then the bulk call', careful, 'goal ≥ 0.70');
  against(verb === 'replay' ? 'retryJobs without a backup' : 'clean without a backup', bare);
  if (board.length > 0) against("bull-board's retry all", board);
  const most = (of: readonly Holds[], what: keyof Holds): string =>
    `${Math.max(...of.map((one) => one[what])).toFixed(1)} ms`;
  line(
    '  longest hold on Redis, ours / the loop',
    `${most(blocked, 'longest')} / ${most(theirs, 'longest')}`,
    'goal ≤ 20 ms',
  );
  line('  half of the slow scripts stay below', `${most(blocked, 'usual')} / ${most(theirs, 'usual')}`);
  line('  load of the machine meanwhile', `${(loadavg()[0] ?? 0).toFixed(1)} on ${availableParallelism()} processors`);
  memory(verb, ours, few);
}
