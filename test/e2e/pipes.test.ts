import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type IPty, spawn } from '@lydell/node-pty';
import { expect, it, onTestFinished } from 'vitest';
import { createProcrastinate } from '../setup/databases.ts';
import { loadMany } from '../setup/procrastinate.ts';
import { answerOf } from './answer.ts';
import { type Home, homeForTest, program, until } from './jobctl.ts';
import { openShop } from './shop.ts';

it('a reader that goes away ends a list and an export quietly', async () => {
  const database = await createProcrastinate('3.9');
  onTestFinished(() => database.drop());
  await loadMany(database.pool, 20_000, { queues: ['email'] });
  const home = await homeForTest(database.url);
  for (const command of [
    ['job', 'list', 'email', '--ndjson'],
    ['dlq', 'export', 'email'],
  ]) {
    const { child, ended } = home.start(command);
    await once(child.stdout as NodeJS.EventEmitter, 'data');
    child.stdout?.destroy();
    const { code, stderr } = await ended;
    expect({ command, code, errors: stderr.match(/error|warning|EPIPE|at .*js/i) }).toEqual({
      command,
      code: 0,
      errors: null,
    });
  }
});

it.each(['stdout', 'stderr'] as const)('a reader of %s that goes away never stops a write halfway', async (stream) => {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  const home = await homeForTest(shop.url);
  const { child, ended } = home.start([
    'replay',
    'email',
    '--batch',
    '1',
    '--yes',
    ...(stream === 'stdout' ? ['--json'] : []),
  ]);
  child[stream]?.destroy();
  expect((await ended).code).toBe(0);
  const states = await shop.states();
  expect(shop.dead.map((id) => states[id])).toEqual(shop.dead.map(() => 'todo'));
  const { runs } = answerOf<{ runs: { state: string }[] }>(await home.run(['run', 'list', '--json']), 'run-list');
  expect(runs).toEqual([expect.objectContaining({ state: 'finished' })]);
});

it('what is piped in names no queue, and is left for whoever reads it next', async () => {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  const home = await homeForTest(shop.url);
  const before = await shop.states();
  const refused = await home.run(['replay', '--yes'], { stdin: 'email\n' });
  expect(refused.code).toBe(2);
  expect(await shop.states()).toEqual(before);
  const loop = `printf 'email\\nmedia\\n' | while read -r queue; do "$@" | tail -n +3 | head -c 5; echo " $queue"; done`;
  const argv = ['-c', loop, 'bash', process.execPath, program, 'stats'];
  const { stdout } = await promisify(execFile)('bash', argv, { cwd: home.folder, env: { ...home.env } });
  expect(stdout).toBe('QUEUE email\nQUEUE media\n');
}, 20_000);

const full = (home: Home, stream: 1 | 2, args: readonly string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const script = `exec "$@" ${stream}>/dev/full`;
    const argv = ['-c', script, 'bash', process.execPath, program, ...args];
    execFile('bash', argv, { cwd: home.folder, env: { ...home.env } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

it.runIf(existsSync('/dev/full'))(
  'a full disk behind stdout is said in one line, behind stderr it stops no write',
  async () => {
    const shop = await openShop();
    onTestFinished(() => shop.database.drop());
    const home = await homeForTest(shop.url);
    for (const args of [
      ['stats'],
      ['stats', '--json'],
      ['dlq', 'export', 'email'],
      ['dlq', 'list', 'email', '--ndjson'],
    ]) {
      const { code, stderr } = await full(home, 1, args);
      expect({ args, code, stderr }).toEqual({
        args,
        code: 1,
        stderr: expect.stringMatching(/stdout cannot be written: ENOSPC/),
      });
      expect(stderr, args.join(' ')).not.toMatch(/\n +at |exported/);
    }
    const run = await full(home, 2, ['replay', 'email', '--batch', '1', '--yes', '--json']);
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ complete: true, outcomes: { done: shop.dead.length } });
  },
);

it('a terminal that was closed stops no write either: a script resumes its queue after it', async () => {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  const home = await homeForTest(shop.url);
  const script = `trap '' HUP; touch ready
    until [ -e closed ]; do sleep 0.02; done
    '${process.execPath}' '${program}' replay email --batch 1 --yes; echo $? >code.new; mv code.new code`;
  const terminal = spawn('/bin/sh', ['-c', script], { cwd: home.folder, env: home.env }) as IPty & {
    destroy(): void;
  };
  await until('the script', () => existsSync(join(home.folder, 'ready')));
  terminal.destroy();
  await home.file('closed', '');
  await until('the end of the script', () => existsSync(join(home.folder, 'code')));
  expect(await readFile(join(home.folder, 'code'), 'utf8')).toBe('0\n');
  const states = await shop.states();
  expect(shop.dead.map((id) => states[id])).toEqual(shop.dead.map(() => 'todo'));
});

it('--ndjson gives all that match, a job a line, and its ids go into the next command by stdin', async () => {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  const home = await homeForTest(shop.url);
  const listed = await home.run(['dlq', 'list', 'email', '--where', 'payload.n >= 4', '--ndjson']);
  expect(listed).toMatchObject({ code: 0, stderr: '' });
  const jobs = listed.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; state: string });
  expect(jobs.map(({ id }) => id).toSorted()).toEqual(shop.dead.slice(4));
  const stdin = jobs.map(({ id }) => id).join('\n');
  const ended = await home.run(['replay', 'email', '--id', '-', '--yes', '--json'], { stdin });
  expect(answerOf(ended, 'report')).toMatchObject({ matched: 2, outcomes: { done: 2 } });
  const payload = await home.run(['job', 'edit', shop.dead[0] as string, '--file', '-', '--yes'], {
    stdin: '{"big":12345678901234567890}',
  });
  expect(payload.code).toBe(0);
  const { rows } = await shop.database.pool.query<{ args: string }>(
    'SELECT args::text FROM procrastinate_jobs WHERE id = $1',
    [shop.dead[0]],
  );
  expect(rows[0]?.args).toBe('{"big": 12345678901234567890}');
});

it('COLUMNS says how wide a pipe is', async () => {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  const home = await homeForTest(shop.url);
  const narrow = await home.run(['stats'], { env: { COLUMNS: '60' } });
  expect(
    Math.max(
      ...narrow.stdout
        .split('\n')
        .slice(1)
        .map(({ length }) => length),
    ),
  ).toBeLessThanOrEqual(60);
  expect((await home.run(['stats'], { env: { COLUMNS: '200' } })).stdout).toMatch(/DIED\/MIN$/m);
});

it('--ndjson and --json exclude each other', async () => {
  const home = await homeForTest('memory:');
  expect(await home.run(['dlq', 'list', '--ndjson', '--json'])).toMatchObject({ code: 2, stdout: '' });
});
