import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn as spawnTerminal } from '@lydell/node-pty';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { createProcrastinate } from '../setup/databases.ts';
import { defer } from '../setup/procrastinate.ts';
import { endOf, type Home, homeForTest, program, until } from './jobctl.ts';

const { pool, url, drop } = await createProcrastinate('3.9');
afterAll(drop);

const drain = [process.execPath, program, 'drain', 'email', '--every', '100ms'];

interface Started {
  /** What it has printed so far. */
  output(): Promise<string>;
  /** Its whole group is told that the terminal was closed. */
  hangUp(): void;
  readonly ended: Promise<unknown>;
}

/** Without a terminal, in a group of its own. */
function start(home: Home, command: string, args: readonly string[]): Started {
  const child = spawn(command, args, {
    cwd: home.folder,
    env: home.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  return {
    output: async () => output,
    hangUp: () => void process.kill(-(child.pid as number), 'SIGHUP'),
    ended: endOf(child),
  };
}

/** In a terminal, by a shell that tells nothing of what it starts. */
function startInTerminal(home: Home, args: readonly string[]): Started {
  const out = join(home.folder, 'out');
  const line = '"$@" >out 2>&1; echo "ended $?" >>out';
  const terminal = spawnTerminal('/bin/sh', ['-c', `trap : HUP; ${line}`, 'sh', ...args], {
    cwd: home.folder,
    env: { ...home.env },
  });
  onTestFinished(() => terminal.kill('SIGKILL'));
  return {
    output: () => readFile(out, 'utf8').catch(() => ''),
    hangUp: () => void process.kill(-terminal.pid, 'SIGHUP'),
    ended: new Promise((resolve) => terminal.onExit(resolve)),
  };
}

/** It still asks. */
async function laterLook(): Promise<void> {
  const { rows } = await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  const asked = `SELECT FROM pg_stat_activity WHERE application_name LIKE 'jobctl%' AND datname = current_database()
    AND query_start > $1::timestamptz + interval '300 ms'`;
  await until('a later look', async () => ((await pool.query(asked, [rows[0]?.now])).rowCount ?? 0) > 0);
}

const ways: Readonly<Record<string, (home: Home) => Started>> = {
  'nohup typed in bash': (home) => start(home, 'bash', ['-c', 'nohup "$@"; exit $?', 'bash', ...drain]),
  'nohup before a script': (home) => start(home, 'nohup', ['sh', '-c', '"$@"; exit $?', 'sh', ...drain]),
  'nohup typed in a terminal': (home) => startInTerminal(home, ['nohup', ...drain]),
};

it.each(Object.entries(ways))('%s: a terminal that is closed does not end it', async (_, open) => {
  await pool.query('DELETE FROM procrastinate_jobs');
  await defer(pool, { queue: 'email', type: 'email' });
  const home = await homeForTest(url);
  const { output, hangUp, ended } = open(home);
  await until('the first look', async () => /1 waiting/.test(await output()));
  hangUp();
  await Promise.race([ended, laterLook()]);
  await pool.query('DELETE FROM procrastinate_jobs');
  await ended;
  expect(await output()).toMatch(/email: empty/);
});
