import { expect, it } from 'vitest';
import { place } from './place.ts';

const noWorker = /does not write down which worker/;

it.each(['9', '10', '11', '12'] as const)('pg-boss %s shows the slot of a throttled job', async (version) => {
  const at = await place(version);
  if (version !== '9') await at.boss.createQueue('email', { name: 'email', policy: 'standard' });
  const id = await at.boss.send('email', { n: 1 }, { singletonKey: 'ada', singletonSeconds: 600 });
  const { rows } = await at.database.pool.query(
    `SELECT to_char(${version === '9' ? 'singletonon' : 'singleton_on'}, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS slot FROM job`,
  );
  const notes = (await at.adapter.find(id ?? ''))?.notes.join(' ');
  expect(notes).toMatch(/slot that began at/);
  expect(notes).toContain(rows[0]?.slot);
  expect(notes, 'it has not run yet').not.toMatch(noWorker);
});

it.each(['9', '10', '11', '12'] as const)('pg-boss %s says that no row names its worker', async (version) => {
  const at = await place(version);
  if (version !== '9') await at.boss.createQueue('email', { name: 'email', policy: 'standard' });
  const id = await at.boss.send('email', { n: 1 });
  await at.boss.fetch('email');
  const notes = (await at.adapter.find(id ?? ''))?.notes.join(' ');
  expect(notes).toMatch(noWorker);
  expect(notes).not.toMatch(/slot/);
});

it('pg-boss 12 shows the tier of a job beside its group', async () => {
  const at = await place('12');
  await at.boss.createQueue('email', {});
  const id = await at.boss.send('email', { n: 1 }, { group: { id: 'acme', tier: 'gold' } });
  const shown = await at.adapter.find(id ?? '');
  expect(shown?.job.lane).toBe('acme');
  expect(shown?.notes).toContainEqual(expect.stringMatching(/tier.*gold/));
  const plain = await at.boss.send('email', { n: 2 }, { group: { id: 'acme' } });
  expect((await at.adapter.find(plain ?? ''))?.notes.join(' ')).not.toMatch(/tier/);
});
