import { expect, it } from 'vitest';
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
  expect((await shop.adapter()).can.pause).toBeUndefined();
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
