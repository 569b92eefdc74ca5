import { expect, it } from 'vitest';
import { act, browseAll, inState, told, whole } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { crashed, openShop } from './shop.ts';

const stuck = { ...inState('email', 'active'), stuck: true };

it('stuck is running longer than an hour, with a worker that is silent or was never heard of', async () => {
  const shop = await openShop(crashed);
  const jobs = await browseAll(await shop.adapter(), inState('email', 'active'));
  const proofs = Object.fromEntries(jobs.map(({ id, stuck }) => [id, stuck]));
  expect(proofs).toEqual({
    'old-gone': expect.stringMatching(/^running since .* UTC, worker gone last seen .* UTC$/),
    'old-alive': undefined,
    'young-gone': undefined,
    nameless: undefined,
    unheard: expect.stringMatching(/, worker never-seen has no heartbeat$/),
  });
});

it('a job that names no worker is stuck only when all of them are silent', async () => {
  const shop = await openShop(`${crashed} UPDATE "WorkerHeartbeat" SET "lastSeenAt" = now() - interval '10 minutes'`);
  const jobs = await browseAll(await shop.adapter(), stuck);
  expect(jobs.find(({ id }) => id === 'nameless')?.stuck).toMatch(/, no worker seen since /);
});

it('finds what the query of the runbook finds, except for jobs of a live worker', async () => {
  const shop = await openShop(crashed);
  const runbook = await shop.rows<{ id: string }>(
    `SELECT id FROM "Job" WHERE status = 'processing' AND started_at < now() AT TIME ZONE 'UTC' - INTERVAL '1 hour'`,
  );
  const found = (await browseAll(await shop.adapter(), stuck)).map(({ id }) => id);
  expect([...found, 'old-alive', 'nameless'].sort()).toEqual(runbook.map(({ id }) => id).sort());
});

it('reset makes them pending with one attempt less, and leaves every other job alone', async () => {
  const shop = await openShop(crashed);
  const adapter = await shop.adapter();
  const others = `SELECT to_json(j)::text AS line FROM "Job" j WHERE id NOT IN ('old-gone', 'unheard') ORDER BY id`;
  const before = await shop.rows(others);
  const { outcomes } = await act(opsOf({ adapter }, 'reset'), stuck, { verb: 'reset' });
  expect(told(outcomes)).toEqual(['old-gone: done', 'unheard: done']);
  expect(
    await shop.rows(
      `SELECT id, status::text, attempts, started_at, "updatedAt" > now() AT TIME ZONE 'UTC' - interval '1 minute' AS touched
         FROM "Job" WHERE id IN ('old-gone', 'unheard') ORDER BY id`,
    ),
  ).toEqual([
    { id: 'old-gone', status: 'pending', attempts: 1, started_at: null, touched: true },
    { id: 'unheard', status: 'pending', attempts: 0, started_at: null, touched: true },
  ]);
  expect(await shop.rows(others)).toEqual(before);
});

it('a worker that beats again before the write keeps its job', async () => {
  const shop = await openShop(crashed);
  const adapter = await shop.adapter();
  for await (const claim of opsOf({ adapter }, 'reset').claim({
    selection: stuck,
    action: { verb: 'reset' },
    size: 10,
  })) {
    await shop.rows(`UPDATE "WorkerHeartbeat" SET "lastSeenAt" = now() AT TIME ZONE 'UTC' WHERE "workerId" = 'gone'`);
    expect(told(await claim.apply(claim.jobs))).toEqual(['old-gone: skipped state-changed', 'unheard: done']);
    await claim.release();
  }
});

it('the allowance can differ by queue, and the staleness of a heartbeat be set', async () => {
  const shop = await openShop(crashed);
  const slow = await shop.adapter({ stuckAfter: { email: 9000 } });
  expect((await browseAll(slow, stuck)).map(({ id }) => id)).toEqual(['unheard']);
  const patient = await shop.adapter({ heartbeats: { staleAfter: 3600 } });
  expect((await browseAll(patient, stuck)).map(({ id }) => id)).toEqual(['unheard']);
});

