import { expect, it } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import { act, inState, putBack, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { deadLetters, openShop, type Shop } from './shop.ts';

const remove = { verb: 'remove' } as const;
const all = { queues: ['email', 'jobs'], states: ['dead'] } as const;
const dead = inState('email', 'dead');
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

it.each(['SET NULL', 'SET DEFAULT'])(
  'remove leaves what rows refer to that would lose it for good (%s)',
  async (onDelete) => {
    const shop = await openShop(`${deadLetters} ${refers('Note', onDelete)}
    INSERT INTO "Job" (id, queue, type, payload, status, "updatedAt") VALUES ('x1', 'email', 'x', '{}', 'failed', now()), ('x2', 'email', 'x', '{}', 'failed', now());
    INSERT INTO "Note" ("jobId") VALUES ('x1'), ('j1');`);
    const adapter = await shop.adapter();
    const { outcomes, saved } = await act(opsOf({ adapter }, 'remove'), dead, remove);
    expect(told(outcomes)).toEqual(['j1: skipped conflict', 'x1: skipped conflict', 'x2: done']);
    expect(outcomes.find(({ ref }) => ref.id === 'x1')).toMatchObject({
      note: expect.stringMatching(
        new RegExp(`^rows of "Note" refer to it \\(Note_jobId_fkey, ON DELETE ${onDelete}\\): `),
      ),
    });
    expect([await count(shop, 'Note'), (await letters(shop)).map(({ id }) => id)]).toEqual([2, ['d1', 'd2', 'd3']]);
    const gone = saved.filter(({ job }) => job.id === 'x2');
    expect(told((await putBack(opsOf({ adapter }, 'restore'), gone, false, adapter)).outcomes)).toEqual(['x2: done']);
  },
);

/** The letters' own key to their jobs. */
const linked = `ALTER TABLE "DeadLetterJob" ALTER "jobId" DROP NOT NULL;
  DELETE FROM "DeadLetterJob" WHERE id = 'd2';
  ALTER TABLE "DeadLetterJob" ADD CONSTRAINT letter_job FOREIGN KEY ("jobId") REFERENCES "Job" ON DELETE SET NULL;`;

it('a letter that goes with its job and comes back with it does not keep it; one that stays does', async () => {
  const shop = await openShop(`${deadLetters} ${linked}
    INSERT INTO "Job" (id, queue, type, payload, status, "updatedAt") VALUES ('k1', 'email', 'x', '{}', 'failed', now());
    INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, resolved, "resolvedAt") VALUES
      ('e1', 'k1', 'x', '{}', 'again', false, NULL), ('e2', 'k1', 'x', '{}', 'before', true, now());`);
  const adapter = await shop.adapter();
  const before = await shop.rows(`SELECT * FROM "DeadLetterJob" ORDER BY id`);
  const { outcomes, saved } = await act(opsOf({ adapter }, 'remove'), dead, remove);
  expect(told(outcomes)).toEqual(['j1: done', 'k1: skipped conflict']);
  expect(outcomes.find(({ ref }) => ref.id === 'k1')).toMatchObject({ note: expect.stringMatching(/letter_job/) });
  expect(await shop.rows(`SELECT id, "jobId" FROM "DeadLetterJob" ORDER BY id`)).toEqual([
    { id: 'd3', jobId: 'j3' },
    { id: 'e1', jobId: 'k1' },
    { id: 'e2', jobId: 'k1' },
  ]);
  const gone = saved.filter(({ job }) => job.id === 'j1');
  expect(told((await putBack(opsOf({ adapter }, 'restore'), gone, false, adapter)).outcomes)).toEqual(['j1: done']);
  expect(await shop.rows(`SELECT * FROM "DeadLetterJob" ORDER BY id`)).toEqual(before);
});

it('a letter that rows refer to is left, with its job', async () => {
  const shop = await openShop(`${deadLetters}
    CREATE TABLE "Ticket" (id int, letter text CONSTRAINT "about" REFERENCES "DeadLetterJob" ON DELETE SET NULL); INSERT INTO "Ticket" VALUES (1, 'd1');`);
  const { outcomes } = await act(opsOf({ adapter: await shop.adapter() }, 'remove'), all, remove);
  expect(told(outcomes)).toEqual(['j1: skipped conflict', 'j2: done']);
  expect(outcomes.find(({ ref }) => ref.id === 'j1')).toMatchObject({
    note: expect.stringMatching(/"Ticket" .*about/),
  });
  expect(await shop.rows(`SELECT id FROM "Job" WHERE id = 'j1'`)).toHaveLength(1);
});

it('whoever comes to refer to a job meanwhile waits, or is waited for', async () => {
  const shop = await openShop(`${deadLetters} ${refers('Note', 'SET NULL')} ${linked}`);
  const ops = opsOf({ adapter: await shop.adapter() }, 'remove');
  const only = { ...dead, ids: ['j1'] };
  const other = await shop.pool.connect();
  try {
    await other.query(`BEGIN; INSERT INTO "Note" ("jobId") VALUES ('j1')`);
    expect(told((await act(ops, only, remove)).outcomes)).toEqual(['j1: skipped locked']);
    await other.query('ROLLBACK');
    const claim = (await ops.claim({ selection: only, action: remove, size: 1 })[Symbol.asyncIterator]().next()).value;
    await other.query(`SET lock_timeout = '200ms'`);
    await expect(other.query(`INSERT INTO "Note" ("jobId") VALUES ('j1')`)).rejects.toMatchObject({ code: '55P03' });
    await claim.release();
    await other.query(`INSERT INTO "Note" ("jobId") VALUES ('j1')`);
    expect(told((await act(ops, only, remove)).outcomes)).toEqual(['j1: skipped conflict']);
  } finally {
    other.release(true);
  }
});

it('the plan of a removal says beforehand what will be left', async () => {
  const shop = await openShop(`${deadLetters} ${linked} ${refers('Note', 'SET NULL')}`);
  const adapter = await shop.adapter();
  const lines = async (verb: 'remove' | 'replay') => (await adapter.cautions?.(dead, verb))?.lines;
  expect(await lines('remove')).toEqual([
    'A job that rows of "Note" refer to (Note_jobId_fkey, ON DELETE SET NULL) is left: the reference would be emptied, and nothing fills it again.',
    'A job that rows of "DeadLetterJob" refer to beside those that go with it (letter_job, ON DELETE SET NULL) is left: the reference would be emptied, and nothing fills it again.',
  ]);
  expect(await lines('replay')).toEqual([]);
});

it('a letter that came after the backup is not taken along', async () => {
  const shop = await openShop(deadLetters);
  const claims = opsOf({ adapter: await shop.adapter() }, 'remove').claim({ selection: all, action: remove, size: 9 });
  const claim = (await claims[Symbol.asyncIterator]().next()).value;
  await shop.rows(
    `INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error) VALUES ('d9', 'j2', 'x', '{}', 'new')`,
  );
  await claim.apply(claim.jobs);
  expect((await letters(shop)).map(({ id }) => id)).toEqual(['d3', 'd9']);
});
