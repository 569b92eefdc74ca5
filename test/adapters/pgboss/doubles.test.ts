import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/cli/session.ts';
import { showJob } from '../../../src/cli/show-job.ts';
import { plainStyle } from '../../../src/output/page.ts';
import { sanitise } from '../../../src/safety/sanitise.ts';
import { act, inState, replay } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { type Place, place, sendDead } from './place.ts';

const page = { width: 80, style: plainStyle, clean: sanitise };

/** The commands that `job show` names. */
async function namedBy({ adapter }: Place, id: string, queue: string): Promise<readonly string[]> {
  const named: string[] = [];
  const session = { reader: adapter, adapter, redact: (value: unknown) => value } as unknown as Session;
  await showJob(session, id, { queue, full: false }, page, (next) => {
    named.push(...next);
    return next;
  });
  return named;
}

async function died(at: Place, count: number): Promise<{ originals: string[]; copies: Map<unknown, string> }> {
  await at.boss.createQueue('letters', { name: 'letters', policy: 'standard' });
  await at.boss.createQueue('email', { name: 'email', policy: 'standard', deadLetter: 'letters' });
  const originals = await sendDead(
    at,
    'email',
    Array.from({ length: count }, (_, n) => ({ n })),
  );
  const { rows } = await at.database.pool.query(`SELECT id::text AS id, data FROM job WHERE name = 'letters'`);
  return { originals, copies: new Map(rows.map(({ id, data }) => [data.n, id])) };
}

const lines = async ({ adapter }: Place, ...ids: string[]) =>
  (
    await adapter.cautions?.(
      ids.length === 0 ? inState('email', 'dead') : { ...inState('email', 'dead'), ids },
      'replay',
    )
  )?.lines;

describe.each(['10', '11', '12'] as const)('before a replay of pg-boss %s', (version) => {
  it('the plan says how many of the jobs have copies that would run them twice, and what to replay', async () => {
    const at = await place(version);
    const { originals, copies } = await died(at, 3);
    expect(await lines(at)).toEqual([expect.stringMatching(/^3 jobs .*copies .*letters.*jobctl replay letters$/)]);
    await act(opsOf(at, 'remove'), { ...inState('letters', 'dead'), ids: [copies.get(0) ?? ''] }, { verb: 'remove' });
    await act(opsOf(at, 'replay'), { ...inState('letters', 'dead'), ids: [copies.get(1) ?? ''] }, replay);
    expect(await lines(at)).toEqual([
      expect.stringMatching(/^1 job .*letters/),
      expect.stringMatching(/^1 job .*put back/),
    ]);
    expect(await lines(at, originals[0] ?? '')).toEqual([]);
    expect(
      (await at.adapter.cautions?.({ ...inState('email', 'dead'), error: 'user' }, 'replay'))?.lines[0],
      'what the server does not decide',
    ).toMatch(/^Up to 1 job/);
  });

  it('the job is shown with what is to be replayed in its place', async () => {
    const at = await place(version);
    const { originals, copies } = await died(at, 2);
    const [first = '', second = ''] = originals;
    expect(await namedBy(at, first, 'email')).toEqual([`jobctl replay letters --id ${copies.get(0)}`]);
    expect((await at.adapter.find(first, 'email'))?.notes).toContainEqual(
      expect.stringMatching(/both would run it twice/),
    );
    await act(opsOf(at, 'replay'), { ...inState('letters', 'dead'), ids: [copies.get(1) ?? ''] }, replay);
    expect(await namedBy(at, second, 'email')).toEqual([`jobctl job show ${copies.get(1)} --queue email`]);
    await at.database.pool.query(`DELETE FROM job WHERE id = $1`, [copies.get(0)]);
    expect((await namedBy(at, first, 'email'))[0]).toBe(`jobctl replay email --id ${first}`);
  });
});
