import { expect, it } from 'vitest';
import { act, browseAll, inState, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { deadLetters, openShop } from './shop.ts';

const all = { queues: ['email', 'jobs'], states: ['dead', 'waiting', 'completed'] } as const;

/** One tenant is told by the jobs alone, the letter of a deleted job tells its own. */
const tenants = `${deadLetters}
  ALTER TABLE "Job" ADD "tenantId" text, ADD lane integer, ADD "parentId" text, ADD "batchId" text;
  ALTER TABLE "DeadLetterJob" ADD "tenantId" text;
  UPDATE "Job" SET "tenantId" = 'acme', lane = 7 WHERE id IN ('j1', 'j4');
  UPDATE "DeadLetterJob" SET "tenantId" = 'blue' WHERE id = 'd2';
  UPDATE "Job" SET "parentId" = 'j4', "batchId" = 'b1' WHERE id = 'j1';
  UPDATE "Job" SET "parentId" = 'long ago', "batchId" = 'b1' WHERE id = 'j4';`;

it('jobs and dead letters are counted and chosen by their tenant and lane', async () => {
  const adapter = await (await openShop(tenants)).adapter();
  const by = async (key: 'tenant' | 'lane') =>
    (await adapter.stats({ by: key })).map(({ queue, by: lines }) => [
      queue,
      ...(lines ?? []).map(
        (line) => `${line.key || '-'}: ${line.counts.dead} dead, ${line.counts.completed} completed`,
      ),
    ]);
  expect(await by('tenant')).toEqual([
    ['email', '-: 0 dead, 0 completed', 'acme: 1 dead, 1 completed'],
    ['jobs', 'blue: 1 dead, 0 completed'],
  ]);
  expect(await by('lane')).toEqual([
    ['email', '-: 0 dead, 0 completed', '7: 1 dead, 1 completed'],
    ['jobs', '-: 1 dead, 0 completed'],
  ]);
  const ids = async (more: object) => (await browseAll(adapter, { ...all, ...more })).map(({ id }) => id).sort();
  expect(await ids({ tenant: 'acme' })).toEqual(['j1', 'j4']);
  expect(await ids({ tenant: 'blue' })).toEqual(['j2']);
  expect(await ids({ lane: '7' })).toEqual(['j1', 'j4']);
  expect((await adapter.find('j1'))?.job).toMatchObject({ tenant: 'acme', lane: '7' });
});

it('a job that is made again from its letter belongs to the same tenant; one that is added to the one named', async () => {
  const shop = await openShop(tenants);
  const adapter = await shop.adapter();
  expect(told((await act(opsOf({ adapter }, 'replay'), inState('jobs', 'dead'), replay)).outcomes)).toEqual([
    'j2: done',
  ]);
  const added = await opsOf({ adapter }, 'enqueue').enqueue('email', [
    { type: 'email.send', payload: '{}', tenant: 'red', lane: '3' },
  ]);
  expect(added).toMatchObject([{ result: 'done' }]);
  expect(await shop.rows(`SELECT "tenantId", lane FROM "Job" WHERE "tenantId" IN ('blue', 'red') ORDER BY 1`)).toEqual([
    { tenantId: 'blue', lane: null },
    { tenantId: 'red', lane: 3 },
  ]);
});

it('a tenant that must be told is asked for; a default is left to the database', async () => {
  const shop = await openShop(`${deadLetters}
    ALTER TABLE "Job" ADD "tenantId" text NOT NULL DEFAULT 'house'; ALTER TABLE "Job" ALTER "tenantId" DROP DEFAULT;
    ALTER TABLE "Job" ADD lane text NOT NULL DEFAULT 'slow';`);
  const ops = opsOf({ adapter: await shop.adapter() }, 'enqueue');
  const job = { type: 'email.send', payload: '{}' };
  expect(ops.refuses?.(job, 'email')).toBe('the column tenantId of Job must be filled: say its tenant');
  expect(ops.refuses?.({ ...job, tenant: 'acme' }, 'email')).toBeUndefined();
  expect(await ops.enqueue('email', [{ ...job, tenant: 'acme' }])).toMatchObject([{ result: 'done' }]);
  expect(await shop.rows(`SELECT lane FROM "Job" WHERE "tenantId" = 'acme'`)).toEqual([{ lane: 'slow' }]);
});

it('job show tells of parent, children and batch', async () => {
  const adapter = await (await openShop(tenants)).adapter();
  const links = async (id: string) => (await adapter.find(id))?.links.map(({ relation, to }) => `${relation} ${to}`);
  expect(await links('j1')).toEqual(['dead letter d1', 'parent j4 (completed)', 'batch b1 (2 jobs)']);
  expect(await links('j4')).toEqual(['parent long ago (gone)', 'child j1 (failed)', 'batch b1 (2 jobs)']);
  expect(await links('j2')).toEqual(['dead letter d2: seen by Ada']);
});

it('where no column tells the tenant no breakdown is made up', async () => {
  const adapter = await (await openShop(deadLetters)).adapter();
  expect((await adapter.stats({ by: 'tenant' })).map(({ by }) => by)).toEqual([undefined, undefined]);
  expect(await browseAll(adapter, { ...all, tenant: 'acme' })).toEqual([]);
  expect(opsOf({ adapter }, 'enqueue').ignores.has('tenant')).toBe(true);
});
