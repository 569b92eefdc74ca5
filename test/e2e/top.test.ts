import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { startPostgres, stopPostgres } from '../../src/demo/postgres-server.ts';
import { makeDead, workOne } from '../setup/procrastinate.ts';
import { homeForTest, until } from './jobctl.ts';
import { openShop, type Shop, shopForFile } from './shop.ts';
import { KEY, openTop, type TopTerminal } from './top-terminal.ts';

const shared = await shopForFile();

async function shopForTest(): Promise<Shop> {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  return shop;
}

const ESC = '\x1b[';
const count = (text: string, part: string): number => text.split(part).length - 1;

/** The alternate screen was left as often as it was entered, the cursor shown, the paste mode off. */
function expectRestored(terminal: TopTerminal): void {
  const output = terminal.output();
  expect(count(output, `${ESC}?1049h`)).toBeGreaterThan(0);
  expect(count(output, `${ESC}?1049l`)).toBe(count(output, `${ESC}?1049h`));
  expect(output.lastIndexOf(`${ESC}?25h`)).toBeGreaterThan(output.lastIndexOf(`${ESC}?25l`));
  expect(output.lastIndexOf(`${ESC}?2004l`)).toBeGreaterThanOrEqual(output.lastIndexOf(`${ESC}?2004h`));
}

it('finds the flood, replays one group after its plan, watches it drain, and takes it back', async () => {
  const shop = await shopForTest();
  const { pool } = shop.database;
  const flood = await makeDead(pool, 40, { queue: 'webhooks', type: 'webhook.push', secondsAgo: 5 });
  const home = await homeForTest(shop.url);
  const top = openTop(home);
  expect(await top.shows('webhooks')).toMatch(/^> +! +webhooks .* 40 .*40 died in 60m/);
  top.press('d');
  await top.shows('40 dead jobs in 1 group');
  top.press('r');
  await top.shows('all dead jobs of webhooks: 40');
  top.press('g'); // writing is locked: the plan is all
  await top.shows('dry run: nothing was changed');
  expect(await top.shows('jobctl replay')).toMatch(/jobctl replay webhooks --group g-[0-9a-f]+ --dry-run/);
  top.press(KEY.enter);
  await top.shows('40 dead jobs');
  top.press('W');
  await top.shows('WRITING UNLOCKED');
  top.press('r');
  await top.shows('all dead jobs');
  top.press('g');
  await top.shows('Replay 40 jobs in webhooks (context');
  expect((await shop.states())[flood[0] as string]).toBe('failed');
  top.press('y');
  await top.shows('40 done');
  expect((await shop.states())[flood[0] as string]).toBe('todo');

  top.press(KEY.enter, KEY.escape);
  await top.shows(/webhooks +40 /);
  for (let n = 0; n < 10; n += 1) await workOne(pool, 'webhooks', 'succeeded');
  await top.shows(/webhooks +30 /);

  top.press('u');
  await top.shows(/-replay-webhooks-/);
  top.press(KEY.enter);
  await top.shows('40 done');
  top.press('u');
  await top.shows('Undo 40 jobs in webhooks');
  top.press('y');
  await top.shows('30 done, 10 skipped');
  top.press(KEY.enter, 'q');
  expect(await top.ended).toEqual({ code: 0, signal: 0 });
  expectRestored(top);
  const states = Object.values(await shop.states());
  expect(states.filter((state) => state === 'failed')).toHaveLength(38);
  const runs = JSON.parse((await home.run(['run', 'list', '--json'])).stdout) as { runs: { verb: string }[] };
  expect(runs.runs.map(({ verb }) => verb)).toEqual(['undo', 'replay']);
}, 60_000);

it('leaves the backend as it was when it only looks, in every screen', async () => {
  const shop = await shopForTest();
  const before = await shop.dump();
  const top = openTop(await homeForTest(shop.url));
  await top.shows('email');
  top.press(KEY.enter);
  await top.shows('1 type');
  top.press('d');
  await top.shows('6 dead jobs');
  top.press(KEY.enter);
  await top.shows('6 jobs');
  top.press(KEY.enter);
  await top.shows('payload');
  top.press('x'); // the plan alone
  await top.shows('dry run: nothing was changed');
  top.press('q', KEY.ctrlC);
  expect(await top.ended).toEqual({ code: 130, signal: 0 });
  expectRestored(top);
  expect(await shop.dump()).toEqual(before);
});

it('wants the name typed before it removes, and says what to do where the backend cannot pause', async () => {
  const shop = await shopForTest();
  const top = openTop(await homeForTest(shop.url), ['--write']);
  await top.shows('reports');
  top.press(':queue reports', KEY.enter);
  await top.shows(/dead +2/);
  top.press('p');
  await top.shows('has no means of its own');
  top.press(KEY.enter, 'd');
  await top.shows('2 dead jobs');
  top.press('x');
  await top.shows('all dead jobs of reports: 2');
  top.press('a');
  await top.shows('reports to confirm');
  top.press('email', KEY.enter);
  await top.shows('You typed "email", expected was "reports".');
  expect((await shop.states())[shop.reports[0] as string]).toBe('failed');
  top.press(KEY.enter);
  await top.shows('2 dead jobs');
  top.press('x', 'a');
  await top.shows('reports to confirm');
  top.press('reports', KEY.enter);
  await top.shows('2 done');
  expect((await shop.states())[shop.reports[0] as string]).toBeUndefined();
  top.press(KEY.ctrlC);
  expect((await top.ended).code).toBe(130);
});

