import { describe, expect, it } from 'vitest';
import { groupDead } from '../../../src/operations/group-dead.ts';
import { act, all, browseAll, inState, jobOf, jobsOf, putBack, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { type Place, place, soon, stateOf } from './place.ts';

/** Two jobs that a real worker lets fail for good, each with its copy. */
async function deadLettered(at: Place): Promise<{ originals: string[]; copies: string[] }> {
  await at.boss.createQueue('undelivered', { name: 'undelivered', policy: 'standard' });
  await at.boss.createQueue('email', { name: 'email', policy: 'standard', deadLetter: 'undelivered', retryLimit: 0 });
  const originals = [await at.boss.send('email', { n: 1 }), await at.boss.send('email', { n: 2 })].map(
    (id) => id ?? '',
  );
  const worker = await at.boss.work('email', { pollingIntervalSeconds: 0.5 }, async () => {
    throw new Error('mailbox is full');
  });
  await soon(async () => expect((await jobsOf(at.adapter, 'undelivered')).size).toBe(2));
  await (at.boss as unknown as { offWork(name: string, options?: object): Promise<void> }).offWork('email');
  expect(worker).toBeTruthy();
  const byNumber = new Map(
    [...(await jobsOf(at.adapter, 'undelivered')).values()].map((job) => [JSON.parse(job.payload).n, job.id]),
  );
  return { originals, copies: [byNumber.get(1) ?? '', byNumber.get(2) ?? ''] };
}

describe.each(['10', '11', '12'] as const)('pg-boss %s dead letters', (version) => {
  it('counts originals and copies once each, in their own queues, and links them', async () => {
    const at = await place(version);
    const { originals, copies } = await deadLettered(at);
    const stats = await at.adapter.stats({});
    expect(stats.map(({ queue, counts }) => [queue, counts.dead, counts.waiting])).toEqual([
      ['email', 2, 0],
      ['undelivered', 2, 0],
    ]);
    expect(
      stats.map(({ copiesIn }) => copiesIn),
      'what is counted twice is told',
    ).toEqual(['undelivered', undefined]);
    expect(stats.map(({ copies }) => copies)).toEqual([2, undefined]);
    expect(await at.adapter.copiesAmong?.(inState('email', 'dead'))).toBe(0);
    const both = { queues: ['email', 'undelivered'], states: ['dead'] } as const;
    expect(await at.adapter.copiesAmong?.(both)).toBe(2);
    const groups = (more: object) => groupDead(at.adapter, { ...both, ...more }, {}, { by: 'error' });
    expect(await groups({})).toMatchObject({ scanned: 4, complete: true, copies: { value: 2, exact: true } });
    const late = { after: '2000-01-01T00:00:00.000000Z' };
    expect((await groups(late)).copies, 'some may be left out').toEqual({ value: 2, exact: false });
    expect((await groups({ queues: ['email'] })).copies).toBeUndefined();
    const listed = await browseAll(at.adapter, inState('undelivered', 'dead'));
    expect(listed.map((job) => job.id).sort()).toEqual([...copies].sort());
    expect(listed[0]?.error?.message).toBe('mailbox is full');
    expect((await at.adapter.find(originals[0] ?? ''))?.links).toContainEqual({
      relation: 'dead-letter copy',
      to: `job ${copies[0]} in undelivered (created)`,
    });
    expect((await at.adapter.find(copies[0] ?? ''))?.links).toContainEqual({
      relation: 'copy of',
      to: `job ${originals[0]} in email (failed)`,
    });
  });

  it('counts as copies only what lies beside its original: not one without, nor a job of its own', async () => {
    const at = await place(version);
    const { copies } = await deadLettered(at);
    // no copy at all, although it has the data of the others
    await at.boss.send('undelivered', { n: 1 });
    const told = async () =>
      (await at.adapter.stats({})).map(({ queue, counts, copies: twice }) => [queue, counts.dead, twice]);
    expect(await told()).toEqual([
      ['email', 2, 2],
      ['undelivered', 3, undefined],
    ]);
    const first = { ...inState('undelivered', 'dead'), ids: [copies[0] ?? ''] };
    await act(opsOf(at, 'remove'), first, { verb: 'remove' });
    expect(await told()).toEqual([
      ['email', 2, 1],
      ['undelivered', 2, undefined],
    ]);
    await act(opsOf(at, 'remove'), inState('email', 'dead'), { verb: 'remove' });
    expect(await told()).toEqual([
      ['email', 0, 0],
      ['undelivered', 2, undefined],
    ]);
    expect((await at.adapter.stats({ queues: ['email'] })).map(({ counts }) => counts.dead)).toEqual([0]);
  });

  it('refuses to replay an original whose copy waits, and says which', async () => {
    const at = await place(version);
    const { originals, copies } = await deadLettered(at);
    const { outcomes } = await act(opsOf(at, 'replay'), inState('email', 'dead'), replay);
    expect(told(outcomes)).toEqual(all(originals, 'skipped duplicate'));
    const first = outcomes.find(({ ref }) => ref.id === originals[0]);
    expect(first).toMatchObject({ note: expect.stringContaining(copies[0] ?? '-') });
    await act(opsOf(at, 'remove'), { ...inState('undelivered', 'dead'), ids: [copies[0] ?? ''] }, { verb: 'remove' });
    const again = await act(opsOf(at, 'replay'), inState('email', 'dead'), replay);
    expect(told(again.outcomes)).toEqual([`${originals[0]}: done`, `${originals[1]}: skipped duplicate`].sort());
  });

  it('puts copies back on the queue they came from, where a worker runs each once', async () => {
    const at = await place(version);
    const { copies } = await deadLettered(at);
    const { outcomes } = await act(opsOf(at, 'replay'), inState('undelivered', 'dead'), replay);
    expect(told(outcomes)).toEqual(all(copies, 'done'));
    expect((await jobsOf(at.adapter, 'undelivered')).size).toBe(0);
    const { rows } = await at.database.pool.query(
      `SELECT policy, dead_letter, retry_limit, state::text FROM job WHERE name = 'email' AND id = ANY ($1)`,
      [copies],
    );
    expect(rows).toEqual(
      [0, 1].map(() => ({ policy: 'standard', dead_letter: 'undelivered', retry_limit: 0, state: 'created' })),
    );
    const ran: unknown[] = [];
    await at.boss.work(
      'email',
      { pollingIntervalSeconds: 0.5 },
      async (jobs) => void ran.push(...jobs.map((job) => job.id)),
    );
    await soon(async () =>
      expect(await Promise.all(copies.map((id) => stateOf(at, id)))).toEqual(['completed', 'completed']),
    );
    expect(ran.sort()).toEqual([...copies].sort());
  });

  it('takes the putting back back: the copies lie in the dead-letter queue as before', async () => {
    const at = await place(version);
    const { copies } = await deadLettered(at);
    const before = await jobsOf(at.adapter, 'undelivered');
    const { saved, marks } = await act(opsOf(at, 'replay'), inState('undelivered', 'dead'), replay);
    const undone = await putBack(opsOf(at, 'revert'), saved, true, at.adapter, marks[0]);
    expect(told(undone.outcomes)).toEqual(all(copies, 'done'));
    expect(await jobsOf(at.adapter, 'undelivered')).toEqual(before);
  });

  it('brings a removed copy back as the library put it there, so that its redrive finds it', async () => {
    const at = await place(version);
    const { copies } = await deadLettered(at);
    const before = await jobsOf(at.adapter, 'undelivered');
    const { saved } = await act(opsOf(at, 'remove'), inState('undelivered', 'dead'), { verb: 'remove' });
    expect((await jobsOf(at.adapter, 'undelivered')).size).toBe(0);
    const back = await putBack(opsOf(at, 'restore'), saved, false, at.adapter);
    expect(told(back.outcomes)).toEqual(all(copies, 'done'));
    expect(await jobsOf(at.adapter, 'undelivered')).toEqual(before);
  });

  it('leaves a copy where nothing says for certain where it came from', async () => {
    const at = await place(version);
    const { copies } = await deadLettered(at);
    await at.database.pool.query(`DELETE FROM job WHERE name = 'email'`);
    if (version === '12') await at.database.pool.query('UPDATE job SET source_name = NULL, source_id = NULL');
    const { outcomes } = await act(opsOf(at, 'replay'), inState('undelivered', 'dead'), replay);
    expect(told(outcomes)).toEqual(all(copies, 'skipped conflict'));
    expect((await jobOf(at.adapter, 'undelivered', copies[0])).state).toBe('dead');
  });

  it('refuses to replay an original whose copy was put back before, and after that one has died as well', async () => {
    const at = await place(version);
    const { originals, copies } = await deadLettered(at);
    const originalsAgain = async () =>
      (await act(opsOf(at, 'replay'), { ...inState('email', 'dead'), ids: originals }, replay)).outcomes;
    await act(opsOf(at, 'replay'), inState('undelivered', 'dead'), replay);
    const waiting = await originalsAgain();
    expect(told(waiting)).toEqual(all(originals, 'skipped duplicate'));
    expect(JSON.stringify(waiting)).toContain(`put back as job ${copies[0]}`);
    for (const _ of copies) {
      const [taken] = (await at.boss.fetch('email')) ?? [];
      await at.boss.fail('email', taken?.id ?? '', { message: 'mailbox is still full' });
    }
    expect((await jobsOf(at.adapter, 'undelivered')).size).toBe(2);
    expect(told(await originalsAgain())).toEqual(all(originals, 'skipped duplicate'));
    const began = (await at.adapter.find(copies[0] ?? '', 'email'))?.links ?? [];
    expect(began).toContainEqual({ relation: 'began as', to: `job ${originals[0]} in email (failed)` });
  });
});
