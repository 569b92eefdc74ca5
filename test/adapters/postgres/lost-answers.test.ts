import { describe, expect, it } from 'vitest';
import type { Action } from '../../../src/domain/action.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import type { Claim } from '../../../src/domain/claim.ts';
import { act, all, inState, putBack, replay, reread, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { defer, dumpAll, makeCompleted, makeDead } from '../../setup/procrastinate.ts';
import { type Place, placeForTest } from './place.ts';
import { type Fault, proxyTo } from './proxy.ts';

async function firstClaim(adapter: QueueAdapter, action: Action): Promise<Claim> {
  const request = { selection: inState('email', 'dead'), action, size: 10 };
  const { value } = await opsOf({ adapter }, action.verb).claim(request)[Symbol.asyncIterator]().next();
  return value as Claim;
}

/** Asked by another process, from what the journal and the backup hold. */
const asked = async (place: Place, action: Action, { mark, jobs }: Claim): Promise<string[]> =>
  told(
    await opsOf({ adapter: await place.peer() }, action.verb).settle({
      action: action.verb,
      mark,
      jobs: jobs.map(reread),
    }),
  );

/** Three dead jobs, written through a network that fails at the COMMIT. */
async function cutOff(fault: Fault, action: Action) {
  const place = await placeForTest();
  const ids = await makeDead(place.pool, 3, { queue: 'email' });
  const proxy = await proxyTo(place.database.url);
  const adapter = await place.peer({ url: proxy.url });
  const claim = await firstClaim(adapter, action);
  proxy.fault = fault;
  await expect(claim.apply(claim.jobs)).rejects.toMatchObject({ code: 'JOBCTL_UNREACHABLE' });
  await claim.release();
  return { place, ids, proxy, claim };
}

describe.each([replay, { verb: 'remove' } as const, { verb: 'edit', payload: '{"to":2}' } as const])(
  '$verb: the connection is lost',
  (action) => {
    it('between the commit and its answer: settled as done', async () => {
      const { place, ids, claim } = await cutOff('answer lost', action);
      expect(await asked(place, action, claim)).toEqual(all(ids, 'done'));
    });

    it('before the commit: settled as not applied, and the jobs are free again', async () => {
      const { place, ids, claim } = await cutOff('commit lost', action);
      expect(await asked(place, action, claim)).toEqual(all(ids, 'skipped not-applied'));
      const again = await act(opsOf({ adapter: place.adapter }, action.verb), inState('email', 'dead'), action);
      expect(told(again.outcomes)).toEqual(all(ids, 'done'));
    });
  },
);

it('the server has not noticed yet that its client is gone: settling waits until it knows', async () => {
  const { place, ids, proxy, claim } = await cutOff('commit lost, server unaware', replay);
  let known = false;
  const answer = asked(place, replay, claim).then((lines) => ({ lines, known }));
  await expect.poll(() => statusAsked(place)).toBe(true);
  known = true;
  proxy.letGo();
  expect(await answer).toEqual({ lines: all(ids, 'skipped not-applied'), known: true });
});

/** True once somebody asked for the status of a transaction. */
async function statusAsked({ pool }: Place): Promise<boolean> {
  const { rowCount } = await pool.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%txid_status($1%'`,
  );
  return rowCount !== 0;
}

it.each(['before', 'after'])('our backend is ended on the server %s we write', async (when) => {
  const place = await placeForTest();
  const ids = await makeDead(place.pool, 3, { queue: 'email' });
  const claim = await firstClaim(place.adapter, replay);
  const end = (): Promise<unknown> =>
    place.pool.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'jobctl%'`,
    );
  if (when === 'before') {
    await end();
    await expect(claim.apply(claim.jobs)).rejects.toMatchObject({ code: 'JOBCTL_UNREACHABLE' });
  } else {
    expect(told(await claim.apply(claim.jobs))).toEqual(all(ids, 'done'));
    await end();
  }
  await claim.release();
  expect(await asked(place, replay, claim)).toEqual(all(ids, when === 'before' ? 'skipped not-applied' : 'done'));
  // and the same adapter goes on with a new connection
  expect(told(await opsOf(place, 'replay').settle({ action: 'replay', mark: claim.mark, jobs: claim.jobs }))).toEqual(
    all(ids, when === 'before' ? 'skipped not-applied' : 'done'),
  );
});

it.each(['1.1', '2.15', '3.9'] as const)(
  'jobs and events come back although the sequences lag behind: the next new ones do not clash (%s)',
  async (version) => {
    const { adapter, pool, database } = await placeForTest(version);
    await makeCompleted(pool, 3, { queue: 'email' });
    const ids = await makeDead(pool, 3, { queue: 'email' });
    const dump = await dumpAll(pool, database.schema);
    const whole = inState('email', 'dead', 'completed');
    const { saved } = await act(opsOf({ adapter }, 'remove'), whole, { verb: 'remove' });
    // as in a database that was made anew
    await pool.query(
      `SELECT setval(pg_get_serial_sequence('procrastinate_jobs', 'id'), 1, false), setval(pg_get_serial_sequence('procrastinate_events', 'id'), 1, false)`,
    );
    const { outcomes } = await putBack(opsOf({ adapter }, 'restore'), saved, true, adapter);
    expect(outcomes.filter(({ result }) => result === 'done')).toHaveLength(6);
    expect(await dumpAll(pool, database.schema)).toEqual(dump);
    const fresh = [await defer(pool, { queue: 'email' }), await defer(pool, { queue: 'email' })];
    expect(fresh.map(Number)).toEqual([1, 2].map((step) => Math.max(...ids.map(Number)) + step));
  },
);
