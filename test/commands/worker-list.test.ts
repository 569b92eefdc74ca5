import { expect, it, onTestFinished } from 'vitest';
import { answerOf, errorOf, expectFits } from '../e2e/answer.ts';
import { homeForTest } from '../e2e/jobctl.ts';
import { createProcrastinate } from '../setup/databases.ts';
import { addJob, createGraphile, graphileVersions, startWorker, takeOne } from '../setup/graphile.ts';
import { createPgBoss } from '../setup/pgboss.ts';
import { makeActive, makeCompleted } from '../setup/procrastinate.ts';

interface Answer {
  readonly workers: { id: string; silent: boolean; active: number; seenAt: string }[];
  readonly note?: string;
}

const flat = (text: string): string => text.replace(/\s+/g, ' ');

it.each(graphileVersions)(
  'graphile-worker %s: those that hold a job are listed, and that it is only those',
  async (version) => {
    const database = await createGraphile(version);
    onTestFinished(() => database.drop());
    const home = await homeForTest(database.url);
    const idle = await home.warm(['worker', 'list']);
    expect(idle.code).toBe(0);
    expect(flat(idle.stdout)).toMatch(/^No worker holds a job\. Only workers that hold a job now are known: /);

    // a real one, with a job in its hands, and two that somebody else was
    const release = Promise.withResolvers<void>();
    const taken = Promise.withResolvers<string>();
    const worker = await startWorker(database, {
      mail: async (_payload, { job }) => {
        taken.resolve(job.locked_by ?? '');
        await release.promise;
      },
    });
    onTestFinished(() => worker.stop());
    onTestFinished(() => release.resolve());
    await addJob(database, 'mail');
    const live = await taken.promise;
    for (const name of ['worker-gone', 'worker-two', 'worker-two']) {
      await addJob(database, 'fax');
      await takeOne(database, 'fax', name);
    }
    await database.pool.query(
      `UPDATE _private_jobs SET locked_at = now() - interval '5 hours' WHERE locked_by = 'worker-gone'`,
    );

    const { workers, note } = answerOf<Answer>(await home.warm(['worker', 'list', '--json']), 'worker-list');
    expect(workers.map(({ id, silent, active }) => [id, silent, active])).toEqual([
      ['worker-gone', true, 1],
      [live, false, 1],
      ['worker-two', false, 2],
    ]);
    expect(note).toMatch(/idle/);
    const { stdout } = await home.warm(['worker', 'list']);
    expectFits(stdout);
    expect(flat(stdout)).toMatch(
      /worker-gone 5h ago silent 1 .* worker-two \S+ ago has jobs 2 3 workers, 1 silent\. Only workers that hold/,
    );
  },
);

it('pg-boss before 12.36 keeps no register: the reason and what to do instead are said', async () => {
  const database = await createPgBoss('10');
  onTestFinished(() => database.drop());
  const home = await homeForTest(database.url);
  const ended = await home.warm(['worker', 'list', '--json']);
  expect(ended.code).toBe(5);
  expect(errorOf(ended)).toMatchObject({
    code: 'JOBCTL_UNSUPPORTED',
    message: expect.stringMatching(/^postgres\/pg-boss does not tell of its workers\. Before 12\.36 .* no register/),
    next: [expect.stringMatching(/^jobctl job list --state active/)],
  });
});

it.each(['3.2', '3.9'] as const)(
  'procrastinate %s: each by its number, with its heartbeat and the jobs that it has',
  async (version) => {
    const { pool, url, drop } = await createProcrastinate(version);
    onTestFinished(drop);
    const home = await homeForTest(url);
    expect(flat((await home.warm(['worker', 'list'])).stdout)).toBe('No worker has given a sign of life. ');
    const { workerId: busy } = await makeActive(pool, 2, { queue: 'email' });
    const { workerId: gone } = await makeActive(pool, 1, { queue: 'email', worker: 'crashed', secondsAgo: 900 });
    const { rows } = await pool.query<{ id: string }>(
      'SELECT worker_id::text AS id FROM procrastinate_register_worker_v1()',
    );
    await makeCompleted(pool, 3, { queue: 'email' });
    const { workers } = answerOf<Answer>(await home.warm(['worker', 'list', '--json']), 'worker-list');
    expect(workers.map(({ id, silent, active }) => [id, silent, active])).toEqual([
      [gone, true, 1],
      [busy, false, 2],
      [rows[0]?.id, false, 0],
    ]);
    const { stdout } = await home.warm(['worker', 'list']);
    expectFits(stdout);
    expect(flat(stdout)).toMatch(/ 5m ago silent 1 .* 3 workers, 1 silent\. next: jobctl reset --all-queues --dry-run/);
  },
);

it('procrastinate before 3.1 keeps no register of them', async () => {
  const database = await createProcrastinate('3.0');
  onTestFinished(() => database.drop());
  const ended = await (await homeForTest(database.url)).warm(['worker', 'list', '--json']);
  expect(ended.code).toBe(5);
  expect(errorOf(ended).message).toMatch(/does not tell of its workers\. Before 3\.1 Procrastinate keeps no register/);
});