/** A worker that is alive and beats under the name of its row, while its jobs name the host. */
const otherNames = `
  ALTER TABLE "Job" RENAME "workerId" TO "lockedBy"; ALTER TABLE "WorkerHeartbeat" DROP "workerId";
  INSERT INTO "WorkerHeartbeat" (id, hostname, "lastSeenAt") VALUES ('clx1', 'host-a', now() + interval '1 hour'), ('host-b', 'host-b', now() - interval '5 minutes');
  INSERT INTO "Job" (id, queue, type, payload, status, attempts, "lockedBy", started_at, "updatedAt") VALUES
    ('lives', 'email', 'email.send', '{}', 'processing', 1, 'host-a', now() - interval '2 hours', now()),
    ('lost', 'email', 'email.send', '{}', 'processing', 1, 'host-b', now() - interval '2 hours', now());`;

it('where the two tables may name workers in two ways, only a heartbeat that is there and old is proof', async () => {
  const shop = await openShop(otherNames);
  const adapter = await shop.adapter();
  expect((await browseAll(adapter, stuck)).map(({ id }) => id)).toEqual(['lost']);
  expect(told((await act(opsOf({ adapter }, 'reset'), stuck, { verb: 'reset' })).outcomes)).toEqual(['lost: done']);
  expect(await shop.rows(`SELECT status::text FROM "Job" WHERE id = 'lives'`)).toEqual([{ status: 'processing' }]);
  expect(adapter.backend.warnings.join()).toMatch(/lockedBy.*tables\.heartbeats\.worker/);
  expect(adapter.can.reset).toMatchObject({ level: 'emulated', caveat: expect.stringMatching(/another name/) });
  expect(await adapter.workers?.()).toEqual([
    expect.objectContaining({ id: 'host-b', silent: true }),
    expect.objectContaining({ id: 'clx1', silent: false, active: undefined }),
  ]);
});

it('columns that the configuration pairs, or that bear one name, make a missing heartbeat proof', async () => {
  const shop = await openShop(`${crashed} ALTER TABLE "WorkerHeartbeat" RENAME "workerId" TO worker_id;`);
  expect((await browseAll(await shop.adapter(), stuck)).map(({ id }) => id)).toEqual(['old-gone', 'unheard']);
  const named = await openShop(otherNames);
  const half = await named.adapter({ heartbeats: { worker: 'hostname' } });
  expect(half.backend.warnings.join()).toMatch(/tables\.columns\.workerId/);
  const told = await named.adapter({ heartbeats: { worker: 'hostname' }, columns: { workerId: 'lockedBy' } });
  await named.rows(`DELETE FROM "WorkerHeartbeat" WHERE hostname = 'host-b'`);
  expect((await browseAll(half, stuck)).map(({ id }) => id)).toEqual([]);
  expect((await browseAll(told, stuck)).map(({ id, stuck }) => [id, stuck])).toEqual([
    ['lost', expect.stringMatching(/worker host-b has no heartbeat$/)],
  ]);
  expect(told.backend.warnings).toEqual([]);
});

it('a table of heartbeats that nobody ever wrote to proves nothing', async () => {
  const shop = await openShop(`${crashed} DELETE FROM "WorkerHeartbeat";`);
  expect(await browseAll(await shop.adapter(), stuck)).toEqual([]);
});

it('without a table of heartbeats nothing is proof, and reset says so', async () => {
  const shop = await openShop(`${crashed} DROP TABLE "WorkerHeartbeat"`);
  const adapter = await shop.adapter();
  expect((await browseAll(adapter, whole('email'))).filter((job) => job.stuck !== undefined)).toEqual([]);
  expect(adapter.can.reset).toMatchObject({ level: 'emulated', caveat: expect.stringMatching(/heartbeats/) });
  expect(adapter.backend.warnings.join()).toMatch(/no table WorkerHeartbeat/);
});

it('ages are right whatever the zone of the session', async () => {
  const shop = await openShop(crashed);
  const [stats] = await (await shop.adapter()).stats({ queues: ['email'] });
  expect(stats?.oldestActiveSeconds).toBeGreaterThan(10_700);
  expect(stats?.oldestActiveSeconds).toBeLessThan(11_000);
});
