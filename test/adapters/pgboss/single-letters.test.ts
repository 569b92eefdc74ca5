import { describe, expect, it } from 'vitest';
import { act, all, browseAll, inState, jobOf, jobsOf, putBack, replay, told, whole } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { type Place, place, stateOf } from './place.ts';

/** 11 takes no such name when a job is sent, but keeps to one that stands in its row, as the first releases of 12 do. */
async function taken(at: Place): Promise<string> {
  const id = (await at.boss.send('email', { n: 1 }, { retryLimit: 0, deadLetter: 'letters' })) ?? '';
  await at.database.pool.query(`UPDATE job SET dead_letter = 'letters' WHERE id = $1`, [id]);
  await at.boss.fetch('email');
  return id;
}

/** A job that names its dead-letter queue itself, where no queue does, and died: with its copy, and a job that is none. */
async function died(at: Place): Promise<{ original: string; copy: string; other: string }> {
  await at.boss.createQueue('letters', { name: 'letters', policy: 'standard' });
  await at.boss.createQueue('email', { name: 'email', policy: 'standard' });
  const original = await taken(at);
  await at.boss.fail('email', original, { message: 'no such user' });
  const { rows } = await at.database.pool.query(`SELECT id::text AS id FROM job WHERE name = 'letters'`);
  const other = (await at.boss.send('letters', { n: 1 })) ?? '';
  return { original, copy: rows[0]?.id ?? '', other };
}

describe.each(['10', '11'] as const)('a dead-letter queue of pg-boss %s that only single jobs name', (version) => {
  it('shows the copy as what it is, with its original, and that lists count it as waiting', async () => {
    const at = await place(version);
    const { original, copy, other } = await died(at);
    const shown = await at.adapter.find(copy);
    expect(shown?.job).toMatchObject({ state: 'dead', native: 'created', error: { message: 'no such user' } });
    expect(shown?.links).toContainEqual({ relation: 'copy of', to: `job ${original} in email (failed)` });
    expect(shown?.notes.join(' ')).toMatch(/no queue names letters.*counted as waiting/);
    expect(shown?.notes.join(' ')).not.toMatch(/past the library/);
    expect((await at.adapter.find(other))?.job).toMatchObject({ state: 'waiting' });
    expect((await at.adapter.find(original))?.instead).toEqual({ by: { queue: 'letters', id: copy }, dead: true });
    expect((await at.adapter.cautions?.(inState('email', 'dead'), 'replay'))?.lines).toEqual([
      expect.stringContaining(`jobctl replay letters --id ${copy}`),
    ]);
  });

  it('replays the copy by its id, and no job that only stands beside it; undo puts it back', async () => {
    const at = await place(version);
    const { copy, other } = await died(at);
    const asked = { ...inState('letters', 'dead'), ids: [copy, other] };
    expect(await at.adapter.count(asked)).toMatchObject({ value: 1 });
    expect((await browseAll(at.adapter, asked)).map(({ id }) => id)).toEqual([copy]);
    const before = await at.adapter.find(copy);
    const { outcomes, saved, marks } = await act(opsOf(at, 'replay'), asked, replay);
    expect(told(outcomes)).toEqual([`${copy}: done`, `${other}: skipped state-changed`].sort());
    expect(await jobOf(at.adapter, 'email', copy)).toMatchObject({ state: 'waiting' });
    const undone = await putBack(opsOf(at, 'revert'), saved, true, at.adapter, marks[0]);
    expect(told(undone.outcomes)).toEqual(all([copy], 'done'));
    expect(await at.adapter.find(copy)).toEqual(before);
    await act(opsOf(at, 'replay'), asked, replay);
    expect(await at.boss.fetch('email')).toMatchObject([{ id: copy, data: { n: 1 } }]);
    expect([...(await jobsOf(at.adapter, 'letters')).keys()]).toEqual([other]);
  });

  it('edits and removes the copy by its id, and does not cancel it', async () => {
    const at = await place(version);
    const { copy, other } = await died(at);
    const dead = { ...inState('letters', 'dead'), ids: [copy] };
    const edited = await act(opsOf(at, 'edit'), dead, { verb: 'edit', payload: '{"n":1}' });
    expect(told(edited.outcomes)).toEqual(all([copy], 'done'));
    const cancelled = await act(
      opsOf(at, 'cancel'),
      { ...inState('letters', 'waiting'), ids: [copy, other] },
      { verb: 'cancel' },
    );
    expect(told(cancelled.outcomes)).toEqual([`${copy}: skipped state-changed`, `${other}: done`].sort());
    const removed = await act(opsOf(at, 'remove'), { ...whole('letters'), ids: [copy] }, { verb: 'remove' });
    expect(told(removed.outcomes)).toEqual(all([copy], 'done'));
    expect(await stateOf(at, copy)).toBeUndefined();
  });

  it('a reset that makes such a copy says where the command for it is found', async () => {
    const at = await place(version);
    await at.boss.createQueue('letters', { name: 'letters', policy: 'standard' });
    await at.boss.createQueue('email', { name: 'email', policy: 'standard' });
    const id = await taken(at);
    await at.database.pool.query(`UPDATE job SET started_on = started_on - interval '1 hour'`);
    const { outcomes } = await act(
      opsOf(at, 'reset'),
      { ...inState('email', 'active'), stuck: true },
      { verb: 'reset' },
    );
    expect(outcomes).toMatchObject([{ result: 'done', note: expect.stringContaining(`jobctl job show ${id}`) }]);
  });
});
