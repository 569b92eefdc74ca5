import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listRuns } from '../../src/safety/run-list.ts';
import { times } from '../../src/testkit/act.ts';
import { homeForTest } from '../e2e/jobctl.ts';
import { carryOut, type Order, openAt, worldOf } from './carry-out.ts';
import { dialects } from './dialects.ts';
import type { Death } from './kill-points.ts';
import { begun, expectSoundBackup } from './scene.ts';
import { bundleVictim, forEach, type Victims } from './victim.ts';

const JOBS = 12;
const BATCH = 6;
const AT_ONCE = 4;
const verbs = ['replay', 'purge'] as const;

let victims: Victims;
let folder: string;
beforeAll(async () => {
  victims = await bundleVictim();
  folder = await mkdtemp(join(tmpdir(), 'jobctl-killed-'));
});
afterAll(async () => {
  await victims.remove();
  await rm(folder, { recursive: true, force: true });
});

let count = 0;

/** The pipeline is one for all, and Procrastinate's dies at each of its steps: here at those that the tables decide. */
describe.each(Object.entries(dialects))(
  '%s, killed',
  (_, { tables, open, seed, rows, replayed, purged = () => [] }) => {
    let database: Awaited<ReturnType<typeof open>>;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database.drop());

    const more = tables === undefined ? {} : { tables };
    const rowsOf = async (queue: string): Promise<string[]> =>
      (await database.pool.query<{ row: string }>(rows, [queue])).rows.map(({ row }) => row).sort();
    const numbers = times(JOBS, (n) => n + 1);
    const ends = { replay: numbers.flatMap(replayed).sort(), purge: numbers.flatMap(purged).sort() };

    async function begin(): Promise<{ queue: string; stateDir: string; first: string[] }> {
      const queue = `queue-${++count}`;
      await seed(database, queue, JOBS);
      return { queue, stateDir: join(folder, queue), first: await rowsOf(queue) };
    }

    async function carry(stateDir: string, order: Order): Promise<string> {
      const adapter = await openAt(database.url, more);
      try {
        const report = await carryOut(worldOf(adapter, stateDir, { batch: BATCH }), order);
        expect(report).toMatchObject({ complete: true, outcomes: { done: JOBS, skipped: 0, failed: 0, unknown: 0 } });
        return report.run ?? '';
      } finally {
        await adapter.close();
      }
    }

    /** Each job once, as it must be; and taken back, all that was there before. */
    async function expectWhole(
      queue: string,
      stateDir: string,
      verb: (typeof verbs)[number],
      first: readonly string[],
    ) {
      expect(await rowsOf(queue)).toEqual(ends[verb]);
      const [run, ...others] = await listRuns(stateDir);
      expect(others).toEqual([]);
      await expectSoundBackup(stateDir, run?.id ?? '');
      await carry(stateDir, { verb: 'undo', run: run?.id ?? '' });
      expect(await rowsOf(queue)).toEqual(first);
    }

    const sendOut = (stateDir: string, order: Order, death: Death) =>
      victims.sendOut({ url: database.url, more, stateDir, order, death });

    /** Where the tables may be left in pieces: with a COMMIT on its way, before its outcome is noted, between two batches. */
    async function deathsOf(): Promise<Death[]> {
      const { queue, stateDir } = await begin();
      const whole = await sendOut(stateDir, { verb: 'replay', queue }, { at: 'never', number: 0 });
      const { names = [], commits } = whole ?? {};
      expect(commits).toBe(JOBS / BATCH);
      return [
        { at: 'commit', number: JOBS / BATCH },
        { at: 'step', number: names.indexOf('journal outcome') + 1 },
        { at: 'step', number: names.lastIndexOf('apply') + 1 },
      ];
    }

    it('in a process of its own: resume does each job once, and nothing is lost', { timeout: 60_000 }, async () => {
      const deaths = await deathsOf();
      const plays = verbs.flatMap((verb) => deaths.map((death) => ({ verb, death })));
      await forEach(plays, AT_ONCE, async ({ verb, death }) => {
        const { queue, stateDir, first } = await begin();
        expect(await sendOut(stateDir, { verb, queue }, death)).toBeUndefined();
        const [run] = await listRuns(stateDir);
        expect(run?.state).toBe('unfinished');
        await carry(stateDir, { verb: 'resume', run: run?.id ?? '' });
        await expectWhole(queue, stateDir, verb, first);
      });
    });

    it.each(verbs)('%s by the program itself, in the middle', { timeout: 60_000 }, async (verb) => {
      const { queue, first } = await begin();
      const home = await homeForTest();
      const context = JSON.stringify({ url: database.url, ...more });
      await home.file('jobctl.yaml', `version: 1\ncontexts:\n  here: ${context}\n`);
      const consent = verb === 'purge' ? ['--confirm', queue] : ['--yes'];
      const states = verb === 'purge' ? ['--state', 'dead'] : [];
      const { child, ended } = home.start([verb, queue, ...states, ...consent, '--batch', '4', '--rate', '8/s']);
      const run = await begun(home.stateDir);
      child.kill('SIGKILL');
      expect((await ended).code).toBeNull();
      const killed = await rowsOf(queue);
      expect(killed).not.toEqual(first);
      expect(killed).not.toEqual(ends[verb]);
      expect(await home.run(['run', 'resume', run, ...consent, '--wait-lock', '20s'])).toMatchObject({ code: 0 });
      await expectWhole(queue, home.stateDir, verb, first);
    });
  },
);
