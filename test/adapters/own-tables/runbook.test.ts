import { expect, it } from 'vitest';
import { answerOf, expectFailure, expectFits } from '../../e2e/answer.ts';
import { homeForTest } from '../../e2e/jobctl.ts';
import { crashed, deadLetters, openShop } from './shop.ts';

/** The runbook's tables as they stand, and the program as it is installed. */
async function play(tables = 'preset: prisma, write: true') {
  const shop = await openShop(crashed + deadLetters);
  const home = await homeForTest();
  await home.file('jobctl.yaml', `version: 1\ncontexts:\n  shop:\n    url: ${shop.url}\n    tables: {${tables}}\n`);
  return { shop, jobctl: (...args: string[]) => home.run(args) };
}

const letters = `SELECT id, resolved, notes FROM "DeadLetterJob" ORDER BY id`;

it('jobs stuck in processing: looks, then resets, then undoes it', async () => {
  const { shop, jobctl } = await play();
  const listed = answerOf<{ jobs: { id: string }[] }>(
    await jobctl('job', 'list', 'email', '--state', 'active', '--json'),
    'job-list',
  );
  expect(listed.jobs).toHaveLength(5);
  const report = answerOf<{ run: string }>(await jobctl('reset', 'email', '--yes', '--json'), 'report');
  expect(report).toMatchObject({ matched: 2, outcomes: { done: 2 }, complete: true });
  const look = `SELECT id, attempts FROM "Job" WHERE status = 'pending' AND id <> 'waits' ORDER BY id`;
  expect(await shop.rows(look)).toEqual([
    { id: 'old-gone', attempts: 1 },
    { id: 'unheard', attempts: 0 },
  ]);
  expect(await jobctl('undo', report.run, '--yes')).toMatchObject({ code: 0 });
  expect(await shop.rows(look)).toEqual([]);
});

it('without heartbeats nothing proves that a worker is gone: reset wants to be told so', async () => {
  const { shop, jobctl } = await play();
  await shop.rows('DROP TABLE "WorkerHeartbeat"');
  expectFailure(await jobctl('reset', 'email', '--yes'), 4, /gives no proof.*--assume-dead/);
  const told = await jobctl('reset', 'email', '--assume-dead', '--older-than', '1h', '--yes', '--json');
  expect(answerOf(told, 'report')).toMatchObject({ outcomes: { done: 4 } });
});

it('dead letters: list, show, retry', async () => {
  const { shop, jobctl } = await play();
  const text = await jobctl('dlq', 'list');
  expectFits(text.stdout);
  expect(text.stdout).toMatch(/j1 .*timeout after 30s/);
  expect(text.stdout).toMatch(/j2 .*502/);
  expect((await jobctl('dlq', 'show', 'j1')).stdout).toMatch(/dead letter +d1/);
  expect(await jobctl('replay', '--id', 'j1', '--yes')).toMatchObject({ code: 0 });
  expect((await shop.rows(letters))[0]).toMatchObject({
    id: 'd1',
    resolved: true,
    notes: expect.stringMatching(/^replayed \(job j1, jobctl replay by /),
  });
});

it('dead letters: resolve without a retry, with a note; undo opens it again', async () => {
  const { shop, jobctl } = await play();
  const report = answerOf<{ run: string }>(
    await jobctl('dlq', 'resolve', '--id', 'j1', '--note', 'address is gone', '--yes', '--json'),
    'report',
  );
  expect(report).toMatchObject({ verb: 'resolve', outcomes: { done: 1 } });
  expect((await shop.rows(letters))[0]).toMatchObject({
    id: 'd1',
    resolved: true,
    notes: expect.stringMatching(/^address is gone \(job j1/),
  });
  const list = async (...flags: string[]) =>
    answerOf<{ jobs: { id: string; resolved?: string }[] }>(
      await jobctl('dlq', 'list', 'email', ...flags, '--json'),
      'dlq-list',
    ).jobs;
  expect(await list()).toEqual([]);
  expect((await list('--resolved')).map(({ id, resolved }) => [id, resolved])).toEqual([
    ['j1', expect.stringMatching(/^address is gone/)],
    ['j3', 'no such user'],
  ]);
  expect(await jobctl('undo', report.run, '--yes')).toMatchObject({ code: 0 });
  expect((await list()).map(({ id }) => id)).toEqual(['j1']);
  expect((await shop.rows(letters))[0]).toEqual({ id: 'd1', resolved: false, notes: null });
});

it('cleanup: what was resolved more than ninety days ago goes, and restore brings it back', async () => {
  const { shop, jobctl } = await play();
  const before = await shop.rows(letters);
  const purge = ['dlq', 'purge', 'email', '--resolved', '--older-than', '90d'];
  const report = answerOf<{ backup: string }>(await jobctl(...purge, '--confirm', 'email', '--json'), 'report');
  expect(report).toMatchObject({ matched: 1, outcomes: { done: 1 } });
  expect((await shop.rows<{ id: string }>(letters)).map(({ id }) => id)).toEqual(['d1', 'd2']);
  expect((await jobctl('dlq', 'list', 'email', '--json')).stdout).not.toMatch(/"j3"/);
  expect(await jobctl('restore', report.backup, '--yes')).toMatchObject({ code: 0 });
  expect(await shop.rows(letters)).toEqual(before);
});

it('worker health: who is silent, and what they have', async () => {
  const { jobctl } = await play();
  const { workers } = answerOf<{ workers: object[] }>(await jobctl('worker', 'list', '--json'), 'worker-list');
  expect(workers).toEqual([
    { id: 'gone', seenAt: expect.any(String), silent: true, active: 2 },
    { id: 'never-seen', silent: true, active: 1 },
    { id: 'alive', seenAt: expect.any(String), silent: false, active: 1 },
  ]);
  const text = await jobctl('worker', 'list');
  expectFits(text.stdout);
  expect(text.stdout).toMatch(/gone +5m\S* ago +silent +2/);
});

it('config check --explain prints the SQL of every operation, which the server can plan', async () => {
  const { shop, jobctl } = await play('preset: prisma');
  const ended = await jobctl('config', 'check', '--explain');
  expect(ended.code).toBe(0);
  for (const operation of [
    'stats',
    'list the stuck',
    'replay',
    'reset',
    'remove',
    'resolve dead letters',
    'list the workers',
  ])
    expect(ended.stdout).toContain(`-- ${operation}\n`);
  const { statements } = answerOf<{ statements: { operation: string; sql: string }[] }>(
    await jobctl('config', 'check', '--explain', '--json'),
    'config-check',
  );
  expect(statements.length).toBeGreaterThan(12);
  for (const [index, { sql }] of statements.entries()) await shop.rows(`PREPARE "statement ${index}" AS ${sql}`);
});

it('until the mapping says write: true every write is refused, and says what to set', async () => {
  const { shop, jobctl } = await play('preset: prisma');
  const before = await shop.rows(`SELECT * FROM "Job" ORDER BY id`);
  for (const args of [
    ['replay', 'email'],
    ['reset', 'email'],
    ['dlq', 'resolve', 'email', '--note', 'x'],
  ])
    expectFailure(await jobctl(...args, '--yes'), 5, /mapped for reading only.*write: true/);
  expect(await shop.rows(`SELECT * FROM "Job" ORDER BY id`)).toEqual(before);
});

it('a mistake in the mapping is told with its key', async () => {
  const { jobctl } = await play('preset: prisma, columns: {runAt: runat}');
  expectFailure(await jobctl('stats'), 2, /tables\.columns\.runAt: the table Job has no column "runat"/);
});
