/** Measures the speed and memory that the project promises, as ratios in one run on one machine. `npm run bench` */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bareLoop, bareScript, oneQuestion, oneStatement } from './bare.ts';
import { benchBullmq } from './bullmq.ts';
import { benchDialects } from './dialects.ts';
import { inTurn, type Measured, median, run, untilItConnects } from './process.ts';
import { createDatabase, dropDatabase, loadFlood, loadHistory, startServer, withClient } from './server.ts';
import { benchSqs } from './sqs.ts';

const bin = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const MILLION = Number(process.env['BENCH_ROWS'] ?? 1_000_000);
const FLOOD = Number(process.env['BENCH_FLOOD'] ?? 100_000);
const FEW = 1_000;

const folder = mkdtempSync(join(tmpdir(), 'jobctl-bench-'));
const server = await startServer();

const jobctl = (url: string, ...args: string[]): Promise<Measured> =>
  run(process.execPath, [bin, ...args], {
    ...process.env,
    JOBCTL_URL: url,
    JOBCTL_STATE_DIR: join(folder, 'state'),
    NO_COLOR: '1',
  });

const line = (name: string, value: string, goal = ''): void =>
  console.log(`${name.padEnd(46)} ${value.padEnd(34)} ${goal}`);
const ms = (seconds: number): string => `${Math.round(seconds * 1000)} ms`;

async function startUp(url: string): Promise<void> {
  const node = () => run(process.execPath, ['-e', '0'], process.env);
  for (const args of [['--version'], ['stats']]) {
    const { a, b, ratio } = await inTurn(15, () => jobctl(url, ...args), node);
    line(
      `jobctl ${args.join(' ')} / node -e 0`,
      `${ms(a)} / ${ms(b)} = ${ratio.toFixed(2)}`,
      args[0] === '--version' ? 'goal ≤ 3.5' : '',
    );
  }
}

/** All that a command does before it asks the first question, which is the same on any server. */
async function start(): Promise<void> {
  const connecting = async () => ({
    seconds: await untilItConnects((port) =>
      spawn(process.execPath, [bin, 'stats', '--url', `postgres://127.0.0.1:${port}/none`], {
        env: { ...process.env, JOBCTL_STATE_DIR: join(folder, 'state') },
        stdio: 'ignore',
      }),
    ),
  });
  const { a, b, ratio } = await inTurn(15, connecting, () => run(process.execPath, ['-e', '0'], process.env));
  line('jobctl stats until it connects / node -e 0', `${ms(a)} / ${ms(b)} = ${ratio.toFixed(2)}`, 'goal ≤ 3.5');
}

async function aMillion(url: string): Promise<void> {
  const script = (sql: string) => () => run(process.execPath, bareScript(url, sql), process.env);
  const against = async (name: keyof typeof oneQuestion, goal: string, ...args: string[]): Promise<void> => {
    const { a, b, ratio } = await inTurn(7, () => jobctl(url, ...args), script(oneQuestion[name]));
    line(args.join(' '), ms(a), goal);
    line('  a bare script with one statement', `${ms(b)}, ratio ${(1 / ratio).toFixed(2)}`);
  };
  const alone = async (...args: string[]): Promise<void> => {
    const { a } = await inTurn(
      7,
      () => jobctl(url, ...args),
      () => run(process.execPath, ['-e', '0'], process.env),
    );
    line(args.join(' '), ms(a));
  };
  await against('stats', 'goal < 500 ms', 'stats');
  await alone('stats', 'email', '--by', 'type');
  await against('dlq list', 'goal < 300 ms', 'dlq', 'list', 'email');
  await alone('dlq', 'groups', 'email');
}

/** One verb on a copy of the flood, each time a fresh one. */
async function onCopy<T>(template: string, work: (url: string) => Promise<T>): Promise<T> {
  const name = `copy_${Math.random().toString(36).slice(2)}`;
  const url = await createDatabase(server, name, template);
  try {
    await withClient(url, (client) => client.query('SELECT count(*) FROM procrastinate_jobs, LATERAL (SELECT 1) x'));
    return await work(url);
  } finally {
    await dropDatabase(server, name);
  }
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
};

