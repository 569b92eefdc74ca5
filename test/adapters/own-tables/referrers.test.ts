import { expect, it } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import { act, putBack, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { deadLetters, openShop, type Shop } from './shop.ts';

const all = { queues: ['email', 'jobs'], states: ['dead'] } as const;
/** Rows that refer to jobs; what becomes of them when a job is deleted. */
const refers = (table: string, onDelete: string): string =>
  `CREATE TABLE "${table}" (id serial PRIMARY KEY, "jobId" text REFERENCES "Job" ON DELETE ${onDelete}, line text);`;

const count = async (shop: Shop, table: string): Promise<number | undefined> =>
  (await shop.rows<{ n: number }>(`SELECT count("jobId")::int AS n FROM "${table}"`))[0]?.n;
const letters = (shop: Shop) =>
  shop.rows<{ id: string; resolved: boolean }>(`SELECT id, resolved FROM "DeadLetterJob" ORDER BY id`);

it.each(['CASCADE', 'SET NULL'])(
  'undo leaves a job that it had made again once rows refer to it: they would go or lose it (%s)',
  async (onDelete) => {
    const shop = await openShop(`${deadLetters} ${refers('JobLog', onDelete)}
      INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error) VALUES ('d5', 'j5', 'email.send', '{}', 'its job is gone, too');`);
    const adapter = await shop.adapter();
    const { saved, marks } = await act(opsOf({ adapter }, 'replay'), all, replay);
    await shop.rows(
      `INSERT INTO "JobLog" ("jobId", line) VALUES ('j2', 'important'), ('j1', 'an old job: undo only changes it back')`,
    );
    const back = await putBack(opsOf({ adapter }, 'revert'), saved, true, adapter, marks[0]);
    expect(told(back.outcomes)).toEqual(['j1: done', 'j2: skipped conflict', 'j5: done']);
    expect(back.outcomes.find(({ ref }) => ref.id === 'j2')).toMatchObject({
      note: expect.stringMatching(
        new RegExp(`^rows of "JobLog" refer to it \\(JobLog_jobId_fkey, ON DELETE ${onDelete}\\): `),
      ),
    });
    expect(await count(shop, 'JobLog')).toBe(2);
    expect((await letters(shop)).filter(({ resolved }) => resolved).map(({ id }) => id)).toEqual(['d2', 'd3']);
  },
);

it('undo leaves such a job, too, where the role may not look whether rows refer to it', async () => {
  const shop = await openShop(`${deadLetters} ${refers('JobLog', 'CASCADE')}`);
  const role = `blind_${process.pid}`;
  await shop.pool.query(`CREATE ROLE ${role} LOGIN; GRANT SELECT ON "WorkerHeartbeat" TO ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON "Job", "DeadLetterJob" TO ${role}`);
  const url = shop.url.replace('postgres@', `${role}@`);
  const adapter = await openPostgres({ url, where: 'postgres://test', tables: { preset: 'prisma', write: true } });
  try {
    const { saved, marks } = await act(opsOf({ adapter }, 'replay'), all, replay);
    const back = await putBack(opsOf({ adapter }, 'revert'), saved, true, adapter, marks[0]);
    expect(told(back.outcomes)).toEqual(['j1: done', 'j2: skipped conflict']);
    expect(back.outcomes.find(({ ref }) => ref.id === 'j2')).toMatchObject({
      note: expect.stringMatching(/^rows of "JobLog" may refer to it .*this role cannot see them/),
    });
  } finally {
    await adapter.close();
    await shop.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});
