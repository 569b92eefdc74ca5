import pg from 'pg';
import { expect, it } from 'vitest';
import { act, inState, replay } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { makeDead } from '../../setup/procrastinate.ts';
import { placeForTest } from './place.ts';

const request = (holder: string, ...queues: string[]) => ({ holder, queues, waitMs: 0 });

it('two sessions exclude each other, and the one outside reads who holds it, from where and since when', async () => {
  const { adapter, peer, pool } = await placeForTest();
  const other = await peer();
  const [ours, theirs] = [opsOf({ adapter }, 'lock'), opsOf({ adapter: other }, 'lock')];
  const mine = await ours.acquire(request('replay by ada@web-1 (pid 7)', 'email'));
  const { rows } = await pool.query<{ since: string }>(
    `SELECT to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since
       FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND datname = current_database()`,
  );
  await expect(theirs.acquire(request('purge by bob@web-2', 'email'))).rejects.toMatchObject({
    code: 'JOBCTL_LOCKED',
    exitCode: 7,
    message: `The queue email is locked by another run (replay by ada@web-1 (pid 7) from 127.0.0.1, since ${rows[0]?.since} UTC).`,
  });
  await mine.release();
  const next = await theirs.acquire(request('purge by bob@web-2', 'email'));
  await expect(ours.acquire(request('replay by ada@web-1', 'email'))).rejects.toMatchObject({ code: 'JOBCTL_LOCKED' });
  await next.release();
});

it('the same queue in another schema, or in another database, is another queue', async () => {
  const here = await placeForTest('3.9');
  const there = await placeForTest('3.9', 'Back office');
  const locks = [here, there].map(({ adapter }) => opsOf({ adapter }, 'lock'));
  const held = await Promise.all(locks.map((lock) => lock.acquire(request('run', 'email'))));
  for (const lock of held) await lock.release();
});

it('a lock of a session that was ended on the server is lost at once, and free for the next', async () => {
  const { adapter, peer, pool } = await placeForTest();
  await makeDead(pool, 1, { queue: 'email' });
  const mine = await opsOf({ adapter }, 'lock').acquire(request('run 1', 'email'));
  await pool.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  await expect.poll(() => mine.lost.aborted).toBe(true);
  await expect(act(opsOf({ adapter }, 'replay'), inState('email', 'dead'), replay)).rejects.toMatchObject({
    code: 'JOBCTL_LOCKED',
    message: expect.stringMatching(/lost, and the lock with it/),
  });
  const next = await opsOf({ adapter: await peer() }, 'lock').acquire(request('run 2', 'email'));
  await next.release();
  await mine.release();
});

it('a server that ends idle sessions leaves the one that holds a lock alone', async () => {
  const { database, pool, peer } = await placeForTest();
  const name = pg.escapeIdentifier(new URL(database.url).pathname.slice(1));
  await pool.query(`ALTER DATABASE ${name} SET idle_session_timeout = '200ms'`);
  const mine = await opsOf({ adapter: await peer() }, 'lock').acquire(request('run 1', 'email'));
  // a session like ours, but without a lock: when it is ended, ours would have been, too
  const idle = new pg.Client(database.url);
  const ended = new Promise((resolve) => idle.on('error', resolve));
  await idle.connect();
  await ended;
  await expect(opsOf({ adapter: await peer() }, 'lock').acquire(request('run 2', 'email'))).rejects.toMatchObject({
    code: 'JOBCTL_LOCKED',
  });
  expect(mine.lost.aborted).toBe(false);
  await mine.release();
});