async function bulk(verb: 'replay' | 'purge', args: string[]): Promise<void> {
  const template = verb === 'replay' ? 'dead' : 'done';
  const rounds = 3;
  const ours: Measured[] = [];
  const loops: number[] = [];
  const careful: number[] = [];
  const singles: number[] = [];
  for (let i = 0; i < rounds; i += 1) {
    ours.push(await onCopy(template, (url) => jobctl(url, ...args)));
    loops.push(await onCopy(template, (url) => withClient(url, (client) => seconds(() => bareLoop(client, verb)))));
    const backup = await open(join(folder, 'rows.ndjson'), 'w');
    careful.push(
      await onCopy(template, (url) => withClient(url, (client) => seconds(() => bareLoop(client, verb, backup)))),
    );
    await backup.close();
    singles.push(
      await onCopy(template, (url) => withClient(url, (client) => seconds(() => client.query(oneStatement[verb])))),
    );
  }
  const few = await onCopy(template, (url) => jobctl(url, ...args, '--limit', String(FEW)));
  const took = median(ours.map((one) => one.seconds));
  line(`${verb} ${FLOOD} jobs, with backup`, `${took.toFixed(2)} s`);
  const against = (what: string, others: readonly number[], goal?: string): void =>
    line(`  ${what}`, `${median(others).toFixed(2)} s, ratio ${(median(others) / took).toFixed(2)}`, goal);
  against('bare loop that saves the rows first', careful, 'goal ≥ 0.70');
  against('bare loop without a backup', loops);
  against('one bare statement', singles);
  memory(verb, ours, few);
}

function memory(verb: string, many: readonly Measured[], few: Measured, jobs = FLOOD): void {
  const peaks = many.flatMap(({ peakMb }) => (peakMb === undefined ? [] : [peakMb]));
  if (peaks.length === 0 || few.peakMb === undefined) {
    line(`  ${verb}, peak memory`, 'this system does not tell');
    return;
  }
  const most = Math.max(...peaks);
  line(
    `  peak memory, ${jobs} jobs / ${FEW}`,
    `${most.toFixed(0)} MB / ${few.peakMb.toFixed(0)} MB, +${(most - few.peakMb).toFixed(0)} MB`,
    'goal ≤ +40 MB',
  );
}

async function exporting(url: string): Promise<void> {
  const file = (name: string): string => join(folder, name);
  const many = await jobctl(url, 'dlq', 'export', 'flood', '--output', file('many.ndjson'));
  const few = await jobctl(url, 'dlq', 'export', 'flood', '--limit', String(FEW), '--output', file('few.ndjson'));
  line(`export ${FLOOD} jobs`, `${many.seconds.toFixed(2)} s`);
  memory('export', [many], few);
}

/** All of it, or with `npm run bench -- bullmq` one part: postgres, dialects, bullmq or sqs. */
const only = process.argv[2];
const wanted = (part: string): boolean => only === undefined || only === part;

try {
  console.log(`Node ${process.version}, the servers on this machine, medians. Compare ratios, not milliseconds.\n`);
  if (wanted('postgres')) await benchPostgres();
  if (wanted('dialects')) {
    const empty = (name: string): Promise<string> => createDatabase(server, name, 'template0');
    await benchDialects({ jobctl, line, folder, rows: MILLION, createDatabase: empty });
  }
  if (wanted('bullmq')) await benchBullmq({ jobctl, line, memory, folder });
  if (wanted('sqs')) await benchSqs({ jobctl, line, memory, folder });
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

interface Advice {
  readonly findings: readonly { readonly next?: string }[];
}

async function benchPostgres(): Promise<void> {
  const small = await createDatabase(server, 'small');
  await loadHistory(small, 1_000);
  await startUp(small);
  await start();
  console.log(`\n${MILLION} jobs in one database`);
  const million = await createDatabase(server, 'million');
  await loadHistory(million, MILLION);
  await withClient(million, (client) => client.query('VACUUM procrastinate_jobs'));
  await aMillion(million);
  const { findings } = JSON.parse((await jobctl(million, 'schema', 'check', '--json')).stdout) as Advice;
  const advised = findings.find(({ next }) => next?.startsWith('CREATE INDEX'))?.next;
  await withClient(million, async (client) => {
    await client.query(advised ?? '');
    await client.query('VACUUM ANALYZE procrastinate_jobs');
  });
  console.log('The same with the index that schema check advises');
  await aMillion(million);
  console.log('');
  for (const [name, status] of [
    ['dead', 'failed'],
    ['done', 'succeeded'],
  ] as const) {
    await loadFlood(await createDatabase(server, name), FLOOD, status);
  }
  await exporting(await createDatabase(server, 'exported', 'dead'));
  await bulk('replay', ['replay', 'flood', '--yes']);
  await bulk('purge', ['purge', 'flood', '--older-than', '30d', '--confirm', 'flood']);
}
