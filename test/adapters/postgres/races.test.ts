import pg from 'pg';
import { expect, it } from 'vitest';
import { runWorker } from '../../../src/demo/worker.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { act, all, inState, nth, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { defer, makeActive, makeCompleted, makeDead } from '../../setup/procrastinate.ts';
import { type Place, placeForTest } from './place.ts';

/** True once a statement of ours waits for another's lock. */
const waits = async ({ pool }: Place, name: string): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE $1 AND wait_event_type = 'Lock'`,
    [name],
  );
  return rowCount !== 0;
};

/** What became of each job in the end: a batch that was rolled back is claimed again. */
const last = (outcomes: readonly Outcome[]): Outcome[] => [
  ...new Map(outcomes.map((outcome) => [outcome.ref.id, outcome])).values(),
];

it.each(['3.9', '2.15'] as const)(
  'a twin that is queued between claim and apply, uncommitted: one duplicate, the rest of the batch is done (%s)',
  async (version) => {
    const place = await placeForTest(version);
    const { pool, adapter } = place;
    const ids = await makeDead(pool, 4, { queue: 'email' });
    await pool.query(`UPDATE procrastinate_jobs SET queueing_lock = 'nightly' WHERE id = $1`, [ids[1]]);
    const rival = await pool.connect();
    let rounds = 0;
    const outcomes: Outcome[] = [];
    for await (const claim of opsOf({ adapter }, 'replay').claim({
      selection: inState('email', 'dead'),
      action: replay,
      size: 10,
    })) {
      rounds += 1;
      if (rounds === 1) {
        await rival.query('BEGIN');
        await rival.query(
          `INSERT INTO procrastinate_jobs (queue_name, task_name, args, queueing_lock) VALUES ('other', 'work', '{}', 'nightly')`,
        );
      }
      const applied = claim.apply(claim.jobs);
      if (rounds === 1) {
        await expect.poll(() => waits(place, 'jobctl%')).toBe(true);
        await rival.query('COMMIT');
      }
      outcomes.push(...(await applied));
      await claim.release();
    }
    rival.release();
    expect(rounds).toBe(2);
    expect(told(last(outcomes))).toEqual(
      [
        `${ids[1]}: skipped duplicate`,
        ...all(
          [0, 2, 3].map((index) => nth(ids, index)),
          'done',
        ),
      ].sort(),
    );
  },
);

it('two dead twins replayed by two sessions at once: one is done, one is a duplicate, all others are done', async () => {
  const { pool, adapter, peer, statuses } = await placeForTest();
  const ids = await makeDead(pool, 8, { queue: 'email' });
  await pool.query(`UPDATE procrastinate_jobs SET queueing_lock = 'nightly' WHERE id IN ($1, $2)`, [ids[1], ids[6]]);
  const halves = [ids.slice(0, 4), ids.slice(4)];
  const adapters = [adapter, await peer()];
  const acted = await Promise.all(
    halves.map((half, index) =>
      act(
        opsOf({ adapter: adapters[index] as typeof adapter }, 'replay'),
        { ...inState('email', 'dead'), ids: half },
        replay,
      ),
    ),
  );
  const outcomes = last(acted.flatMap((one) => one.outcomes));
  const twins = told(outcomes.filter(({ ref }) => [ids[1], ids[6]].includes(ref.id)));
  expect(twins.map((line) => line.replace(/^\d+: /, '')).sort()).toEqual(['done', 'skipped duplicate']);
  expect(outcomes.filter(({ result }) => result === 'done')).toHaveLength(7);
  expect(Object.values(await statuses()).filter((status) => status === 'todo')).toHaveLength(7);
});

it('a worker aborts its job before we hold it: the job is left alone', async () => {
  const { pool, adapter, statuses } = await placeForTest();
  const { ids } = await makeActive(pool, 2, { queue: 'email', worker: 'crashed', secondsAgo: 900 });
  await pool.query(`SELECT procrastinate_finish_job_v1($1, 'aborted', false)`, [ids[0]]);
  const named = { ...inState('email', 'active'), stuck: true, ids };
  const { outcomes } = await act(opsOf({ adapter }, 'reset'), named, { verb: 'reset' });
  expect(told(outcomes)).toEqual([`${ids[0]}: skipped state-changed`, `${ids[1]}: done`].sort());
  expect(await statuses()).toMatchObject({ [nth(ids, 0)]: 'aborted', [nth(ids, 1)]: 'todo' });
});

it('a worker aborts its job while we hold it: it waits for us, and its word stands after ours', async () => {
  const place = await placeForTest();
  const { pool, adapter, statuses } = place;
  const { ids } = await makeActive(pool, 1, { queue: 'email' });
  const outcomes: Outcome[] = [];
  let worker: Promise<unknown> = Promise.resolve();
  const request = { selection: inState('email', 'active'), action: { verb: 'cancel' } as const, size: 10 };
  for await (const claim of opsOf({ adapter }, 'cancel').claim(request)) {
    worker = pool.query(`SELECT procrastinate_finish_job_v1($1, 'aborted', false)`, [ids[0]]);
    await expect.poll(() => waits(place, '%')).toBe(true);
    outcomes.push(...(await claim.apply(claim.jobs)));
    await claim.release();
  }
  await worker;
  expect(told(outcomes)).toEqual(all(ids, 'done'));
  expect(await statuses()).toEqual({ [nth(ids, 0)]: 'aborted' });
  const { rows } = await pool.query('SELECT abort_requested FROM procrastinate_jobs');
  expect(rows).toEqual([{ abort_requested: false }]);
});

it('a worker that only was slow ends its job while we reset it: its word stands, and nothing runs twice', async () => {
  const place = await placeForTest();
  const { pool, adapter, statuses } = place;
  const { ids, workerId } = await makeActive(pool, 2, { queue: 'email', worker: 'crashed', secondsAgo: 900 });
  const outcomes: Outcome[] = [];
  const request = {
    selection: { ...inState('email', 'active'), stuck: true },
    action: { verb: 'reset' } as const,
    size: 10,
  };
  for await (const claim of opsOf({ adapter }, 'reset').claim(request)) {
    // it beats again between our look and our write
    await pool.query('SELECT procrastinate_update_heartbeat_v1($1)', [workerId]);
    outcomes.push(...(await claim.apply(claim.jobs)));
    await claim.release();
  }
  expect(told(outcomes)).toEqual(all(ids, 'skipped state-changed'));
  await pool.query(`SELECT procrastinate_finish_job_v1($1, 'succeeded', false)`, [ids[0]]);
  expect(await statuses()).toEqual({ [nth(ids, 0)]: 'succeeded', [nth(ids, 1)]: 'doing' });
});

it.each(['read committed', 'serializable'])(
  'workers keep taking jobs while we replay and purge: every job is accounted for, none twice (%s by default)',
  async (isolation) => {
    const { pool, database, peer } = await placeForTest();
    const name = pg.escapeIdentifier(new URL(database.url).pathname.slice(1));
    await pool.query(`ALTER DATABASE ${name} SET default_transaction_isolation = '${isolation}'`);
    const adapter = await peer();
    const dead = await makeDead(pool, 300, { queue: 'email' });
    const completed = await makeCompleted(pool, 300, { queue: 'email' });
    const waiting: string[] = [];
    for (let i = 0; i < 100; i += 1) waiting.push(await defer(pool, { queue: 'email' }));
    const start = await adapter.now();
    const runs = new Map<string, number>();
    const stop = new AbortController();
    const work = ({ id }: { id: string }): void => void runs.set(id, (runs.get(id) ?? 0) + 1);
    const worker = runWorker({
      url: database.url,
      queues: ['email'],
      handlers: { work },
      concurrency: isolation === 'serializable' ? 1 : 3, // its own statements would clash
      pollMs: 100,
      signal: stop.signal,
    });
    const [replayed, purged] = await Promise.all([
      act(opsOf({ adapter }, 'replay'), inState('email', 'dead'), replay, { size: 20 }),
      act(
        opsOf({ adapter: await peer() }, 'remove'),
        { ...inState('email', 'completed'), before: start },
        { verb: 'remove' },
        { size: 20 },
      ),
    ]);
    const left = async (): Promise<number> =>
      (await pool.query(`SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing')`)).rowCount ?? -1;
    await expect.poll(left, { timeout: 20_000 }).toBe(0);
    stop.abort();
    expect(await worker).toEqual({ taken: 400, succeeded: 400, failed: 0 });
    expect(told(replayed.outcomes)).toEqual(all(dead, 'done'));
    expect(told(purged.outcomes)).toEqual(all(completed, 'done'));
    expect([...runs.keys()].sort()).toEqual([...dead, ...waiting].sort());
    expect(new Set(runs.values())).toEqual(new Set([1]));
    const { rows } = await pool.query<{ id: string; status: string }>(
      'SELECT id::text, status::text FROM procrastinate_jobs',
    );
    expect(rows.map(({ id }) => id).sort()).toEqual([...dead, ...waiting].sort());
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['succeeded']));
    expect(purged.saved.map(({ job }) => job.id).sort()).toEqual([...completed].sort());
  },
);
