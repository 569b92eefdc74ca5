import type pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openAdapter } from '../../../src/adapters/registry.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { requireOps } from '../../../src/domain/capability.ts';
import { act, browseAll, inState, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { createBullmqTables, seedJobs } from '../../setup/bullmq-postgres.ts';
import { createProcrastinate } from '../../setup/databases.ts';
import { createGraphile, makeDead } from '../../setup/graphile.ts';
import { createPgBoss, createQueue } from '../../setup/pgboss.ts';
import { dumpAll, makeDead as seedDead } from '../../setup/procrastinate.ts';

interface Place {
  readonly url: string;
  readonly schema: string;
  readonly pool: pg.Pool;
  drop(): Promise<void>;
}

/** A dead job each, and what makes the tables those of a version to come. */
const libraries: readonly (readonly [name: string, make: () => Promise<Place>, raise: string, mark: string])[] = [
  [
    'procrastinate',
    async () => {
      const database = await createProcrastinate('3.9');
      await seedDead(database.pool, 1, { queue: 'email' });
      return database;
    },
    'CREATE FUNCTION procrastinate_retry_job_v3() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'procrastinate_retry_job_v3',
  ],
  [
    'pg-boss',
    async () => {
      const database = await createPgBoss('12');
      await createQueue(database, 'email');
      await database.pool.query(
        `INSERT INTO job (name, state, data, completed_on) VALUES ('email', 'failed', '{}', now())`,
      );
      return database;
    },
    'UPDATE version SET version = 47',
    'schema 47',
  ],
  [
    'graphile-worker',
    async () => {
      const database = await createGraphile('0.18');
      await makeDead(database, 'email', [{}]);
      return database;
    },
    'INSERT INTO migrations (id, breaking) VALUES (21, false)',
    'revision 21',
  ],
  [
    'bullmq',
    async () => {
      const database = await createBullmqTables();
      await seedJobs(database, 'email', [{ state: 'dead' }]);
      return database;
    },
    `INSERT INTO migration (version, name, min_client_version) VALUES (12, '0012_more', 7)`,
    'schema 12, for which the library itself asks for BullMQ 7',
  ],
];
const verbs = ['replay', 'reset', 'remove', 'edit', 'restore', 'revert', 'lock'] as const;

describe.each(libraries)('%s, newer than known', (_name, make, raise, mark) => {
  const open = async ({ url }: Place, newerSchema?: boolean): Promise<QueueAdapter> => {
    const adapter = await openAdapter({ url, where: 'postgres://test', newerSchema });
    onTestFinished(() => adapter.close());
    return adapter;
  };

  it('is read with a warning; every write is refused, and says by which flag it is not', async () => {
    const place = await make();
    onTestFinished(() => place.drop());
    const known = await open(place);
    expect(known.backend).toMatchObject({ warnings: [] });
    expect(known.backend.newerSchema).toBeUndefined();
    expect(known.can.replay.level).not.toBe('none');
    await place.pool.query(raise);
    const before = await dumpAll(place.pool, place.schema);
    const newer = await open(place);
    expect(newer.backend).toMatchObject({ newerSchema: mark, warnings: [expect.stringContaining(mark)] });
    expect((await browseAll(newer, inState('email', 'dead'))).length).toBe(1);
    expect((await newer.stats({}))[0]).toMatchObject({ queue: 'email', counts: { dead: 1 } });
    for (const verb of verbs)
      expect(() => requireOps('here', verb, newer.can[verb] as never), verb).toThrow(
        expect.objectContaining({
          code: 'JOBCTL_REFUSED',
          exitCode: 4,
          message: expect.stringContaining(mark),
          next: [expect.stringMatching(/--newer-schema/)],
        }),
      );
    expect(await dumpAll(place.pool, place.schema)).toEqual(before);
  });

  it('is written when the operator insists, and every plan says so', async () => {
    const place = await make();
    onTestFinished(() => place.drop());
    await place.pool.query(raise);
    const adapter = await open(place, true);
    expect(adapter.backend.warnings.at(-1)).toMatch(/ARE NEWER THAN JOBCTL KNOWS.*--newer-schema/);
    const [job] = await browseAll(adapter, inState('email', 'dead'));
    const { outcomes } = await act(opsOf({ adapter }, 'replay'), inState('email', 'dead'), replay);
    expect(told(outcomes)).toEqual([`${job?.id}: done`]);
  });
});
