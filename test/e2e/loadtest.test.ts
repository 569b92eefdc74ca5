import { readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { runWorker } from '../../src/demo/worker.ts';
import { batches } from '../../src/safety/journal.ts';
import { createProcrastinate } from '../setup/databases.ts';
import { defer } from '../setup/procrastinate.ts';
import { answerOf, errorOf, expectFailure, expectFits } from './answer.ts';
import { homeForTest, until } from './jobctl.ts';

const database = await createProcrastinate('3.9');
const { pool, url, schema } = database;
afterAll(() => database.drop());

const left = async (): Promise<number> =>
  (await pool.query(`SELECT FROM procrastinate_jobs WHERE args ? 'n'`)).rowCount ?? 0;
const args = ['loadtest', 'email', '--payload', '{"n":"{mark}"}'];

it('asks for the name of the queue, times a real worker, and leaves nothing behind', async () => {
  await defer(pool, { queue: 'email', type: 'email', scheduledAt: new Date(Date.now() + 3_600_000) });
  const home = await homeForTest(url);
  const refused = await home.run([...args, '--yes', '--json']);
  expect([refused.code, errorOf(refused).exitCode, await left()]).toEqual([4, 4, 0]);

  const stop = new AbortController();
  const options = { url, schema, handlers: { email: async () => {} }, pollMs: 100, signal: stop.signal };
  const worker = runWorker(options);
  onTestFinished(async () => {
    stop.abort();
    await worker;
  });
  const how = ['--rate', '40/s', '--duration', '2s', '--confirm', 'email'];
  const ended = await home.run([...args, ...how, '--json']);
  expect(ended.code, ended.stderr).toBe(0);
  const load = answerOf<{ times: { wait: object; run: object; total: object } }>(ended, 'loadtest');
  expect(load).toMatchObject({ ok: true, added: 80, ended: 'drained', died: 0, removed: 80 });
  const times = { p50: expect.any(Number), p90: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) };
  expect(load.times).toEqual({ wait: times, run: times, total: times });
  expect(await left()).toBe(0);

  const told = await home.run([...args, '--rate', '20/s', '--duration', '1s', '--confirm', 'email']);
  expect(told.stdout).toMatch(/^email: kept up with 20\/s for 1s\n[\s\S]*TIME +P50 +P90 +P99 +MAX\nwait /);
  expectFits(told.stdout);
});

it.each(['SIGINT', 'SIGHUP'] as const)(
  '%s (Ctrl-C, a closed terminal) stops it, and what it has added is taken away',
  async (signal) => {
    const home = await homeForTest(url);
    const { child, ended } = home.start([...args, '--rate', '20/s', '--duration', '10m', '--confirm', 'email']);
    await until('the first jobs', async () => (await left()) > 0);
    child.kill(signal);
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    expect(stdout).toContain('email: stopped on request');
    expect(await left()).toBe(0);
    // it is over: nobody is told to go on with it
    const runs = await home.warm(['run', 'list']);
    expect(runs.stdout).toMatch(/-loadtest-/);
    expect(runs.stdout).not.toContain('unfinished');
    const run = /\S+-loadtest-\S+/.exec(stdout)?.[0] ?? '';
    expectFailure(await home.warm(['run', 'resume', run, '--confirm', 'email']), 4, /not gone on with/);
    expect(await left()).toBe(0);
  },
);

it('killed, it is not gone on with: what it has added is taken away', async () => {
  const home = await homeForTest(url);
  const { child, ended } = home.start([...args, '--rate', '20/s', '--duration', '10m', '--confirm', 'email']);
  await until('the first jobs', async () => (await left()) > 0);
  child.kill('SIGKILL');
  await ended;
  const planned = await home.warm(['purge', 'email', '--state', 'waiting', '--dry-run']);
  const [undo = '', run = ''] = /jobctl undo (\S+-loadtest-\S+)/.exec(planned.stderr.replace(/\s+/g, ' ')) ?? [];
  expect(undo, planned.stderr).not.toBe('');
  expectFailure(await home.warm(['run', 'resume', run, '--confirm', 'email']), 4, /jobctl undo \S+-loadtest-/);
  const undone = await home.warm(['undo', run, '--confirm', 'email']);
  // killed between the write and its answer, nobody knows the ids of that batch: then it says so, and nothing else is left
  const lost = await unanswered(join(home.stateDir, 'runs', run, 'journal.ndjson'));
  expect(undone.code, undone.stderr).toBe(lost === 0 ? 0 : 3);
  expect(await left()).toBeLessThanOrEqual(lost);
});

it('what may have been added without an answer is named, and keeps nothing else from being taken away', async () => {
  const home = await homeForTest(url);
  const payloads = '{"n":"one"}\n{"n":"two"}\n{"n":"three"}';
  const given = ['enqueue', 'email', 'email', '--file', '-', '--batch', '2', '--yes', '--json'];
  const { run = '' } = answerOf<{ run?: string }>(await home.run(given, { stdin: payloads }), 'report');
  expect(await left()).toBe(3);
  const journal = join(home.stateDir, 'runs', run, 'journal.ndjson');
  const entries = await readFile(journal, 'utf8');
  await truncate(journal, Buffer.byteLength(entries.slice(0, entries.lastIndexOf('{"at":"outcome"'))));
  expect(await unanswered(journal)).toBe(1);

  const told = await home.warm(['undo', run, '--dry-run']);
  expect(told.stderr.replace(/\s+/g, ' ')).toContain('1 job without a known id will be left alone: #3 it may be there');
  const undone = await home.warm(['undo', run, '--yes', '--confirm', 'email', '--json']);
  expect(undone.code).toBe(3);
  expect(answerOf(undone, 'report')).toMatchObject({
    complete: false,
    outcomes: { done: 2, skipped: 1 },
    skipped: [{ id: '#3', why: expect.stringContaining('never came') }],
  });
  expect(await left()).toBe(1);
});

async function unanswered(journal: string): Promise<number> {
  let jobs = 0;
  for await (const { intent, outcome } of batches(journal)) if (outcome === undefined) jobs += intent.ids.length;
  return jobs;
}
