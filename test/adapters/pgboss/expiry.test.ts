import { expect, it } from 'vitest';
import { writtenVersions } from '../../setup/pgboss.ts';
import { place } from './place.ts';

it.each(['9', ...writtenVersions] as const)('%s: of a run it is told when the library gives it up', async (version) => {
  const at = await place(version);
  if (version !== '9') await at.boss.createQueue('email', { name: 'email', policy: 'standard' });
  const id = (await at.boss.send('email', { n: 1 }, { expireInSeconds: 120 })) ?? '';
  expect((await at.adapter.find(id))?.notes.join()).not.toMatch(/runs out/);
  await at.boss.fetch('email');
  const end = version === '9' ? 'startedon + expirein' : 'started_on + expire_in';
  const { rows } = await at.database.pool.query<{ end: string }>(
    `SELECT to_char((${version === '9' || version === '10' ? end : `started_on + expire_seconds * interval '1 s'`}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') AS end FROM job`,
  );
  expect((await at.adapter.find(id))?.notes[0]).toContain(`Its time runs out at ${rows[0]?.end}`);
});

it('12: and how soon after its last heartbeat', async () => {
  const at = await place('12');
  await at.boss.createQueue('email', { heartbeatSeconds: 60 });
  const id = (await at.boss.send('email', { n: 1 })) ?? '';
  await at.boss.fetch('email');
  expect((await at.adapter.find(id))?.notes[0]).toMatch(/runs out at \S+, or 60 s after its last heartbeat: /);
});