it('kill -9 of the server leaves what was seen, with its age, and the keys work; it comes back by itself', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'jobctl-top-'));
  const settings = { fsync: 'off' };
  const server = await startPostgres({ dataDir, settings });
  let pid = server.pid;
  onTestFinished(() => stopPostgres(pid, dataDir, { removeData: true }));
  const pool = new pg.Pool({ connectionString: server.url, max: 1 });
  pool.on('error', () => {});
  await pool.query(await readFile(new URL('../../assets/demo/procrastinate.sql', import.meta.url), 'utf8'));
  await makeDead(pool, 3, { queue: 'email' });
  await pool.end();
  const top = openTop(await homeForTest(server.url));
  await top.shows('email');
  process.kill(pid, 'SIGKILL');
  await top.shows(/STALE, [1-9]\d*s old/);
  expect(top.lines().join('\n')).toMatch(/> +email +0 /);
  top.press('?');
  await top.shows('This screen');
  top.press('?', 'd'); // asks a server that is not there
  await top.shows(/email/);
  // its sessions notice one by one that the server is gone
  const again = await until('the server again', () =>
    startPostgres({ dataDir, settings, port: server.port }).catch(() => undefined),
  );
  pid = again.pid;
  await until('the backend', () => !top.lines().join('\n').includes('STALE'));
  await top.shows('3 dead jobs'); // asked again by itself
  top.press('q');
  expect(await top.ended).toEqual({ code: 0, signal: 0 });
}, 60_000);

it.each(['SIGTERM', 'SIGHUP'] as const)('%s ends it, and the terminal is as it was', async (signal) => {
  const top = openTop(await homeForTest(shared.url));
  await top.shows('email');
  process.kill(top.pid, signal);
  expect(await top.ended).toEqual({ code: 130, signal: 0 });
  expectRestored(top);
});

it('a crash says what it was, on the screen that was there before', async () => {
  const home = await homeForTest(shared.url);
  const crash = await home.file('crash.mjs', `setTimeout(() => { throw new Error('boom 4711') }, 4000)`);
  const top = openTop({ ...home, env: { ...home.env, NODE_OPTIONS: `--import=${crash}` } });
  await top.shows('email');
  expect(await top.ended).toEqual({ code: 1, signal: 0 });
  expectRestored(top);
  expect(top.output().lastIndexOf('boom 4711')).toBeGreaterThan(top.output().lastIndexOf(`${ESC}?1049l`));
});

it('Ctrl-Z gives the terminal back and stops; fg comes back to the screen', async () => {
  const top = openTop(await homeForTest(shared.url));
  await top.shows('email');
  for (const stop of [() => top.press(KEY.ctrlZ), () => process.kill(top.pid, 'SIGTSTP')]) {
    stop();
    await until('the stop', async () =>
      (await readFile(`/proc/${top.pid}/stat`, 'utf8')).split(') ')[1]?.startsWith('T'),
    );
    expectRestored(top);
    process.kill(top.pid, 'SIGCONT');
    await top.shows('email');
  }
  top.press('?');
  await top.shows('This screen');
  top.press('?', 'q');
  expect(await top.ended).toEqual({ code: 0, signal: 0 });
  expectRestored(top);
});

it('follows the window from 60 by 15 to 300 columns', async () => {
  const top = openTop(await homeForTest(shared.url), [], { columns: 120, rows: 30 });
  await top.shows('TREND');
  top.resize(60, 15);
  await until(
    () => `the small window, instead of\n${top.lines().join('\n')}`,
    () => /^ +QUEUE +WAITING/.test(top.lines()[1] ?? '') && top.lines()[14]?.includes('q quit'),
  );
  expect(top.lines().filter((line) => line.includes('QUEUE'))).toHaveLength(1);
  top.resize(300, 40);
  await top.shows('TREND');
  await until('the last line', () => top.lines()[39]?.includes('q quit'));
  top.press('q');
  expect((await top.ended).code).toBe(0);
});

it('prints the overview once where nobody can see a screen', async () => {
  const home = await homeForTest(shared.url);
  const piped = await home.run(['top']);
  expect([piped.code, piped.stderr]).toEqual([0, '']);
  expect(piped.stdout).toMatch(/ email +2 .*\n/);
  expect(piped.stdout).not.toContain('\x1b');
  const json = JSON.parse((await home.run(['top', '--json'])).stdout) as {
    contexts: { queues: { queue: string }[] }[];
  };
  expect(json.contexts[0]?.queues.map(({ queue }) => queue)).toEqual(['email', 'reports']);
  const away = await (await homeForTest('postgres://127.0.0.1:1/none')).run(['top', '--once']);
  expect([away.code, away.stdout]).toEqual([8, expect.stringContaining('NOT REACHED')]);
});

it('prints it once in a dumb terminal, and colours nothing where colour is not wanted', async () => {
  const home = await homeForTest(shared.url);
  const dumb = openTop(home, [], { columns: 100, rows: 30, term: 'dumb' });
  expect(await dumb.ended).toEqual({ code: 0, signal: 0 });
  expect(dumb.output()).toMatch(/ email +2 /);
  expect(dumb.output()).not.toContain('\x1b');
  const plain = openTop({ ...home, env: { ...home.env, NO_COLOR: '1' } });
  expect(await plain.shows('email')).toMatch(/^> /); // the line of the cursor, without being inverse
  plain.press('q');
  await plain.ended;
  const looks = plain
    .output()
    .split(ESC)
    .filter((part) => /^[1-9][0-9;]*m/.test(part));
  expect(looks).toEqual([]);
});
