import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import type { Action } from '../../../src/domain/action.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { JobctlError } from '../../../src/domain/errors.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { act, inState, putBack, replay, whole } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { createBullmqTables, dumpTables, makeDead, queueOf, seedJobs } from '../../setup/bullmq-postgres.ts';
import type { SchemaDatabase } from '../../setup/databases.ts';

interface Scene {
  readonly database: SchemaDatabase;
  readonly owner: QueueAdapter;
}
/** What a role does; by the owner's hand it is made ready. */
type Deed = (scene: Scene) => Promise<(theirs: QueueAdapter) => Promise<unknown>>;

const acts =
  (action: Action, state: 'dead' | 'waiting' | 'active'): Deed =>
  async ({ database }) => {
    if (state === 'dead') await makeDead(database, 'mail', [{ opts: { deduplication: { id: 'once' } } }]);
    else await seedJobs(database, 'mail', [{ state, stuck: true, key: 'once' }]);
    return async (theirs) =>
      done((await act(opsOf({ adapter: theirs }, action.verb), inState('mail', state), action)).outcomes);
  };

function done(outcomes: readonly Outcome[]): void {
  expect(outcomes).toMatchObject([{ result: 'done' }]);
}

const deeds: Readonly<Record<string, Deed>> = {
  replay: acts(replay, 'dead'),
  reset: acts({ verb: 'reset' }, 'active'),
  edit: acts({ verb: 'edit', payload: '{"n":2}' }, 'dead'),
  remove: acts({ verb: 'remove' }, 'waiting'),
  cancel: acts({ verb: 'cancel' }, 'waiting'),
  restore: async ({ database, owner }) => {
    await makeDead(database, 'mail', [{}]);
    const { saved } = await act(opsOf({ adapter: owner }, 'remove'), whole('mail'), { verb: 'remove' });
    return async (theirs) => done((await putBack(opsOf({ adapter: theirs }, 'restore'), saved, true, theirs)).outcomes);
  },
  'restore where the counter lies behind': async ({ database, owner }) => {
    await makeDead(database, 'mail', [{}]);
    const { saved } = await act(opsOf({ adapter: owner }, 'remove'), whole('mail'), { verb: 'remove' });
    await database.pool.query(`DO $$ BEGIN EXECUTE format('DROP SEQUENCE %I', job_id_seq_name('mail')); END $$`);
    return async (theirs) => done((await putBack(opsOf({ adapter: theirs }, 'restore'), saved, true, theirs)).outcomes);
  },
  revert: async ({ database, owner }) => {
    await makeDead(database, 'mail', [{ opts: { deduplication: { id: 'once' } } }]);
    const { saved, marks } = await act(opsOf({ adapter: owner }, 'replay'), inState('mail', 'dead'), replay);
    return async (theirs) =>
      done((await putBack(opsOf({ adapter: theirs }, 'revert'), saved, true, theirs, marks[0])).outcomes);
  },
  enqueue: async ({ database }) => {
    await makeDead(database, 'mail', [{}]);
    return (theirs) => adds(theirs, 'mail');
  },
  'enqueue into a new queue': async () => (theirs) => adds(theirs, 'fax'),
  pause: async ({ database }) => {
    await makeDead(database, 'mail', [{}]);
    return async (theirs) => {
      expect((await opsOf({ adapter: theirs }, 'pause').pause('mail')).paused).toBe(true);
      expect((await opsOf({ adapter: theirs }, 'pause').resume('mail')).paused).toBe(false);
    };
  },
  schedule: async ({ database }) => {
    const queue = queueOf(database, 'mail');
    await queue.upsertJobScheduler('nightly', { pattern: '0 3 * * *' }, { name: 'report' });
    await queue.close();
    return async (theirs) => {
      const ops = opsOf({ adapter: theirs }, 'schedule');
      expect((await ops.pause('nightly', 'mail')).paused).toBe(true);
      expect((await ops.resume('nightly', 'mail')).paused).toBe(false);
    };
  },
  'schedule run': async ({ database }) => {
    const queue = queueOf(database, 'mail');
    await queue.upsertJobScheduler('nightly', { pattern: '0 3 * * *' }, { name: 'report' });
    await queue.add('first', {});
    await queue.close();
    return async (theirs) => {
      expect(await opsOf({ adapter: theirs }, 'schedule').run?.('nightly', 'mail')).toBe('2');
    };
  },
};

/** Asked for in the transaction of the deed itself: what it reads says that nothing was changed. */
const atOnce = new Set(['pause', 'schedule', 'schedule run']);

async function adds(theirs: QueueAdapter, queue: string): Promise<void> {
  const ops = opsOf({ adapter: theirs }, 'enqueue');
  await ops.permit?.(queue);
  expect(await ops.enqueue(queue, [{ type: 'work', payload: '{}', key: 'twice' }])).toMatchObject([{ result: 'done' }]);
}

describe("a role that may only read the tables of BullMQ's Postgres backend", () => {
  it.each(Object.entries(deeds))(
    '%s: it is refused with what to grant, and with just that it is done',
    async (name, deed) => {
      const database = await createBullmqTables();
      onTestFinished(() => database.drop());
      const owner = await openPostgres({ url: database.url, where: 'postgres://there/jobs' });
      onTestFinished(() => owner.close());
      const work = await deed({ database, owner });

      const role = `reader_${randomUUID().slice(0, 8)}`;
      await database.pool.query(
        `CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA bullmq TO ${role}; GRANT SELECT ON job, meta, migration TO ${role};
       REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA bullmq FROM public`,
      );
      onTestFinished(async () => {
        await database.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      });
      const theirs = await openPostgres({
        url: database.url.replace('postgres@', `${role}@`),
        where: 'postgres://there/jobs',
      });
      onTestFinished(() => theirs.close());

      const before = await dumpTables(database);
      const grants: string[] = [];
      for (let round = 1; ; round++) {
        const refusal = await work(theirs).catch((error: unknown) => error);
        if (refusal === undefined) break;
        expect(refusal).toBeInstanceOf(JobctlError);
        const { kind, message, next } = refusal as JobctlError;
        expect({ kind, message }).toEqual({
          kind: atOnce.has(name) ? 'refused' : 'unreachable',
          message: expect.stringMatching(/ lacks .*, which [a-z ]+ needs/),
        });
        expect(await dumpTables(database)).toBe(before);
        // the counter of a queue is asked for where it is known which queue it is
        expect(round).toBeLessThanOrEqual(2);
        for (const grant of next) expect(grant).toMatch(/^GRANT /);
        grants.push(...next);
        await database.pool.query(next.join('\n'));
      }
      expect(grants).not.toEqual([]);
    },
  );
});
