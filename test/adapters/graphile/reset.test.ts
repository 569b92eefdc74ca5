import { describe, expect, it } from 'vitest';
import { act, inState } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { addJob, graphileVersions, takeOne } from '../../setup/graphile.ts';
import { scene } from './scene.ts';

const reset = { verb: 'reset' } as const;

describe.each(graphileVersions)('graphile-worker %s: a reset of what is on its last attempt', (version) => {
  it('is told of before and after: the job is dead then, as after an unlock by the library', async () => {
    const { database, adapter, replayAll } = await scene(version);
    const last = await addJob(database, 'mail', { maxAttempts: 1, lane: 'eu' });
    await takeOne(database, 'mail', 'worker-gone');
    const more = await addJob(database, 'mail');
    await takeOne(database, 'mail', 'worker-gone');

    const { lines, endsAtCount } = (await adapter.cautions?.(inState('mail', 'active'), 'reset')) ?? {};
    expect(lines).toEqual([expect.stringMatching(/^1 of the jobs .* last attempt: .* dead.*replay/)]);
    expect(endsAtCount).toBe(false);
    const { outcomes } = await act(opsOf({ adapter }, 'reset'), inState('mail', 'active'), reset);
    expect(outcomes).toEqual([
      { ref: { queue: 'mail', id: last }, result: 'done', note: expect.stringMatching(/dead now/) },
      { ref: { queue: 'mail', id: more }, result: 'done' },
    ]);
    expect((await adapter.find(last))?.job.state).toBe('dead');
    expect((await adapter.find(more))?.job.state).toBe('waiting');
    await replayAll('mail');
    expect((await adapter.find(last))?.job).toMatchObject({ state: 'waiting', attempts: 0 });
  });

  it('says nothing where every job has an attempt left, nor of the other verbs', async () => {
    const { database, adapter } = await scene(version);
    await addJob(database, 'mail');
    await takeOne(database, 'mail', 'worker-gone');
    expect((await adapter.cautions?.(inState('mail', 'active'), 'reset'))?.lines).toEqual([]);
    await addJob(database, 'fax', { maxAttempts: 1 });
    await takeOne(database, 'fax', 'worker-gone');
    expect((await adapter.cautions?.(inState('fax', 'active'), 'remove'))?.lines).toEqual([]);
    expect((await adapter.cautions?.({ ...inState('fax', 'active'), stuck: true }, 'reset'))?.lines).toEqual([]);
  });
});
