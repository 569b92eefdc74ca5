import { expect, it, onTestFinished } from 'vitest';
import { answerOf, expectFailure } from './answer.ts';
import { type Home, homeForTest } from './jobctl.ts';
import { openShop, type Shop } from './shop.ts';

interface Report {
  readonly run: string;
  readonly complete: boolean;
  readonly backup: string;
  readonly outcomes: { done: number; skipped: number };
}

async function begin(): Promise<{ shop: Shop; home: Home; act: (...args: string[]) => Promise<Report> }> {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  const home = await homeForTest(shop.url);
  const act = async (...args: string[]): Promise<Report> => {
    const ended = await home.warm([...args, '--json']);
    expect(ended).toMatchObject({ code: 0 });
    return answerOf<Report>(ended, 'report');
  };
  return { shop, home, act };
}

const chains: [name: string, args: (shop: Shop) => string[]][] = [
  ['replay', () => ['replay', 'email', '--batch', '4', '--yes']],
  ['purge', () => ['purge', 'email', '--include-failed', '--batch', '4', '--confirm', 'email']],
  ['job cancel', ({ waiting }) => ['job', 'cancel', ...waiting.slice(0, 2), '--yes']],
  ['job edit', ({ dead }) => ['job', 'edit', dead[0] as string, '--set', 'n=99', '--yes']],
  ['reset', () => ['reset', 'email', '--yes']],
];

it.each(chains)('%s → undo leaves every table as it was; undo of undo does it again', async (_name, args) => {
  const { shop, act } = await begin();
  const before = await shop.dump();
  const states = await shop.states();
  const first = await act(...args(shop));
  const changed = await shop.states();
  expect(await shop.dump()).not.toEqual(before);
  const undone = await act('undo', first.run, '--yes');
  expect(undone).toMatchObject({ complete: true, outcomes: { done: first.outcomes.done } });
  expect(await shop.states()).toEqual(states);
  expect(await shop.dump()).toEqual(before);
  await act('undo', undone.run, '--confirm', 'email');
  expect(await shop.states()).toEqual(changed);
});

it('restore brings removed jobs back once, from the run or from the file; what is there is left alone', async () => {
  const { shop, home, act } = await begin();
  const before = await shop.dump();
  const { run, backup } = await act('dlq', 'purge', 'email', '--confirm', 'email');
  const one = await act('restore', backup, '--id', shop.dead[0] as string, '--yes');
  expect(one.outcomes).toMatchObject({ done: 1 });
  const rest = await home.warm(['restore', run, '--yes', '--json']);
  expect(answerOf<Report>(rest, 'report').outcomes).toMatchObject({ done: 5, skipped: 1 });
  expect(await shop.dump()).toEqual(before);
});

it('what was waiting comes back dead, and as it was only with --as-was', async () => {
  const { shop, act } = await begin();
  const before = await shop.dump();
  const ids = shop.waiting;
  const { run } = await act('job', 'remove', ...ids, '--confirm', 'email');
  const undone = await act('undo', run, '--yes');
  const states = await shop.states();
  expect(ids.map((id) => states[id])).toEqual(ids.map(() => 'failed'));
  await act('undo', undone.run, '--confirm', 'email');
  await act('restore', run, '--as-was', '--yes');
  expect((await shop.dump())['procrastinate_jobs']).toEqual(before['procrastinate_jobs']);
});

it('leaves alone what a worker took since, and says so', async () => {
  const { shop, home, act } = await begin();
  const { run } = await act('replay', 'email', '--yes');
  const taken = shop.dead[1] as string;
  await shop.database.pool.query(`UPDATE procrastinate_jobs SET status = 'doing' WHERE id = $1`, [taken]);
  const ended = await home.warm(['undo', run, '--yes', '--json']);
  expect(ended.code).toBe(3);
  expect(answerOf(ended, 'report')).toMatchObject({
    outcomes: { done: 5, skipped: 1 },
    skipped: [{ id: taken, why: expect.any(String) }],
  });
  expect((await shop.states())[taken]).toBe('doing');
});

it('knows its runs: a wrong id has a nearest, a finished run has nothing to resume, another database is refused', async () => {
  const { home, act } = await begin();
  const { run } = await act('replay', 'email', '--yes');
  expectFailure(await home.run(['undo', `${run}x`, '--yes']), 2, /There is no run/);
  expectFailure(
    await home.run(['undo', run.replace(/.$/, (end) => (end === 'a' ? 'b' : 'a')), '--yes']),
    2,
    new RegExp(`mean\\s+${run}`),
  );
  expectFailure(await home.run(['run', 'resume', run, '--yes']), 4, /finished; there is nothing to resume/);
  const elsewhere = { env: { JOBCTL_URL: 'memory:' } };
  expectFailure(
    await home.run(['undo', run, '--yes'], elsewhere),
    4,
    /was made on.*Point --url or JOBCTL_URL at postgres:/,
  );
});
