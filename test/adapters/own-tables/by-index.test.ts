import { expect, it } from 'vitest';
import type { StatsRow } from '../../../src/domain/stats.ts';
import { browseAll, inState } from '../../../src/testkit/act.ts';
import { openShop } from './shop.ts';

/** Every status in three queues at many ages, with letters that are open, resolved, doubled, and without their job. */
const busy = `
  INSERT INTO "Job" (id, queue, type, payload, status, attempts, started_at, finished_at, run_at, "createdAt", "updatedAt")
    SELECT 'j' || n, 'q' || n % 3, 't' || n % 2, '{}', (ARRAY['pending', 'processing', 'completed', 'failed', 'cancelled'])[1 + n % 5]::"JobStatus", 1,
           CASE WHEN n % 5 > 0 THEN now() - n * interval '1 minute' - interval '30 s' END, CASE WHEN n % 5 > 1 THEN now() - n * interval '1 minute' END,
           now() + (n % 7 - 5) * interval '1 minute', now() - n * interval '2 minutes', now()
      FROM generate_series(1, 300) n;
  INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, resolved, "resolvedAt", "createdAt")
    SELECT 'd' || id, id, type, '{}', 'x', substr(id, 2)::int % 2 = 0, CASE WHEN substr(id, 2)::int % 2 = 0 THEN now() END, finished_at
      FROM "Job" WHERE status = 'failed' AND substr(id, 2)::int % 3 > 0;
  INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, "createdAt") VALUES
    ('twice', 'j3', 'x', '{}', 'x', now()), ('gone', 'nobody', 'y', '{}', 'x', now() - interval '10 minutes'), ('live', 'j5', 't1', '{}', 'x', now());`;

const rounded = (rows: readonly (StatsRow & { queue: string })[]): unknown =>
  JSON.parse(JSON.stringify(rows), (key, value) =>
    key.endsWith('Seconds') && typeof value === 'number' ? Math.round(value / 20) : value,
  );

it('counts the same by the indexes alone as by reading all rows', async () => {
  const shop = await openShop(busy);
  const slow = await (await shop.adapter()).stats({});
  const queues = await (await shop.adapter()).queues();
  expect(queues.map(({ queue }) => queue)).toEqual(['jobs', 'q0', 'q1', 'q2']);
  expect(slow.map(({ queue, counts }) => `${queue} ${Object.values(counts).join(' ')}`)).toEqual([
    'jobs 0 0 0 0 1 0 0',
    'q0 17 3 20 20 20 20 0',
    'q1 17 3 20 20 10 20 0',
    'q2 17 3 20 20 11 20 0',
  ]);
  await shop.pool.query('CREATE INDEX ON "Job" (status, queue); CREATE INDEX ON "Job" (finished_at)');
  const adapter = await shop.adapter();
  const plan = (await adapter.statements?.())?.find(({ operation }) => operation === 'stats')?.sql;
  expect(plan, 'by index').toMatch(/WHERE j."finished_at" > timezone/);
  expect(rounded(await adapter.stats({}))).toEqual(rounded(slow));
  expect(rounded(await adapter.stats({ queues: ['q1'] }))).toEqual(rounded(slow.filter(({ queue }) => queue === 'q1')));
  expect(await adapter.queues()).toEqual(queues);
  await shop.pool.query(
    `CREATE INDEX ON "Job" (status, queue, id) INCLUDE (run_at, "createdAt", started_at, finished_at) WHERE status IN ('pending', 'processing', 'failed')`,
  );
  await shop.pool.query('VACUUM ANALYZE "Job"');
  expect(rounded(await (await shop.adapter()).stats({}))).toEqual(rounded(slow));
  await shop.pool.query('CREATE INDEX ON "Job" (queue)');
  expect(await (await shop.adapter()).queues()).toEqual(queues);
});

it('counts a job once, however many open letters it has, by the newest', async () => {
  const more = (job: string, created: string) => `
    INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, "createdAt") SELECT '${job}' || n, '${job}', 'x', '{}', 'x', now() - interval '${created}' FROM generate_series(1, 3) n;`;
  const shop = await openShop(`${busy} ${more('j3', '1 minute')} ${more('nobody', '1 day')}`);
  const stats = await (await shop.adapter()).stats({});
  expect(stats.map(({ queue, counts, rates }) => [queue, counts.dead, rates?.died])).toEqual([
    ['jobs', 1, 1],
    ['q0', 20, 4],
    ['q1', 10, 2],
    ['q2', 11, 3],
  ]);
});

/** Letters of one failed job of which none is the newest: each of them is listed, and the job is taken off once all the same. */
const alike: readonly (readonly [why: string, sql: string])[] = [
  [
    'they are wholly alike, and no key forbids it',
    `ALTER TABLE "DeadLetterJob" DROP CONSTRAINT "DeadLetterJob_pkey";
     INSERT INTO "DeadLetterJob" SELECT l.* FROM "DeadLetterJob" l, generate_series(1, 2) WHERE id = 'twice'`,
  ],
  [
    'no time tells when they were made',
    `ALTER TABLE "DeadLetterJob" ALTER "createdAt" DROP NOT NULL; UPDATE "DeadLetterJob" SET "createdAt" = NULL WHERE id = 'twice';
     INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, "createdAt") SELECT 'more' || n, 'j3', 'x', '{}', 'x', NULL FROM generate_series(1, 2) n`,
  ],
];

it.each(alike)('counts the letters that are listed where %s', async (_, sql) => {
  const shop = await openShop(busy);
  await shop.pool.query(sql);
  const adapter = await shop.adapter();
  const [q0] = await adapter.stats({ queues: ['q0'] });
  expect([q0?.counts.dead, await adapter.count(inState('q0', 'dead'))]).toEqual([22, { value: 22, exact: true }]);
});

it.each(['newest', 'oldest'] as const)(
  'a page of letters and jobs, %s first, is the beginning of the whole list',
  async (order) => {
    const shop = await openShop(busy);
    const adapter = await shop.adapter();
    for (const states of [['dead'], ['dead', 'completed', 'waiting']] as const) {
      const selection = { ...inState('q0', 'dead'), queues: ['jobs', 'q0', 'q1', 'q2'], states };
      const whole = (await browseAll(adapter, selection, { size: 1000, order })).map(({ id }) => id);
      const paged = (await browseAll(adapter, selection, { size: 7, order })).map(({ id }) => id);
      expect(whole.length).toBe(states.length === 1 ? 42 : 153);
      expect(paged).toEqual(whole);
    }
  },
);
