import { describe, expect, it } from 'vitest';
import { act, all, inState, jobOf, jobsOf, putBack, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { type Place, place, stateOf } from './place.ts';

const stuck = { ...inState('email', 'active'), stuck: true };
const reset = { verb: 'reset' } as const;

/** A job that has used all its runs and whose worker was killed, in a queue with or without a dead-letter queue. */
async function usedUp(at: Place, options: Readonly<Record<string, unknown>> = {}, data: object = { n: 1 }) {
  const id = (await at.boss.send('email', data, { retryLimit: 0, priority: 3, ...options })) ?? '';
  await at.boss.fetch('email');
  await at.database.pool.query(`UPDATE job SET started_on = started_on - interval '1 hour' WHERE id = $1`, [id]);
  return id;
}

async function lettered(version: '10' | '11' | '12'): Promise<Place> {
  const at = await place(version);
  await at.boss.createQueue('letters', { name: 'letters', policy: 'standard', retryLimit: 5 });
  await at.boss.createQueue('email', { name: 'email', policy: 'standard', deadLetter: 'letters' });
  return at;
}

/** All that does not say when and which: the times as distances, so that two jobs that went the same way look alike. */
async function rowsOf({ database }: Place, queue: string): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    `SELECT to_jsonb(j) - '{id,created_on,started_on,start_after,completed_on,keep_until,output,source_id,source_root_id,source_created_on,source_output}'::text[]
              || jsonb_build_object('kept', round(extract(epoch FROM keep_until - created_on)), 'ended', completed_on IS NOT NULL,
                   'due', round(extract(epoch FROM start_after - created_on)), 'ran', started_on IS NOT NULL) AS row
       FROM job j WHERE name = $1`,
    [queue],
  );
  return rows.map(({ row }) => row);
}

describe.each(['10', '11', '12'] as const)('a stuck job of pg-boss %s that has used all its runs', (version) => {
  it('is ended as the library ends it, with its copy in the dead-letter queue', async () => {
    const at = await lettered(version);
    const byLibrary = await usedUp(at);
    await at.boss.fail('email', byLibrary, { message: 'job timed out' });
    const byUs = await usedUp(at);
    const { outcomes } = await act(opsOf(at, 'reset'), stuck, reset);
    expect(told(outcomes)).toEqual(all([byUs], 'done'));
    expect(outcomes[0]).toMatchObject({ note: expect.stringMatching(/dead.*all its runs.*jobctl replay letters/) });
    expect(await jobOf(at.adapter, 'email', byUs)).toMatchObject({ state: 'dead', native: 'failed', attempts: 1 });
    const copies = [...(await jobsOf(at.adapter, 'letters')).values()];
    expect(copies.map(({ state, error }) => [state, error?.message]).sort()).toEqual(
      [
        ['dead', 'job timed out'],
        ['dead', expect.stringMatching(/^ended by jobctl: its time ran out at/)],
      ].sort(),
    );
    for (const queue of ['email', 'letters']) {
      const [one, other, ...more] = await rowsOf(at, queue);
      expect(more).toEqual([]);
      expect(one, queue).toEqual(other);
    }
    const copy = copies.find(({ error }) => error?.message !== 'job timed out');
    expect((await at.adapter.find(copy?.id ?? ''))?.links).toContainEqual({
      relation: 'copy of',
      to: `job ${byUs} in email (failed)`,
    });
    const back = await act(opsOf(at, 'replay'), { ...inState('letters', 'dead'), ids: [copy?.id ?? ''] }, replay);
    expect(told(back.outcomes)).toEqual(all([copy?.id ?? ''], 'done'));
    expect(await at.boss.fetch('email')).toMatchObject([{ id: copy?.id, data: { n: 1 } }]);
  });

  it('is dead in its own queue where it has no dead-letter queue, and a replay runs it', async () => {
    const at = await place(version);
    await at.boss.createQueue('email', { policy: 'standard' });
    const id = await usedUp(at);
    const { outcomes } = await act(opsOf(at, 'reset'), stuck, reset);
    expect(outcomes).toMatchObject([{ result: 'done', note: expect.stringMatching(/jobctl replay email/) }]);
    await act(opsOf(at, 'replay'), inState('email', 'dead'), replay);
    expect((await at.boss.fetch('email'))?.[0]?.id).toBe(id);
  });

  it('is taken back whole: the job and its copy', async () => {
    const at = await lettered(version);
    const ids = [await usedUp(at), await usedUp(at), await usedUp(at, {}, { n: 2 })];
    const before = await jobsOf(at.adapter, 'email');
    const { saved, marks } = await act(opsOf(at, 'reset'), stuck, reset);
    expect((await jobsOf(at.adapter, 'letters')).size).toBe(3);
    const undone = await putBack(opsOf(at, 'revert'), saved, true, at.adapter, marks[0]);
    expect(told(undone.outcomes)).toEqual(all(ids, 'done'));
    expect(await jobsOf(at.adapter, 'email')).toEqual(before);
    expect((await jobsOf(at.adapter, 'letters')).size).toBe(0);
    // and the undo itself
    const again = await putBack(opsOf(at, 'revert'), undone.jobs, true, at.adapter, undone.mark);
    expect(told(again.outcomes)).toEqual(all(ids, 'done'));
    const copies = await jobsOf(at.adapter, 'letters');
    expect(copies.size).toBe(3);
    const double = await act(opsOf(at, 'replay'), inState('email', 'dead'), replay);
    expect(told(double.outcomes)).toEqual(all(ids, 'skipped duplicate'));
  });

  it('is not taken back once a worker has its copy, and the undo says which', async () => {
    const at = await lettered(version);
    const ids = [await usedUp(at), await usedUp(at, {}, { n: 2 })];
    const { saved, marks } = await act(opsOf(at, 'reset'), stuck, reset);
    const [taken] = (await at.boss.fetch('letters')) ?? [];
    const { outcomes } = await putBack(opsOf(at, 'revert'), saved, true, at.adapter, marks[0]);
    expect(outcomes.map(({ result }) => result).sort()).toEqual(['done', 'skipped']);
    const skipped = outcomes.find(({ result }) => result === 'skipped');
    expect(skipped).toMatchObject({
      why: 'started',
      note: expect.stringContaining(`${taken?.id} in letters is active`),
    });
    const left = ids.find((id) => id === skipped?.ref.id) ?? '';
    expect(await stateOf(at, left)).toBe('failed');
    expect(await stateOf(at, taken?.id ?? '')).toBe('active');
  });

  it('is told beforehand', async () => {
    const at = await lettered(version);
    await usedUp(at);
    await at.boss.send('email', { n: 2 }, { retryLimit: 3 });
    await at.boss.fetch('email');
    await at.database.pool.query(`UPDATE job SET started_on = now() - interval '1 hour' WHERE state = 'active'`);
    const told = await at.adapter.cautions?.(stuck, 'reset');
    expect(told?.lines).toEqual([expect.stringMatching(/^1 job has used all its runs.*dead/)]);
    expect((await at.adapter.cautions?.(stuck, 'remove'))?.lines).toEqual([]);
  });
});
