import { expect, it, onTestFinished } from 'vitest';
import { answerOf, errorOf, expectFailure } from './answer.ts';
import { type Home, homeForTest, type Running, until } from './jobctl.ts';
import { openShop, type Shop } from './shop.ts';

interface Report {
  readonly run: string;
  readonly complete: boolean;
  readonly stopped?: string;
  readonly outcomes: { done: number; unknown: number };
  readonly next: string[];
}

/** A replay that takes about three seconds, once its first job is through. */
async function slowReplay(): Promise<{ shop: Shop; home: Home; running: Running; done: () => Promise<number> }> {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  const home = await homeForTest(shop.url);
  const done = async (): Promise<number> => {
    const states = await shop.states();
    return shop.dead.filter((id) => states[id] === 'todo').length;
  };
  const running = home.start(['replay', 'email', '--rate', '2/s', '--batch', '1', '--yes', '--json']);
  onTestFinished(() => void running.child.kill('SIGKILL'));
  await until('the first job replayed', async () => (await done()) >= 1);
  return { shop, home, running, done };
}

it('SIGTERM ends it after the batch in flight, says how to go on, and run resume finishes the rest', async () => {
  const { home, running, done } = await slowReplay();
  running.child.kill('SIGTERM');
  const ended = await running.ended;
  expect(ended.code).toBe(130);
  const report = answerOf<Report>(ended, 'report');
  const before = await done();
  expect(report).toMatchObject({
    complete: false,
    outcomes: { done: before },
    next: [`jobctl run resume ${report.run}`, expect.anything()],
  });
  expect(before).toBeLessThan(6);

  const list = await home.run(['run', 'list']);
  expect(list.stdout).toMatch(/1 run unfinished[\s\S]*next: jobctl run resume/);
  const other = await home.run(['replay', 'email', '--dry-run']);
  expect(other.stderr.replace(/\s+/g, ' ')).toContain(`is unfinished: jobctl run resume ${report.run}`);

  const resumed = answerOf<Report>(await home.run(['run', 'resume', report.run, '--yes', '--json']), 'report');
  expect(resumed).toMatchObject({ complete: true, outcomes: { done: 6 } });
  expect(await done()).toBe(6);
});

it('the queue is locked meanwhile: who and since when, exit code 7; --wait-lock waits for the end', async () => {
  const { home, running } = await slowReplay();
  const refused = await home.run(['purge', 'email', '--confirm', 'email', '--json']);
  expect(refused.code).toBe(7);
  expect(errorOf(refused)).toMatchObject({
    code: 'JOBCTL_LOCKED',
    next: [expect.stringContaining('--wait-lock'), 'jobctl run list'],
  });
  expect(errorOf(refused).message).toMatch(
    new RegExp(
      `locked by another run \\(replay by \\S+ \\(pid ${running.child.pid}\\) from 127\\.0\\.0\\.1, since 20.* UTC\\)`,
    ),
  );
  const elsewhere = await home.run(['dlq', 'purge', 'reports', '--confirm', 'reports']);
  expect(elsewhere.code).toBe(0);
  const waited = await home.run(['reset', 'email', '--wait-lock', '20s', '--yes']);
  expect(waited.code).toBe(0);
  expect((await running.ended).code).toBe(0);
});

it('a connection lost in the middle stops the run with what was done, and run resume finishes it', async () => {
  const { shop, home, running, done } = await slowReplay();
  await shop.database.pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'jobctl%'`,
  );
  const ended = await running.ended;
  expect(ended.code).toBe(3);
  const report = answerOf<Report>(ended, 'report');
  expect(report).toMatchObject({ complete: false, stopped: expect.stringMatching(/connection/i) });
  expect(ended.stderr).not.toMatch(/^\s+at /m);
  expect(await done()).toBeLessThan(6);
  const resumed = answerOf<Report>(await home.run(['run', 'resume', report.run, '--yes', '--json']), 'report');
  expect(resumed).toMatchObject({ complete: true, outcomes: { done: 6, unknown: 0 } });
  expect(await done()).toBe(6);
});

it('killed outright, the run is unfinished and can be resumed; while it runs, a second resume is locked out', async () => {
  const { home, running, done } = await slowReplay();
  const { runs } = answerOf<{ runs: { id: string; running: boolean }[] }>(
    await home.run(['run', 'list', '--json']),
    'run-list',
  );
  const run = runs[0]?.id as string;
  expect(runs).toEqual([expect.objectContaining({ running: true, state: 'unfinished' })]);
  expectFailure(await home.run(['run', 'resume', run, '--yes']), 7, /carried out by process|locked by another run/);
  running.child.kill('SIGKILL');
  expect((await running.ended).code).toBe(null);
  const shown = answerOf<{ handled: number }>(await home.run(['run', 'show', run, '--json']), 'run-show');
  const written = await done();
  expect([written - 1, written], 'the last one may be written and not yet journalled').toContain(shown.handled);
  const resumed = await home.run(['run', 'resume', run, '--wait-lock', '10s', '--yes', '--json']);
  expect(answerOf<Report>(resumed, 'report')).toMatchObject({ complete: true, outcomes: { done: 6 } });
  expect(await done()).toBe(6);
});
