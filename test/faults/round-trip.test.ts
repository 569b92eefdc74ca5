import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryAdapter } from '../../src/adapters/memory/index.ts';
import { hostilePayloads } from '../../src/testkit/hostile.ts';
import { isLong } from '../setup/long.ts';
import { dumpAll } from '../setup/procrastinate.ts';
import { carryOut, worldOf } from './carry-out.ts';
import { expectSoundBackup, openScene, type Scene } from './scene.ts';
import { testSeed } from './seed.ts';

const seed = testSeed();

/** Any sequence of code units: NULs, control characters, halves of surrogate pairs. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 0x1b, 0xd800, 0xdfff, 0x2028)), {
    maxLength: 200,
  })
  .map((units) => String.fromCharCode(...units));

/** Ids that a number of JavaScript cannot hold. */
const bigId = fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 2n }).map(String);

const jobsOf = (payload: fc.Arbitrary<string>) =>
  fc.uniqueArray(
    fc.record({
      id: fc.oneof(bigId, fc.integer({ min: 1, max: 2 ** 31 }).map(String)),
      payload,
      attempts: fc.integer({ min: 0, max: 30_000 }),
      lane: fc.option(anyText, { nil: undefined }),
    }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 40 },
  );

describe('what a purge removes and a restore brings back', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene();
  });
  afterAll(() => scene.drop());

  it('is the same in memory, whatever the payload', { timeout: 60_000 }, async () => {
    const known = Object.values(
      hostilePayloads({ payloads: 'any text', nulEscape: true, loneSurrogates: true } as never),
    );
    const payload = fc.oneof(anyText, fc.json({ stringUnit: 'binary' }), fc.constantFrom(...known));
    const stateDir = await scene.stateDir();
    const property = fc.asyncProperty(jobsOf(payload), fc.integer({ min: 1, max: 15 }), async (jobs, batch) => {
      const memory = memoryAdapter({ jobs: jobs.map((job) => ({ ...job, queue: 'email', state: 'dead' })) });
      const before = memory.dump();
      const world = worldOf(memory, stateDir, { batch });
      const purge = await carryOut(world, { verb: 'purge', queue: 'email' });
      expect(purge.outcomes.done).toBe(jobs.length);
      expect(memory.dump()).toBe('');
      await expectSoundBackup(stateDir, purge.run ?? '');
      const restore = await carryOut(world, { verb: 'restore', run: purge.run ?? '' });
      expect(restore).toMatchObject({ complete: true, outcomes: { done: jobs.length } });
      expect(memory.dump()).toBe(before);
      expect(await carryOut(world, { verb: 'undo', run: restore.run ?? '' })).toMatchObject({ complete: true });
      expect(memory.dump()).toBe('');
    });
    await fc.assert(property, { seed, numRuns: isLong ? 25 : 12 });
  });

  it('is the same in Postgres, row by row and event by event', { timeout: 90_000 }, async () => {
    const { pool, schema } = scene.database;
    const stateDir = await scene.stateDir();
    const world = (batch: number) => worldOf(scene.adapter, stateDir, { batch });
    const known = Object.values(
      hostilePayloads({ payloads: 'json', nulEscape: false, loneSurrogates: false } as never),
    );
    // jsonb refuses a NUL and half a surrogate pair, and text columns a NUL
    const storable = (text: string): boolean =>
      !/\\u0000|\0/.test(text) && text.isWellFormed() && !/\\ud[89a-f]/i.test(text);
    const json = fc.json({ stringUnit: 'binary' }).filter(storable);
    const payload = fc.oneof(json, fc.constantFrom(...known));
    let runs = 0;
    const property = fc.asyncProperty(jobsOf(payload), fc.integer({ min: 1, max: 15 }), async (jobs, batch) => {
      const queue = `q${++runs}`;
      await pool.query('TRUNCATE procrastinate_jobs CASCADE');
      await pool.query(
        `INSERT INTO procrastinate_jobs (id, queue_name, task_name, args, status, attempts, lock)
         SELECT s.id, $1, 'work', s.args::jsonb, 'failed', s.attempts, s.lock
           FROM unnest($2::bigint[], $3::text[], $4::int[], $5::text[]) AS s (id, args, attempts, lock)`,
        [
          queue,
          jobs.map(({ id }) => id),
          jobs.map((job) => job.payload),
          jobs.map(({ attempts }) => attempts),
          jobs.map(({ lane }) => (lane === undefined || !storable(lane) ? null : lane)),
        ],
      );
      const before = await dumpAll(pool, schema);
      const purge = await carryOut(world(batch), { verb: 'purge', queue });
      expect(purge.outcomes.done).toBe(jobs.length);
      expect((await dumpAll(pool, schema))['procrastinate_jobs']).toEqual([]);
      await expectSoundBackup(stateDir, purge.run ?? '');
      const restore = await carryOut(world(batch), { verb: 'restore', run: purge.run ?? '' });
      expect(restore).toMatchObject({ complete: true, outcomes: { done: jobs.length } });
      expect(await dumpAll(pool, schema)).toEqual(before);
      const replay = await carryOut(world(batch), { verb: 'replay', queue });
      const undo = await carryOut(world(batch), { verb: 'undo', run: replay.run ?? '' });
      expect(undo.outcomes.done).toBe(replay.outcomes.done);
      expect(await dumpAll(pool, schema)).toEqual(before);
    });
    await fc.assert(property, { seed, numRuns: isLong ? 12 : 6 });
  });
});
