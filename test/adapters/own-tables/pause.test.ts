import { expect, it } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { crashed, openShop } from './shop.ts';

const pause = { table: 'QueueConfig', queue: 'name', paused: 'paused' };
const flags = `${crashed} CREATE TABLE "QueueConfig" (name text PRIMARY KEY, paused boolean, note text);
  INSERT INTO "QueueConfig" VALUES ('email', false, 'mind the rate'), ('reports', NULL, NULL);`;

it('sets the flag of the queue alone, and puts back what it found there', async () => {
  const shop = await openShop(flags);
  const adapter = await shop.adapter({ pause });
  const ops = opsOf({ adapter }, 'pause');
  for (const queue of ['email', 'reports']) {
    const { found } = await ops.look(queue);
    expect(await ops.pause(queue)).toMatchObject({ paused: true });
    expect(await ops.pause(queue)).toMatchObject({ paused: true });
    expect(await ops.resume(queue, found)).toMatchObject({ paused: false });
  }
  expect(await shop.rows('SELECT * FROM "QueueConfig" ORDER BY name')).toEqual([
    { name: 'email', paused: false, note: 'mind the rate' },
    { name: 'reports', paused: null, note: null },
  ]);
});

it('adds a row for a queue that has none', async () => {
  const shop = await openShop(flags);
  const adapter = await shop.adapter({ pause });
  const ops = opsOf({ adapter }, 'pause');
  expect(await ops.look('new')).toMatchObject({ paused: false, found: { row: false } });
  expect(await ops.pause('new')).toMatchObject({ paused: true });
  expect(await ops.resume('new', { row: false })).toMatchObject({ paused: false });
});

it('is not offered where no flag is mapped, and refused where the tables are mapped for reading', async () => {
  const shop = await openShop(flags);
  const unmapped = {
    level: 'none',
    why: expect.stringMatching(/no flag/),
    instead: expect.stringMatching(/tables\.pause/),
  };
  expect((await shop.adapter()).can.pause).toMatchObject(unmapped);
  expect((await shop.adapter({ write: false })).can.pause).toMatchObject(unmapped);
  const reading = await shop.adapter({ pause, write: false });
  expect(reading.can.pause).toMatchObject({ level: 'none', why: expect.stringContaining('reading only') });
});

it('says which column keeps a job from being added', async () => {
  const shop = await openShop(`${crashed} ALTER TABLE "Job" ADD customer text NOT NULL DEFAULT 'acme';
    ALTER TABLE "Job" ALTER customer DROP DEFAULT;`);
  expect((await shop.adapter()).can.enqueue).toMatchObject({
    level: 'none',
    why: 'a new row of Job needs customer, which the mapping does not fill',
  });
});

it('what the server would refuse is told before, and its answer leaves nothing in doubt', async () => {
  const shop = await openShop(`${flags} ALTER TABLE "QueueConfig" ADD "updatedAt" timestamp NOT NULL DEFAULT now();
    ALTER TABLE "QueueConfig" ALTER "updatedAt" DROP DEFAULT;`);
  const ops = opsOf({ adapter: await shop.adapter({ pause }) }, 'pause');
  expect((await ops.look('email')).warnings).toBeUndefined();
  expect((await ops.look('new')).warnings).toEqual([
    expect.stringMatching(/^It would be refused\. QueueConfig has no row for the queue, and a new one needs updatedAt/),
  ]);
  await expect(ops.pause('new')).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringMatching(/"updatedAt".* violates not-null constraint/),
  });
  expect(await ops.pause('email')).toMatchObject({ paused: true });
});

it('a role that may not write the flag is told what to grant; a grant on the columns alone is enough', async () => {
  const shop = await openShop(flags);
  const role = `flag_${process.pid}`;
  await shop.pool.query(`CREATE ROLE ${role} LOGIN; GRANT ALL ON "Job", "DeadLetterJob", "WorkerHeartbeat" TO ${role};
    GRANT SELECT ON "QueueConfig" TO ${role}`);
  const url = shop.url.replace('postgres@', `${role}@`);
  const adapter = await openPostgres({
    url,
    where: 'postgres://there',
    tables: { preset: 'prisma', write: true, pause },
  });
  try {
    const ops = opsOf({ adapter }, 'pause');
    const [why] = (await ops.look('email')).warnings ?? [];
    expect(why).toMatch(/^It would be refused\. The role \S+ lacks UPDATE on "public"."QueueConfig": GRANT UPDATE ON /);
    expect((await ops.look('new')).warnings).toEqual([expect.stringMatching(/lacks INSERT, UPDATE/)]);
    const denied = { kind: 'refused', message: expect.stringMatching(/permission denied/) };
    await expect(ops.pause('email')).rejects.toMatchObject(denied);
    await shop.pool.query(`GRANT UPDATE (paused), INSERT (name, paused) ON "QueueConfig" TO ${role}`);
    for (const queue of ['email', 'new']) {
      expect((await ops.look(queue)).warnings).toBeUndefined();
      expect(await ops.pause(queue)).toMatchObject({ paused: true });
    }
  } finally {
    await adapter.close();
    await shop.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});
