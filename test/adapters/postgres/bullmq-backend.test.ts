import { createPostgresBackend, FlowProducer, type Worker } from 'bullmq';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import { openSchemaAdmin } from '../../../src/adapters/postgres/schema.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { act, all, inState, putBack, replay, told, whole } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { createBullmqTables, dumpTables, makeDead, queueOf, seedJobs, workerOf } from '../../setup/bullmq-postgres.ts';
import type { SchemaDatabase } from '../../setup/databases.ts';
import { Seen } from '../graphile/scene.ts';

async function scene(): Promise<{ database: SchemaDatabase; adapter: QueueAdapter }> {
  const database = await createBullmqTables();
  onTestFinished(() => database.drop());
  const adapter = await openPostgres({ url: database.url, where: 'postgres://there/jobs' });
  onTestFinished(() => adapter.close());
  return { database, adapter };
}

const idle = { autorun: false, skipStalledCheck: true };

function worker(
  database: SchemaDatabase,
  ...rest: Parameters<typeof workerOf> extends [unknown, ...infer R] ? R : never
): Worker {
  const made = workerOf(database, ...rest);
  onTestFinished(() => made.close(true));
  return made;
}

describe("the tables of BullMQ's own Postgres backend, as its own classes leave them", () => {
  it('are told state by state, with lanes, errors, logs and workers', async () => {
    const { database, adapter } = await scene();
    const queue = queueOf(database, 'mail');
    onTestFinished(() => queue.close());
    const fails = await queue.add('welcome', { n: 1 }, { attempts: 2 });
    const hands = worker(database, 'mail', null, { ...idle, name: 'desk 7' });
    await hands.waitUntilReady();
    for (const reason of ['first', 'second']) {
      const job = await hands.getNextJob('token', { block: false });
      await job?.log(`trying, ${reason}`);
      await job?.moveToFailed(new TypeError(`the ${reason} failure`), 'token', false);
    }
    await queue.add('welcome', {});
    await (await hands.getNextJob('token', { block: false }))?.moveToCompleted({ sent: true }, 'token', false);
    await queue.add('welcome', {});
    const active = await hands.getNextJob('token', { block: false });
    await queue.addBulk([
      { name: 'news', data: {}, opts: { priority: 10 } },
      { name: 'news', data: {}, opts: { priority: 2 } },
      { name: 'news', data: {}, opts: { delay: 3_600_000 } },
      { name: 'plain', data: {} },
    ]);
    await queue.pause();

    const [row] = await adapter.stats({ by: 'lane' });
    expect(row).toMatchObject({ queue: 'mail', paused: true, exact: true, rates: { completed: 1, died: 1 } });
    expect(row?.counts).toEqual({ waiting: 3, delayed: 1, active: 1, completed: 1, dead: 1, cancelled: 0, blocked: 0 });
    expect(row?.by?.map(({ key, counts }) => [key, counts.waiting])).toEqual([
      ['0', 1],
      ['2', 1],
      ['10', 1],
    ]);
    const dead = await adapter.find(fails.id ?? '', 'mail');
    expect(dead?.job).toMatchObject({
      type: 'welcome',
      state: 'dead',
      native: 'failed',
      attempts: 2,
      maxAttempts: 2,
      error: { message: 'the second failure', class: 'TypeError', stack: expect.stringMatching(/second failure\n/) },
    });
    expect(dead?.timeline.map(({ event }) => event)).toEqual(['created', 'started', 'failed', 'error 1', 'log', 'log']);
    expect((await adapter.find(active?.id ?? ''))?.job).toMatchObject({ state: 'active', worker: 'desk 7' });
    expect((await adapter.find(active?.id ?? ''))?.job.stuck).toBeUndefined();
    expect(await adapter.workers?.()).toMatchObject([{ id: 'mail desk 7', queue: 'mail', silent: false, active: 1 }]);
  });

  it('tell jobs of one id in two queues apart', async () => {
    const { database, adapter } = await scene();
    const [mail = ''] = await makeDead(database, 'mail', [{}]);
    expect(await makeDead(database, 'fax', [{}])).toEqual([mail]);
    await expect(adapter.find(mail)).rejects.toMatchObject({
      code: 'JOBCTL_USAGE',
      next: expect.arrayContaining([expect.stringMatching(/fax/)]),
    });
    const before = await dumpTables(database);
    const both = { queues: ['fax', 'mail'], states: ['dead'] as const };
    const { saved, marks } = await act(opsOf({ adapter }, 'remove'), both, { verb: 'remove' });
    expect(saved.map(({ job }) => job.queue)).toEqual(['fax', 'mail']);
    expect(new Set(marks).size).toBe(2);
    await putBack(opsOf({ adapter }, 'restore'), saved, false, adapter);
    expect(await dumpTables(database)).toBe(before);
  });
});

