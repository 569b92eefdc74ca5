import { expect, it } from 'vitest';
import { inState, replay } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { makeDead } from '../../setup/procrastinate.ts';
import { placeForTest } from './place.ts';

it('a session that waits for a row which we hold is a sign of pain, until we let go', async () => {
  const { pool, adapter } = await placeForTest();
  const [id] = await makeDead(pool, 1, { queue: 'email' });
  expect(await adapter.pain?.()).toBeUndefined();
  const request = { selection: inState('email', 'dead'), action: replay, size: 10 };
  for await (const claim of opsOf({ adapter }, 'replay').claim(request)) {
    const blocked = pool.query('UPDATE procrastinate_jobs SET attempts = attempts WHERE id = $1', [id]);
    await expect.poll(() => adapter.pain?.()).toBe('the database is slow, 1 session waits for its locks');
    await claim.release();
    await blocked;
  }
  expect(await adapter.pain?.()).toBeUndefined();
});

it('who waits for somebody else is no business of ours', async () => {
  const { pool, adapter } = await placeForTest();
  const [id] = await makeDead(pool, 1, { queue: 'email' });
  const holder = await pool.connect();
  await holder.query('BEGIN');
  await holder.query('UPDATE procrastinate_jobs SET attempts = attempts WHERE id = $1', [id]);
  const blocked = pool.query('UPDATE procrastinate_jobs SET attempts = attempts WHERE id = $1', [id]);
  await expect
    .poll(async () => (await pool.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount)
    .toBeGreaterThan(0);
  expect(await adapter.pain?.()).toBeUndefined();
  await holder.query('COMMIT');
  holder.release();
  await blocked;
});
