import { randomUUID } from 'node:crypto';
import type { Queue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import { openSchemaAdmin } from '../../../src/adapters/postgres/schema.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { requireOps } from '../../../src/domain/capability.ts';
import type { Schedules } from '../../../src/domain/schedule.ts';
import { until } from '../../setup/bullmq.ts';
import { createBullmqTables, dumpTables, queueOf, workerOf } from '../../setup/bullmq-postgres.ts';
import type { SchemaDatabase } from '../../setup/databases.ts';

const HOUR_MS = 3_600_000;
const daily = { pattern: '0 3 * * *', tz: 'Europe/Berlin' };
const report = { name: 'report', data: { day: 'mañana' }, opts: { attempts: 3, priority: 7 } };

describe("job schedulers of BullMQ's Postgres backend", () => {
  let database: SchemaDatabase;
  let adapter: QueueAdapter;
  let ops: Schedules;
  let mail: Queue;
  /** What a test has opened or made besides. */
  const rest: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    database = await createBullmqTables();
    adapter = await openPostgres({ url: database.url, where: 'postgres://there/jobs' });
    ops = requireOps('bullmq', 'schedule', adapter.can.schedule ?? { level: 'none', why: 'missing' });
    mail = queueOf(database, 'mail');
    await mail.waitUntilReady();
  });
  afterEach(async () => {
    for (const end of rest.splice(0).reverse()) await end();
    await Promise.all([mail.close(), adapter.close()]);
    await database.drop();
  });

  const work = (...given: Parameters<typeof workerOf> extends [unknown, unknown, ...infer R] ? R : never) => {
    const worker = workerOf(database, 'mail', ...given);
    rest.push(() => worker.close(true));
    return worker;
  };
  const listed = async (): Promise<unknown[]> =>
    (await adapter.schedules?.(['mail']))?.map(({ id, paused }) => [id, paused]) ?? [];
  const jobsNow = async (): Promise<string[]> =>
    (await database.pool.query('SELECT id, state FROM job ORDER BY id')).rows.map(({ id, state }) => `${id} ${state}`);
  const due = async (id: string): Promise<number> => (await mail.getJobScheduler(id))?.next ?? 0;
  const sql = (text: string, ...values: unknown[]) => database.pool.query(text, values);

  /** Taken out, and put back as if that had been so long ago. */
  async function backLater(id: string, by: number): Promise<void> {
    const { row, ...saved } = (await ops.save(id, 'mail')) as { row: string };
    const { next_run_ms: next, end_date_ms: end, ...rest } = JSON.parse(row);
    await ops.remove(id, 'mail');
    const old = { ...rest, next_run_ms: next - by, end_date_ms: end === null ? null : end - by };
    await ops.put({ ...saved, row: JSON.stringify(old) }, 'mail');
  }

  it('a paused one fires no more, resumed it fires again, for a worker that was there all the time', async () => {
    const ran: string[] = [];
    work(async (job) => void ran.push(job.name));
    await mail.upsertJobScheduler('often', { every: 150 }, { name: 'poll' });
    await mail.upsertJobScheduler('other', { every: 150 }, { name: 'tick' });
    const count = (name: string): number => ran.filter((one) => one === name).length;
    await until('two runs', async () => count('poll') >= 2);
    expect(await ops.pause('often', 'mail')).toMatchObject({ id: 'often', paused: true, when: 'every 150ms' });
    await until('what had begun', async () => (await jobsNow()).every((one) => !/often.* active/.test(one)));
    const [polls, ticks] = [count('poll'), count('tick')];
    await until('runs of the other', async () => count('tick') >= ticks + 4);
    expect(count('poll')).toBeLessThanOrEqual(polls + 1); // one may have been due already
    expect(await listed()).toEqual([
      ['other', false],
      ['often', true],
    ]);
    const before = count('poll');
    expect(await ops.resume('often', 'mail')).toMatchObject({ id: 'often', paused: false });
    await until('runs again', async () => count('poll') >= before + 2);
  });

  it('pause and resume, remove and put leave every row as it was', async () => {
    await mail.upsertJobScheduler('nightly', daily, { ...report, opts: { ...report.opts, removeOnFail: true } });
    await mail.upsertJobScheduler('weekly', { pattern: '0 3 * * 1' }, { name: 'week' });
    // what no double holds, a JSON null that is a value, and what only a job may have
    await sql(
      `UPDATE scheduler SET template_data = '{"n": 9007199254740993.10}', template_opts = 'null' WHERE scheduler_id = 'nightly'`,
    );
    await sql(
      `UPDATE job SET data = '{"n": 9007199254740993.10}', return_value = 'null' WHERE scheduler_id = 'nightly'`,
    );
    const before = await dumpTables(database);
    await ops.pause('nightly', 'mail');
    expect([await jobsNow(), await mail.getJobSchedulersCount()]).toEqual([
      [expect.stringMatching(/^repeat:weekly/)],
      1,
    ]);
    expect(await ops.resume('nightly', 'mail')).toMatchObject({ when: '0 3 * * * (Europe/Berlin)', type: 'report' });
    expect(await dumpTables(database)).toBe(before);

    const saved = JSON.parse(JSON.stringify(await ops.save('nightly', 'mail')));
    await ops.remove('nightly', 'mail', saved);
    expect([await ops.save('nightly', 'mail'), await listed()]).toEqual([undefined, [['weekly', false]]]);
    await ops.put(saved, 'mail');
    expect(await dumpTables(database)).toBe(before);
    await expect(ops.put(saved, 'mail')).rejects.toMatchObject({ kind: 'refused' });

    await ops.pause('nightly', 'mail');
    const paused = await dumpTables(database);
    const kept = JSON.parse(JSON.stringify(await ops.save('nightly', 'mail')));
    await ops.remove('nightly', 'mail', kept);
    expect(await listed()).toEqual([['weekly', false]]);
    await ops.put(kept, 'mail');
    expect(await dumpTables(database)).toBe(paused);
  });

  it('what was missed stays missed: it goes on with the next time that is to come, which a worker then runs from', async () => {
    await mail.upsertJobScheduler('nightly', daily, report);
    await mail.upsertJobScheduler('hourly', { every: HOUR_MS, startDate: Date.now() + 60_000 }, { name: 'poll' });
    const [nightly, hourly] = [await due('nightly'), await due('hourly')];
    for (const id of ['nightly', 'hourly']) await backLater(id, 50 * HOUR_MS);
    expect(await due('nightly')).toBe(nightly);
    expect([(await due('hourly')) > Date.now(), ((await due('hourly')) - hourly) % HOUR_MS]).toEqual([true, 0]);
    const job = await mail.getJob(`repeat:nightly:${nightly}`);
    expect([job?.name, job?.data, job?.opts.attempts, job?.priority, job?.repeatJobKey, job?.delay]).toEqual([
      'report',
      report.data,
      3,
      7,
      'nightly',
      nightly - (job?.timestamp ?? 0),
    ]);
    // the library takes both for its own: a run of each makes the one after it
    work(async () => {});
    await sql(`UPDATE job SET process_at_ms = 1`);
    await sql(`SELECT pg_notify('bullmq_jobs', 'mail')`);
    await until(
      'the runs after',
      async () => (await due('nightly')) > nightly && (await mail.getCompletedCount()) === 2,
    );
    expect((await mail.getJobScheduler('nightly'))?.iterationCount).toBe(2);
    expect(await mail.getDelayedCount()).toBe(2);
    await mail.upsertJobScheduler('nightly', daily, { ...report, data: { day: 'hoy' } });
    expect((await mail.getJob(`repeat:nightly:${await due('nightly')}`))?.data).toEqual({ day: 'hoy' });
  });

  it('a run that is due already is left to the workers, and starts no other while it is paused', async () => {
    await mail.upsertJobScheduler('often', { every: 60_000 }, { name: 'poll' }); // the first one is due at once
    const first = await due('often');
    await ops.pause('often', 'mail');
    expect(await jobsNow()).toEqual([`repeat:often:${first} waiting`]);
    // back before it has begun, it is still the one that makes the next
    await ops.resume('often', 'mail');
    expect(await jobsNow()).toEqual([`repeat:often:${first} waiting`]);
    await ops.pause('often', 'mail');
    const hands = work(null, { autorun: false, skipStalledCheck: true });
    const job = await hands.getNextJob('token', { block: false });
    expect([job?.id, await jobsNow(), await listed()]).toEqual([
      `repeat:often:${first}`,
      [`repeat:often:${first} active`],
      [['often', true]],
    ]);
    // back while it runs: what it would have made is made for it
    await ops.resume('often', 'mail');
    expect(await jobsNow()).toEqual([`repeat:often:${first} active`, `repeat:often:${first + 60_000} delayed`]);
    expect((await mail.getJobScheduler('often'))?.iterationCount).toBe(2);
  });

  it('one that has no run left comes back all the same, and one whose end is past is refused', async () => {
    await mail.upsertJobScheduler('twice', { every: HOUR_MS, limit: 1 }, { name: 'poll' });
    const hands = work(null, { autorun: false, skipStalledCheck: true });
    await (await hands.getNextJob('token', { block: false }))?.moveToCompleted(1, 'token', false);
    await ops.pause('twice', 'mail');
    await ops.resume('twice', 'mail');
    expect([await listed(), (await jobsNow()).length]).toEqual([[['twice', false]], 1]);

    await mail.upsertJobScheduler('ends', { ...daily, endDate: Date.now() + 40 * 24 * HOUR_MS }, report);
    await expect(backLater('ends', 50 * 24 * HOUR_MS)).rejects.toMatchObject({ kind: 'refused' });
    expect(await listed()).toEqual([['twice', false]]);
  });

  it('run adds one job of the template, paused or not', async () => {
    await mail.upsertJobScheduler('nightly', daily, report);
    for (const turn of [1, 2]) {
      const job = await mail.getJob((await ops.run?.('nightly', 'mail')) ?? '');
      expect([
        job?.name,
        job?.data,
        job?.priority,
        job?.opts.attempts,
        await job?.getState(),
        job?.repeatJobKey,
      ]).toEqual(['report', report.data, 7, 3, 'prioritized', undefined]);
      if (turn === 1) await ops.pause('nightly', 'mail');
    }
  });

  it('one that was changed meanwhile is left alone, and one that its application made anew is not paused any more', async () => {
    await mail.upsertJobScheduler('nightly', daily, report);
    const saved = JSON.parse(JSON.stringify(await ops.save('nightly', 'mail')));
    await mail.upsertJobScheduler('nightly', daily, { ...report, data: { day: 'hoy' } });
    await expect(ops.remove('nightly', 'mail', saved)).rejects.toMatchObject({ kind: 'stale' });
    await ops.pause('nightly', 'mail');
    await mail.upsertJobScheduler('nightly', daily, report);
    expect(await listed()).toEqual([['nightly', false]]);
    await expect(ops.resume('nightly', 'mail')).rejects.toMatchObject({ kind: 'refused' });
    await ops.pause('nightly', 'mail');
    expect([await listed(), await jobsNow()]).toEqual([[['nightly', true]], []]);
    for (const deed of ['pause', 'resume'] as const)
      await expect(ops[deed]('gone', 'mail')).rejects.toMatchObject({ kind: 'stale' });
    await expect(ops.run?.('gone', 'mail')).rejects.toMatchObject({ kind: 'stale' });
  });

  it('the library reads the settings of the queue past what is kept there', async () => {
    await mail.upsertJobScheduler('nightly', daily, report);
    await mail.setGlobalConcurrency(3);
    await ops.pause('nightly', 'mail');
    expect(await mail.getMeta()).toMatchObject({ concurrency: 3, paused: false });
    expect(await mail.getJobSchedulers()).toEqual([]);
    await mail.pause();
    await mail.obliterate();
    expect(await listed()).toEqual([]);
  });

  it('a role that may not change them is told so and nothing was changed; with what schema check names, it can', async () => {
    await mail.upsertJobScheduler('nightly', daily, report);
    const role = `timer_${randomUUID().slice(0, 8)}`;
    await sql(
      `CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA bullmq TO ${role}; GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA bullmq TO ${role}`,
    );
    rest.push(() => sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`));
    const url = database.url.replace('postgres@', `${role}@`);
    const there = await openPostgres({ url, where: 'postgres://there/jobs' });
    rest.push(() => there.close());
    const theirs = requireOps('bullmq', 'schedule', there.can.schedule ?? { level: 'none', why: 'missing' });
    const before = await dumpTables(database);
    await expect(theirs.pause('nightly', 'mail')).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/lacks .*, which schedule needs/),
    });
    expect(await dumpTables(database)).toBe(before);
    const admin = openSchemaAdmin({ url, where: 'postgres://there/jobs' });
    rest.push(() => admin.close());
    const [, missing] = (await admin.check({ writes: true })).findings;
    expect(missing?.text).toMatch(/^No right to .*schedule/);
    await sql(missing?.next ?? '');
    expect((await theirs.pause('nightly', 'mail')).paused).toBe(true);
    expect((await theirs.resume('nightly', 'mail')).paused).toBe(false);
    expect(await dumpTables(database)).toBe(before);
    // each queue counts its jobs by a sequence of its own, which the library makes with the first of them
    await expect(theirs.run?.('nightly', 'mail')).rejects.toMatchObject({
      kind: 'refused',
      next: expect.arrayContaining([expect.stringMatching(/^GRANT CREATE ON SCHEMA bullmq TO /)]),
    });
    expect(await dumpTables(database)).toBe(before);
  });
});