it("'schema check' knows them, and says what is missing", async () => {
  const { database } = await scene();
  const admin = openSchemaAdmin({ url: database.url, where: 'postgres://there/jobs' });
  onTestFinished(() => admin.close());
  const whole = {
    level: 'ok',
    text: 'BullMQ 6+ (schema 11) in schema bullmq: its tables, functions and indexes are all there.',
  };
  expect((await admin.check({ writes: true })).findings).toEqual([whole]);
  await database.pool.query('DROP INDEX job_ready_idx; DROP TABLE metrics; DELETE FROM migration WHERE version = 4');
  const texts = (await admin.check({ writes: true })).findings.map(({ text }) => text).join('\n');
  expect(texts).toMatch(/table metrics is missing[\s\S]*index job_ready_idx is missing[\s\S]*lacks 4/);
});

describe("writes beside BullMQ's own workers on Postgres", () => {
  it('wakes a worker that sleeps, which then does each job once, in its lane', async () => {
    const { database, adapter } = await scene();
    const ids = await makeDead(database, 'mail', [{}, { opts: { priority: 5 } }, { opts: { priority: 1 } }, {}]);
    const seen = new Seen();
    const live = worker(database, 'mail', async (job) => seen.add(job.id ?? ''), { drainDelay: 3600 });
    await live.waitUntilReady();
    const queue = queueOf(database, 'mail');
    onTestFinished(() => queue.close());
    // its first look is over, and it listens
    const hello = await queue.add('hello', {});
    await seen.reaches(1);
    expect(told((await act(opsOf({ adapter }, 'replay'), inState('mail', 'dead'), replay)).outcomes)).toEqual(
      all(ids, 'done'),
    );
    await seen.reaches(5);
    expect(seen.ids).toEqual([hello.id, ids[0], ids[3], ids[2], ids[1]]);
  });

  it('clears what would make a replayed job fail at once, and keeps its hold on its deduplication id', async () => {
    const { database, adapter } = await scene();
    const queue = queueOf(database, 'mail');
    onTestFinished(() => queue.close());
    const once = { deduplication: { id: 'once' } };
    const [id = ''] = await makeDead(database, 'mail', [{ opts: once }]);
    await database.pool.query(
      `UPDATE job SET stalled_marked = true, stalled_count = 2, deferred_failure = 'job stalled more than allowable limit'`,
    );
    const acted = await act(opsOf({ adapter }, 'replay'), inState('mail', 'dead'), replay);
    expect((await queue.add('again', {}, once)).id).toBe(id);
    const hands = worker(database, 'mail', null, idle);
    const { rows } = await database.pool.query('SELECT stalled_count AS n, deferred_failure AS why FROM job');
    expect(rows).toEqual([{ n: 0, why: null }]);
    // what the workers do now and then, and what must not look as if one had taken the job
    await database.pool.query('UPDATE job SET stalled_marked = false WHERE stalled_marked');
    // taken back, it holds it no more; and the other way round the twin keeps it dead
    await putBack(opsOf({ adapter }, 'revert'), acted.saved, true, adapter, acted.marks[0]);
    const twin = await queue.add('again', {}, once);
    expect(twin.id).not.toBe(id);
    expect(told((await act(opsOf({ adapter }, 'replay'), inState('mail', 'dead'), replay)).outcomes)).toEqual([
      `${id}: skipped duplicate`,
    ]);
    expect((await hands.getNextJob('token', { block: false }))?.id).toBe(twin.id);
  });

  it('takes a cancel back by recreating the jobs, and only then', async () => {
    const { database, adapter } = await scene();
    const ids = await seedJobs(database, 'mail', [{ state: 'waiting' }, { state: 'delayed' }]);
    const before = await dumpTables(database);
    const { saved, marks } = await act(opsOf({ adapter }, 'cancel'), whole('mail'), { verb: 'cancel' });
    expect((await adapter.count(whole('mail'))).value).toBe(0);
    const back = await putBack(opsOf({ adapter }, 'revert'), saved, true, adapter, marks[0]);
    expect(told(back.outcomes)).toEqual(all(ids, 'done'));
    expect(await dumpTables(database)).toBe(before);
    const settled = await opsOf({ adapter }, 'revert').settle({ action: 'revert', mark: back.mark, jobs: back.jobs });
    expect(told(settled)).toEqual(all(ids, 'done'));
    const again = await putBack(opsOf({ adapter }, 'revert'), saved, true, adapter, back.mark);
    expect(told(again.outcomes)).toEqual(all(ids, 'skipped conflict'));
  });

  it('puts jobs back into a database made anew, where the next one gets an id that is free', async () => {
    const { database, adapter } = await scene();
    await makeDead(database, 'mail', [{}, {}, {}]);
    const { saved } = await act(opsOf({ adapter }, 'remove'), inState('mail', 'dead'), { verb: 'remove' });
    const anew = await scene();
    await putBack(opsOf(anew, 'restore'), saved, true, anew.adapter);
    const queue = queueOf(anew.database, 'mail');
    onTestFinished(() => queue.close());
    expect((await queue.add('next', {})).id).toBe('4');
  });

  it('never destroys what others count on: parents, children, the next run of a scheduler', async () => {
    const { database, adapter } = await scene();
    const connection = { connectionString: database.url, max: 2 } as never;
    const flows = new FlowProducer({ connection }, createPostgresBackend as never);
    onTestFinished(() => flows.close());
    const child = { name: 'page', queueName: 'pages', data: {}, opts: { failParentOnFailure: true } };
    const tree = await flows.add({
      name: 'book',
      queueName: 'books',
      data: {},
      children: [child, { ...child, name: 'cover' }],
    });
    const queue = queueOf(database, 'timed');
    onTestFinished(() => queue.close());
    const next = await queue.upsertJobScheduler('hourly', { every: 3_600_000 });
    expect(await adapter.schedules?.()).toMatchObject([{ id: 'hourly', queue: 'timed', when: 'every 1h' }]);
    const remove = (name: string) => act(opsOf({ adapter }, 'remove'), whole(name), { verb: 'remove' });
    const before = await dumpTables(database);
    const outcomes = [
      ...(await remove('books')).outcomes,
      ...(await remove('pages')).outcomes,
      ...(await remove('timed')).outcomes,
    ];
    expect(outcomes.map((one) => (one.result === 'skipped' ? one.note : one.result))).toEqual([
      '2 of its children are not done: deal with those first',
      expect.stringMatching(/its parent books \S+ counts on it/),
      expect.stringMatching(/its parent books \S+ counts on it/),
      'it is the next run of the scheduler hourly: jobctl schedule remove takes both away',
    ]);
    expect(outcomes.map(({ ref }) => ref.id)).toContain(next?.id);
    expect(await dumpTables(database)).toBe(before);

    // a child that fails takes its parent with it: replaying the child alone would stop a parent that is about to run
    const hands = worker(database, 'pages', null, idle);
    const failed = await hands.getNextJob('token', { block: false });
    await failed?.moveToFailed(new Error('torn'), 'token', false);
    const dead = inState('pages', 'dead');
    expect((await act(opsOf({ adapter }, 'replay'), dead, replay)).outcomes).toMatchObject([
      { result: 'skipped', note: `its parent books ${tree.job.id} has gone on without it and is about to run` },
    ]);
    const editor = worker(database, 'books', null, idle);
    const parent = await editor.getNextJob('token', { block: false });
    await parent?.moveToFailed(new Error('child failed'), 'token', false);
    const pending = () =>
      database.pool.query(`SELECT pending_deps AS n FROM job WHERE queue = 'books'`).then(({ rows }) => rows[0].n);
    const held = await pending();
    const acted = await act(opsOf({ adapter }, 'replay'), dead, replay);
    expect(told(acted.outcomes)).toEqual([`${failed?.id}: done`]);
    expect(await pending()).toBe(held + 1);
    expect(
      told((await putBack(opsOf({ adapter }, 'revert'), acted.saved, true, adapter, acted.marks[0])).outcomes),
    ).toEqual([`${failed?.id}: done`]);
    expect(await pending()).toBe(held);
  });
});
