import { expect, it, onTestFinished } from 'vitest';
import { makeDead } from '../setup/procrastinate.ts';
import { homeForTest } from './jobctl.ts';
import { openShop, type Shop, shopForFile } from './shop.ts';
import { CTRL_C, ENTER, openTerminal } from './terminal.ts';

const shared = await shopForFile();

async function shopForTest(): Promise<Shop> {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  return shop;
}

const ESC = '\x1b[';
/** The cursor was given back as often as it was taken. */
const cursorIsBack = (output: string): boolean => output.lastIndexOf(`${ESC}?25h`) >= output.lastIndexOf(`${ESC}?25l`);

it('a replay asks; yes does it, and the screen says what was done', async () => {
  const shop = await shopForTest();
  const terminal = openTerminal(await homeForTest(shop.url), ['replay', 'email']);
  await terminal.waitFor(/Replay 6 jobs in email \(context/);
  terminal.type('y');
  expect(await terminal.ended).toBe(0);
  expect(terminal.output()).toContain('6 done');
  expect(cursorIsBack(terminal.output())).toBe(true);
  const states = await shop.states();
  expect(shop.dead.map((id) => states[id])).toEqual(shop.dead.map(() => 'todo'));
});

it('no, and Ctrl-C at the question, change nothing: exit code 130', async () => {
  const home = await homeForTest(shared.url);
  const before = await shared.dump();
  for (const key of ['n', CTRL_C]) {
    const terminal = openTerminal(home, ['replay', 'email']);
    await terminal.waitFor(/Replay 6 jobs in email/);
    terminal.type(key);
    expect(await terminal.ended).toBe(130);
    expect(terminal.output()).toContain('Cancelled; nothing was changed.');
    expect(cursorIsBack(terminal.output())).toBe(true);
  }
  expect(await shared.dump()).toEqual(before);
});

it('a severe write wants the name typed; another name is refused', async () => {
  const shop = await shopForTest();
  const home = await homeForTest(shop.url);
  const wrong = openTerminal(home, ['purge', 'email', '--yes']);
  await wrong.waitFor(/Type email to\s+confirm/);
  wrong.type(`reports${ENTER}`);
  expect(await wrong.ended).toBe(4);
  expect(Object.keys(await shop.states())).toEqual(expect.arrayContaining([...shop.completed]));
  const right = openTerminal(home, ['purge', 'email']);
  await right.waitFor(/Type email to\s+confirm/);
  right.type(`email${ENTER}`);
  expect(await right.ended).toBe(0);
  expect(Object.keys(await shop.states())).not.toEqual(expect.arrayContaining([...shop.completed]));
});

it('a job that moved on while the question stood is left alone, and the report says so', async () => {
  const shop = await shopForTest();
  const terminal = openTerminal(await homeForTest(shop.url), ['replay', 'email']);
  await terminal.waitFor(/Replay 6 jobs in email/);
  const moved = shop.dead[0] as string;
  await shop.database.pool.query(`UPDATE procrastinate_jobs SET status = 'cancelled' WHERE id = $1`, [moved]);
  const [late] = await makeDead(shop.database.pool, 1, { queue: 'email', type: 'email.send' });
  terminal.type('y');
  await terminal.ended;
  expect(terminal.output()).toMatch(/5 done, 1 skipped/);
  const states = await shop.states();
  expect({ moved: states[moved], late: states[late as string] }).toEqual({ moved: 'cancelled', late: 'failed' });
});

it('shows how far it is; the first Ctrl-C ends it after the batch and says how to go on', async () => {
  const shop = await shopForTest();
  const home = await homeForTest(shop.url);
  const terminal = openTerminal(home, ['replay', 'email', '--rate', '2/s', '--batch', '1', '--yes']);
  await terminal.waitFor(/[1-5] of 6/);
  terminal.type(CTRL_C);
  await terminal.waitFor('Stopping after the batch in flight.');
  expect(await terminal.ended).toBe(130);
  expect(cursorIsBack(terminal.output())).toBe(true);
  const run = /jobctl run resume (\S+)/.exec(terminal.output())?.[1] as string;
  const resumed = await home.run(['run', 'resume', run, '--yes']);
  expect(resumed.code).toBe(0);
  const states = await shop.states();
  expect(shop.dead.map((id) => states[id])).toEqual(shop.dead.map(() => 'todo'));
});

it('stats --watch looks again until Ctrl-C, and leaves the terminal as it was', async () => {
  const terminal = openTerminal(await homeForTest(shared.url), ['stats', '--watch', '--every', '1s']);
  await terminal.waitFor('QUEUE');
  await terminal.waitFor('QUEUE');
  terminal.type(CTRL_C);
  expect(await terminal.ended).toBe(0);
  expect(cursorIsBack(terminal.output())).toBe(true);
});

it('opens the editor for job edit, shows the difference, and asks', async () => {
  const shop = await shopForTest();
  const home = await homeForTest(shop.url);
  const id = shop.dead[0] as string;
  const terminal = openTerminal(home, ['job', 'edit', id], { EDITOR: `sed -i s/u0@/new@/` });
  await terminal.waitFor('new@example.org');
  await terminal.waitFor(/Edit 1 job in email/);
  terminal.type('y');
  expect(await terminal.ended).toBe(0);
  const { rows } = await shop.database.pool.query('SELECT args FROM procrastinate_jobs WHERE id = $1', [id]);
  expect(rows).toEqual([{ args: { to: 'new@example.org', n: 0 } }]);
});
