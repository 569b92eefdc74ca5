import { expect, it } from 'vitest';
import type { Db } from '../../../src/adapters/postgres/connection.ts';
import { ownTables } from '../../../src/adapters/postgres/own-tables/index.ts';
import { browseAll } from '../../../src/testkit/act.ts';
import { deadLetters, openShop, type Shop } from './shop.ts';

/** Letters whose own ids, numbers, could be those of other jobs. */
const numbered = (more: string): string => `${deadLetters} ALTER TABLE "DeadLetterJob" ALTER "jobId" DROP NOT NULL,
    ALTER id TYPE integer USING substr(id, 2)::int; ${more}`;
const nameless = numbered(`INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, resolved) VALUES
  (11, NULL, 'a', '{"lost":1}', 'inline', false), (12, NULL, 'a', '{"lost":2}', 'inline', false), (13, NULL, 'a', '{}', 'seen', true);`);

/** What opening the tables asks of the server, and what it warns of. */
async function opened({ pool }: Shop, fault?: Error) {
  const sent: string[] = [];
  const db: Db = {
    query: async (sql, values = []) => {
      sent.push(sql);
      if (fault !== undefined && sent.length > 1) throw fault;
      return (await pool.query(sql, [...values])).rows;
    },
  };
  const { info } = await ownTables(db, { preset: 'prisma' }, undefined, 'postgres://test');
  return { asked: sent.length, warnings: info.warnings };
}

it('dead letters that name no job and cannot be shown are counted and told', async () => {
  const shop = await openShop(nameless);
  const adapter = await shop.adapter();
  expect(adapter.backend.warnings).toEqual([
    '2 dead letters of DeadLetterJob name no job: they are not shown, and nothing is done with them. Fill jobId, or map a column that names the job: tables.deadLetter.columns.jobId.',
  ]);
  const found = await browseAll(adapter, { queues: ['email', 'jobs'], states: ['dead'] });
  expect(found.map(({ id }) => id)).toEqual(['j2', 'j1']);
});

it('nothing is asked where every letter names its job, or stands under its own id', async () => {
  expect(await opened(await openShop(deadLetters))).toEqual({ asked: 1, warnings: [] });
  const alone = await openShop(`${deadLetters} ALTER TABLE "DeadLetterJob" ALTER "jobId" DROP NOT NULL;
    INSERT INTO "DeadLetterJob" (id, type, payload, error) VALUES ('d7', 'a', '{}', 'inline');`);
  expect(await opened(alone)).toEqual({ asked: 1, warnings: [] });
  const named = await openShop(numbered(''));
  expect(await opened(named)).toEqual({ asked: 2, warnings: [] });
});

it('a count that fails keeps nobody from the tables', async () => {
  const { warnings } = await opened(
    await openShop(nameless),
    new Error('canceling statement due to statement timeout'),
  );
  expect(warnings).toEqual([
    'Dead letters of DeadLetterJob that name no job are not shown. How many there are could not be counted: canceling statement due to statement timeout.',
  ]);
});
