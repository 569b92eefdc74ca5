import { expect, it } from 'vitest';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { browseAll, inState } from '../../../src/testkit/act.ts';
import { deadLetters, openShop } from './shop.ts';

const writes = ['replay', 'reset', 'remove', 'cancel', 'edit', 'resolve', 'enqueue', 'restore', 'revert'] as const;
const refused = (adapter: QueueAdapter): string[] => writes.filter((verb) => adapter.can[verb]?.level === 'none');

/** Each tenant numbers its own jobs. */
const perTenant = `${deadLetters}
  ALTER TABLE "Job" ADD tenant text NOT NULL DEFAULT 'acme', DROP CONSTRAINT "Job_pkey", ADD PRIMARY KEY (tenant, id);
  INSERT INTO "Job" (id, queue, type, payload, status, tenant, "updatedAt") VALUES ('j1', 'email', 'email.send', '{}', 'failed', 'beta', now());`;

it('an id that two rows may share names neither: nothing is written, reads say so', async () => {
  const shop = await openShop(perTenant);
  const adapter = await shop.adapter();
  expect(refused(adapter)).toEqual(writes);
  expect(adapter.can.remove).toEqual({
    level: 'none',
    why: 'no unique index is of Job.id alone: by its id a write could hit another row',
    instead:
      'Map a column that is unique (tables.columns.id), or make this one so: CREATE UNIQUE INDEX CONCURRENTLY ON "public"."Job" ("id");',
  });
  expect(adapter.backend.warnings).toEqual([
    'No unique index is of Job.id alone: rows that share an id cannot be told apart, so lists may show the one for the other, and nothing is written.',
  ]);
  expect(await browseAll(adapter, inState('email', 'dead'))).not.toEqual([]);
});

it('dead letters that may share an id are not written to either', async () => {
  const shop = await openShop(`${deadLetters} ALTER TABLE "DeadLetterJob" DROP CONSTRAINT "DeadLetterJob_pkey";`);
  const adapter = await shop.adapter();
  expect(refused(adapter)).toEqual(writes);
  expect(adapter.can.replay).toMatchObject({
    why: 'no unique index is of DeadLetterJob.id alone: by its id a write could hit another row',
    instead: expect.stringMatching(/ \(tables\.deadLetter\.columns\.id\), .*"DeadLetterJob" \("id"\);$/),
  });
  expect(adapter.backend.warnings.join()).toMatch(/^No unique index is of DeadLetterJob.id alone/);
});

const indexes: Record<string, [index: string, keeps: boolean]> = {
  'of that column alone': ['ON "Job" (id)', true],
  'that carries others along': ['ON "Job" (id) INCLUDE (queue)', true],
  'over some rows': [`ON "Job" (id) WHERE status <> 'completed'`, false],
  'of more columns': ['ON "Job" (id, queue)', false],
  'of what is worked out of it': ['ON "Job" (lower(id))', false],
};

it.each(Object.entries(indexes))('a unique index %s', async (_, [index, keeps]) => {
  const shop = await openShop(`ALTER TABLE "Job" DROP CONSTRAINT "Job_pkey"; CREATE UNIQUE INDEX one ${index};`);
  expect(refused(await shop.adapter())).toEqual(keeps ? [] : writes);
});

it('a unique index that was never finished keeps nothing unique', async () => {
  const shop = await openShop(`ALTER TABLE "Job" DROP CONSTRAINT "Job_pkey"; CREATE UNIQUE INDEX one ON "Job" (id);
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'one'::regclass;`);
  expect(refused(await shop.adapter())).toEqual(writes);
});
