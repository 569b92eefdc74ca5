import { expect, it, onTestFinished } from 'vitest';
import { answerOf, expectFailure } from './answer.ts';
import { type Home, homeForTest } from './jobctl.ts';
import { openShop, type Shop } from './shop.ts';

interface Report {
  readonly run: string;
  readonly matched: number;
  readonly more: number;
  readonly complete: boolean;
  readonly stopped?: string;
  readonly outcomes: { done: number; skipped: number };
  readonly skipped: { id: string; why: string }[];
  readonly next: string[];
}

async function begin(): Promise<{ shop: Shop; home: Home; before: unknown }> {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  return { shop, home: await homeForTest(shop.url), before: await shop.dump() };
}

it('--limit acts on so many, oldest first, and says how many more matched', async () => {
  const { shop, home } = await begin();
  const report = answerOf<Report>(await home.run(['replay', 'email', '--limit', '2', '--yes', '--json']), 'report');
  expect(report).toMatchObject({ matched: 6, more: 4, complete: true, outcomes: { done: 2 } });
  const states = await shop.states();
  expect(shop.dead.map((id) => states[id])).toEqual(['todo', 'todo', 'failed', 'failed', 'failed', 'failed']);
});

it('--max refuses when more match, and lets exactly as many through', async () => {
  const { shop, home, before } = await begin();
  const refused = await home.run(['replay', 'email', '--max', '5', '--yes']);
  expectFailure(refused, 4, /6 jobs match, which is more than --max 5/);
  expect(await shop.dump()).toEqual(before);
  expect(await home.run(['replay', 'email', '--max', '6', '--yes'])).toMatchObject({ code: 0 });
});

it('an empty selection is refused; it never means everything', async () => {
  const { shop, home, before } = await begin();
  const asked = { stdin: ' \n' };
  expectFailure(await home.run(['replay', 'email', '--id', '-', '--yes'], asked), 4, /never means everything/);
  expectFailure(await home.run(['remove', 'email', '--confirm', 'email']), 4, /remove never means all/);
  expectFailure(await home.run(['replay', '--yes']), 2, /Which queue\?/);
  expectFailure(await home.run(['purge', '--yes']), 2, /Which queue\?/);
  expectFailure(await home.run(['replay', 'email', '--all-queues', '--yes']), 2, /exclude each other/);
  expect(await shop.dump()).toEqual(before);
});

it('says that nothing matched, without a question and without a run', async () => {
  const { home } = await begin();
  const ended = await home.run(['replay', 'email', '--type', 'email.sned', '--json']);
  const report = answerOf<Report>(ended, 'report');
  expect(ended.code).toBe(0);
  expect(report).toMatchObject({ matched: 0, complete: true });
  expect(report).not.toHaveProperty('run');
});

it('a job that was named and is not there, or not in that state, makes it partial', async () => {
  const { shop, home } = await begin();
  const [first, done] = [shop.dead[0] as string, shop.completed[0] as string];
  const ended = await home.run(['replay', 'email', '--id', first, '--id', '999999', '--id', done, '--yes', '--json']);
  expect(ended.code).toBe(3);
  const report = answerOf<Report>(ended, 'report');
  expect(report).toMatchObject({ complete: false, outcomes: { done: 1, skipped: 2 } });
  expect(report.skipped).toEqual([
    { id: '999999', why: 'not-found' },
    { id: done, why: 'completed, not dead' },
  ]);
});

it('a job that another session holds is left, said, and finished by run resume', async () => {
  const { shop, home } = await begin();
  const held = shop.dead[2] as string;
  const other = await shop.database.pool.connect();
  await other.query('BEGIN');
  await other.query('SELECT FROM procrastinate_jobs WHERE id = $1 FOR UPDATE', [held]);
  const ended = await home.run(['replay', 'email', '--yes', '--json']);
  await other.query('ROLLBACK');
  other.release();
  expect(ended.code).toBe(3);
  const report = answerOf<Report>(ended, 'report');
  expect(report).toMatchObject({ complete: false, outcomes: { done: 5 }, stopped: expect.stringContaining('held by') });
  expect((await shop.states())[held]).toBe('failed');
  const resumed = await home.run(['run', 'resume', report.run, '--yes', '--json']);
  expect(answerOf<Report>(resumed, 'report')).toMatchObject({ complete: true, outcomes: { done: 6 } });
  expect((await shop.states())[held]).toBe('todo');
});
