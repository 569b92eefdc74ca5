import { expect, it, onTestFinished } from 'vitest';
import { type Ended, type Home, homeForTest } from './jobctl.ts';
import { openShop } from './shop.ts';

async function shop(): Promise<Home> {
  const { url, database } = await openShop();
  onTestFinished(() => database.drop());
  return await homeForTest(url);
}

const reportOf = ({ stdout }: Ended) => JSON.parse(stdout) as { matched: number; next: string[]; run?: string };

it('a group or a type that no job has is told where to see those that there are', async () => {
  const home = await shop();
  const group = await home.warm(['replay', 'email', '--group', 'g-00000000', '--yes', '--json']);
  expect([group.code, reportOf(group).matched]).toEqual([0, 0]);
  expect(reportOf(group).next).toEqual(['jobctl dlq groups email   # those that are there now']);
  const cut = await home.warm(['replay', 'email', '--group', 'g-000000', '--yes']);
  expect([cut.code, cut.stderr]).toEqual([2, expect.stringContaining('g-000000 is not a group')]);
  const type = await home.warm(['replay', 'email', '--type', 'email.sned', '--yes', '--json']);
  expect(reportOf(type).next).toEqual(['jobctl dlq groups email --by type   # those that are there now']);
  const waiting = await home.warm([
    'remove',
    'email',
    '--state',
    'waiting',
    '--type',
    'x',
    '--confirm',
    'email',
    '--json',
  ]);
  expect(reportOf(waiting).next).toEqual(['jobctl stats email --by type   # those that are there now']);
});

it('a job that a backup does not hold is named, and the rest is put back', async () => {
  const home = await shop();
  const { run = '' } = reportOf(await home.warm(['dlq', 'purge', 'reports', '--confirm', 'reports', '--json']));
  const saved = JSON.parse((await home.warm(['backup', 'show', run, '--json'])).stdout) as { jobs: { id: string }[] };
  const id = saved.jobs[0]?.id ?? '';
  const back = await home.warm(['restore', run, '--id', id, '--id', '987654', '--yes', '--json']);
  expect([back.code, JSON.parse(back.stdout)]).toMatchObject([
    3,
    { outcomes: { done: 1 }, complete: false, skipped: [{ id: '987654', why: 'not in this backup' }] },
  ]);
});
