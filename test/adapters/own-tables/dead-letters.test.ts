import { expect, it } from 'vitest';
import { act, browseAll, inState, putBack, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { deadLetters, openShop, type Shop } from './shop.ts';

const dead = inState('email', 'dead');
const all = { queues: ['email', 'jobs'], states: ['dead'] } as const;

const tables = (shop: Shop) =>
  shop.rows(
    `SELECT to_json(j)::text AS line FROM "Job" j UNION ALL SELECT to_json(d)::text FROM "DeadLetterJob" d ORDER BY 1`,
  );
const letter = async (shop: Shop, id: string) =>
  (
    await shop.rows<{ resolved: boolean; notes: string | null }>(
      `SELECT resolved, notes, "resolvedAt" IS NOT NULL AS dated FROM "DeadLetterJob" WHERE id = $1`,
      [id],
    )
  )[0];
const job = async (shop: Shop, id: string) =>
  (
    await shop.rows<{ status: string }>(
      `SELECT status::text, attempts, type, payload, finished_at FROM "Job" WHERE id = $1`,
      [id],
    )
  )[0];

it('the unresolved dead letters are the dead jobs, under the ids of their jobs; failed originals are not counted twice', async () => {
  const adapter = await (await openShop(deadLetters)).adapter();
  const jobs = await browseAll(adapter, all, { order: 'newest' });
  expect(jobs.map(({ id, queue, type, attempts, error }) => [id, queue, type, attempts, error?.message])).toEqual([
    ['j1', 'email', 'email.send', 3, 'timeout after 30s'],
    ['j2', 'jobs', 'webhook.deliver', 5, '502'],
  ]);
  const stats = await adapter.stats({});
  expect(stats.map(({ queue, counts }) => [queue, counts.dead])).toEqual([
    ['email', 1],
    ['jobs', 1],
  ]);
  expect(await adapter.count(all)).toEqual({ value: 2, exact: true });
});

it('a failed job without a dead letter is dead by itself', async () => {
  const adapter = await (
    await openShop(
      `${deadLetters} INSERT INTO "Job" (id, queue, type, payload, status, "updatedAt") VALUES ('lost', 'email', 'x', '{}', 'failed', now());`,
    )
  ).adapter();
  expect((await browseAll(adapter, dead)).map(({ id }) => id).sort()).toEqual(['j1', 'lost']);
});

it('a job that failed again after its letter was resolved is dead again', async () => {
  const adapter = await (
    await openShop(`${deadLetters} UPDATE "Job" SET started_at = now(), finished_at = now() WHERE id = 'j3';`)
  ).adapter();
  expect((await browseAll(adapter, dead)).map(({ id }) => id).sort()).toEqual(['j1', 'j3']);
});

it('replay resets the job and resolves its letter with a note, once', async () => {
  const shop = await openShop(deadLetters);
  const adapter = await shop.adapter();
  expect(told((await act(opsOf({ adapter }, 'replay'), dead, replay)).outcomes)).toEqual(['j1: done']);
  expect(await job(shop, 'j1')).toMatchObject({ status: 'pending', attempts: 0, finished_at: null });
  expect(await letter(shop, 'd1')).toEqual({
    resolved: true,
    dated: true,
    notes: expect.stringMatching(/^replayed \(job j1, jobctl/),
  });
  expect((await act(opsOf({ adapter }, 'replay'), dead, replay)).outcomes).toEqual([]);
});

it('replay makes a job again that is gone, and keeps the notes that were there', async () => {
  const shop = await openShop(deadLetters);
  const adapter = await shop.adapter();
  expect(told((await act(opsOf({ adapter }, 'replay'), all, replay)).outcomes)).toEqual(['j1: done', 'j2: done']);
  expect(await job(shop, 'j2')).toMatchObject({
    status: 'pending',
    attempts: 0,
    type: 'webhook.deliver',
    payload: { hook: 7 },
  });
  expect((await letter(shop, 'd2'))?.notes).toMatch(/^seen by Ada\nreplayed /);
});

it('undo takes both back: the job that was made goes, the letters are open again', async () => {
  const shop = await openShop(deadLetters);
  const adapter = await shop.adapter();
  const before = await tables(shop);
  const { saved, marks } = await act(opsOf({ adapter }, 'replay'), all, replay);
  expect(await tables(shop)).not.toEqual(before);
  const back = await putBack(opsOf({ adapter }, 'revert'), saved, true, adapter, marks[0]);
  expect(told(back.outcomes)).toEqual(['j1: done', 'j2: done']);
  expect(await tables(shop)).toEqual(before);
});

it('undo leaves alone a job that a worker has taken since', async () => {
  const shop = await openShop(deadLetters);
  const adapter = await shop.adapter();
  const { saved, marks } = await act(opsOf({ adapter }, 'replay'), all, replay);
  await shop.rows(`UPDATE "Job" SET status = 'processing' WHERE id = 'j2'`);
  const back = await putBack(opsOf({ adapter }, 'revert'), saved, true, adapter, marks[0]);
  expect(told(back.outcomes)).toEqual(['j1: done', 'j2: skipped started']);
  expect((await letter(shop, 'd2'))?.resolved).toBe(true);
});

it('a letter that somebody resolved meanwhile is left alone', async () => {
  const shop = await openShop(deadLetters);
  const adapter = await shop.adapter();
  const claims = opsOf({ adapter }, 'replay')
    .claim({ selection: all, action: replay, size: 1 })
    [Symbol.asyncIterator]();
  const first = (await claims.next()).value;
  await first.release();
  await shop.rows(`UPDATE "DeadLetterJob" SET resolved = true, "resolvedAt" = now() AT TIME ZONE 'UTC'`);
  expect((await claims.next()).done).toBe(true);
});

it('a letter whose job waits or runs already is not replayed: it would run twice', async () => {
  const shop = await openShop(`${deadLetters} UPDATE "Job" SET status = 'pending' WHERE id = 'j1';`);
  const adapter = await shop.adapter();
  const { outcomes } = await act(opsOf({ adapter }, 'replay'), dead, replay);
  expect(outcomes).toEqual([
    { ref: { queue: 'email', id: 'j1' }, result: 'skipped', why: 'duplicate', note: 'job j1 itself is pending' },
  ]);
  expect((await letter(shop, 'd1'))?.resolved).toBe(false);
});

it('of several letters of one job the newest stands for them; replay resolves all', async () => {
  const shop = await openShop(
    `${deadLetters} INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, "createdAt") VALUES ('d9', 'j1', 'email.send', '{}', 'again', now());`,
  );
  const adapter = await shop.adapter();
  expect((await browseAll(adapter, dead)).map(({ id, error }) => [id, error?.message])).toEqual([['j1', 'again']]);
  await act(opsOf({ adapter }, 'replay'), dead, replay);
  expect([(await letter(shop, 'd1'))?.resolved, (await letter(shop, 'd9'))?.resolved]).toEqual([true, true]);
});

it('remove takes the letter and its failed original, and restore brings both back', async () => {
  const shop = await openShop(deadLetters);
  const adapter = await shop.adapter();
  const before = await tables(shop);
  const { saved, outcomes } = await act(opsOf({ adapter }, 'remove'), all, { verb: 'remove' });
  expect(told(outcomes)).toEqual(['j1: done', 'j2: done']);
  expect([await job(shop, 'j1'), await letter(shop, 'd1'), await letter(shop, 'd2')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(told((await putBack(opsOf({ adapter }, 'restore'), saved, false, adapter)).outcomes)).toEqual([
    'j1: done',
    'j2: done',
  ]);
  expect(await tables(shop)).toEqual(before);
});

it('job show tells of the dead letters', async () => {
  const adapter = await (await openShop(deadLetters)).adapter();
  expect((await adapter.find('j1'))?.links).toEqual([{ relation: 'dead letter', to: 'd1' }]);
  expect((await adapter.find('j2'))?.links).toEqual([{ relation: 'dead letter', to: 'd2: seen by Ada' }]);
});

it('a resolved letter that was purged comes back beside its job, be that done, dead once more, or gone', async () => {
  const shop = await openShop(`${deadLetters}
    INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, resolved, "resolvedAt", "createdAt") VALUES
      ('d4', 'j4', 'email.send', '{}', 'replayed, then done', true, now() - interval '2 days', now() - interval '3 days'),
      ('d5', 'j1', 'email.send', '{}', 'before it died again', true, now() - interval '2 days', now() - interval '3 days'),
      ('d6', 'j6', 'email.send', '{}', 'its job was deleted', true, now() - interval '2 days', now() - interval '3 days');`);
  const adapter = await shop.adapter();
  const before = await tables(shop);
  const { saved } = await act(opsOf({ adapter }, 'remove'), { ...all, resolved: true }, { verb: 'remove' });
  expect(saved.map((item) => item.job.id).sort()).toEqual(['j1', 'j3', 'j4', 'j6']);
  expect(await tables(shop)).toHaveLength(before.length - 5);
  const back = await putBack(opsOf({ adapter }, 'restore'), saved, false, adapter);
  expect(told(back.outcomes)).toEqual(['j1: done', 'j3: done', 'j4: done', 'j6: done']);
  expect(await tables(shop)).toEqual(before);
  const again = await putBack(opsOf({ adapter }, 'restore'), saved, false, adapter);
  expect(told(again.outcomes)).toEqual(['j1', 'j3', 'j4', 'j6'].map((id) => `${id}: skipped unchanged`));
});

it('an open letter whose job is done goes, is resolved and comes back without that job', async () => {
  const shop = await openShop(`${deadLetters}
    INSERT INTO "DeadLetterJob" (id, "jobId", type, payload, error, "createdAt") VALUES
      ('d4', 'j4', 'email.send', '{}', 'forgotten', now() - interval '2 days');`);
  const adapter = await shop.adapter();
  const before = await tables(shop);
  const only = { ...dead, ids: ['j4'] };

  const removed = await act(opsOf({ adapter }, 'remove'), only, { verb: 'remove' });
  expect([told(removed.outcomes), await letter(shop, 'd4')]).toEqual([['j4: done'], undefined]);
  expect((await job(shop, 'j4'))?.status).toBe('completed');
  const back = await putBack(opsOf({ adapter }, 'restore'), removed.saved, false, adapter);
  expect([told(back.outcomes), await tables(shop)]).toEqual([['j4: done'], before]);

  const resolved = await act(opsOf({ adapter }, 'resolve'), only, { verb: 'resolve', note: 'seen' });
  expect((await letter(shop, 'd4'))?.resolved).toBe(true);
  const opened = await putBack(opsOf({ adapter }, 'revert'), resolved.saved, true, adapter, resolved.marks[0]);
  expect([told(opened.outcomes), await tables(shop)]).toEqual([['j4: done'], before]);
});
