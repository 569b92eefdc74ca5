import { expect, it } from 'vitest';
import { answerOf, expectFailure } from '../../e2e/answer.ts';
import { homeForTest } from '../../e2e/jobctl.ts';
import { crashed, deadLetters, openShop } from './shop.ts';

/** The runbook's tables as they stand, and the program as it is installed. */
async function play(tables = 'preset: prisma, write: true') {
  const shop = await openShop(crashed + deadLetters);
  const home = await homeForTest();
  await home.file('jobctl.yaml', `version: 1\ncontexts:\n  shop:\n    url: ${shop.url}\n    tables: {${tables}}\n`);
  return { shop, jobctl: (...args: string[]) => home.run(args) };
}

it('without heartbeats nothing proves that a worker is gone: reset wants to be told so', async () => {
  const { shop, jobctl } = await play();
  await shop.rows('DROP TABLE "WorkerHeartbeat"');
  expectFailure(await jobctl('reset', 'email', '--yes'), 4, /gives no proof.*--assume-dead/);
  const told = await jobctl('reset', 'email', '--assume-dead', '--older-than', '1h', '--yes', '--json');
  expect(answerOf(told, 'report')).toMatchObject({ outcomes: { done: 4 } });
});

it('config check --explain prints the SQL of every operation, which the server can plan', async () => {
  const { shop, jobctl } = await play('preset: prisma, pause: {table: Flag, queue: name, paused: stopped}');
  await shop.rows('CREATE TABLE "Flag" (name text PRIMARY KEY, stopped boolean NOT NULL)');
  const ended = await jobctl('config', 'check', '--explain');
  expect(ended.code).toBe(0);
  for (const operation of ['stats', 'list the stuck', 'replay', 'pause'])
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

it('undo of a purge brings back the letters alone, and the undo of that takes away no more than those', async () => {
  const { shop, jobctl } = await play();
  await shop.rows(`INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, resolved, "resolvedAt", "createdAt") VALUES
    ('d4', 'j4', 'email.send', '{}', 'replayed, then done', true, now() - interval '99 days', now() - interval '100 days'),
    ('d5', 'j1', 'email.send', '{}', 'before it died again', true, now() - interval '99 days', now() - interval '100 days')`);
  const rows = () =>
    shop.rows<{ id: string }>('SELECT id FROM "Job" UNION ALL SELECT id FROM "DeadLetterJob" ORDER BY 1');
  const report = async (...args: string[]) => {
    const answer = answerOf<{ run: string; outcomes: unknown }>(
      await jobctl(...args, '--confirm', 'email', '--json'),
      'report',
    );
    expect(answer, args.join(' ')).toMatchObject({ outcomes: { done: 3, skipped: 0, failed: 0, unknown: 0 } });
    return answer.run;
  };
  const before = await rows();
  const run = await report('dlq', 'purge', 'email', '--resolved', '--older-than', '90d');
  const purged = await rows();
  expect(before.length - purged.length, 'three letters, and the failed original of one').toBe(4);
  const back = await report('undo', run);
  expect(await rows()).toEqual(before);
  await report('undo', back);
  expect(await rows()).toEqual(purged);
});

it('one job that cannot be put back is left, with the reason; the rest comes back', async () => {
  const { shop, jobctl } = await play();
  await shop.rows(`INSERT INTO "Job" (id, queue, type, payload, status, "updatedAt", finished_at)
    SELECT 'done' || n, 'email', 'email.send', '{}', 'completed', now(), now() FROM generate_series(1, 40) n`);
  await shop.rows('CREATE TABLE "Customer" (id int PRIMARY KEY)');
  await shop.rows('INSERT INTO "Customer" SELECT generate_series(1, 40)');
  await shop.rows('ALTER TABLE "Job" ADD "customerId" int REFERENCES "Customer"');
  await shop.rows(`UPDATE "Job" SET "customerId" = substr(id, 5)::int WHERE id LIKE 'done%'`);
  const purged = answerOf<{ run: string }>(await jobctl('purge', 'email', '--confirm', 'email', '--json'), 'report');
  expect(purged).toMatchObject({ outcomes: { done: 41 } });
  await shop.rows('DELETE FROM "Customer" WHERE id IN (7, 8)');
  const undone = await jobctl('undo', purged.run, '--yes', '--json');
  expect(undone.code).toBe(3);
  expect(JSON.parse(undone.stdout)).toMatchObject({
    outcomes: { done: 39, skipped: 2, failed: 0, unknown: 0 },
    skipped: [
      { id: 'done7', why: expect.stringContaining('Job_customerId_fkey') },
      { id: 'done8', why: expect.stringContaining('Job_customerId_fkey') },
    ],
  });
  const left = await shop.rows<{ count: string }>(`SELECT count(*) FROM "Job" WHERE id LIKE 'done%'`);
  expect(left).toEqual([{ count: '38' }]);
});
