import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { fromDate } from '../../src/domain/instant.ts';
import type { Report, Verb } from '../../src/domain/plan.ts';
import { openBackup, verifyBackup } from '../../src/safety/backup-reader.ts';
import { readJournal } from '../../src/safety/journal.ts';
import { removeRunsBefore } from '../../src/safety/retention.ts';
import { createRun, openRun, readRun } from '../../src/safety/run-folder.ts';
import { isRunId, makeRunId, startOf } from '../../src/safety/run-id.ts';
import { listRuns } from '../../src/safety/run-list.ts';
import { lockRun } from '../../src/safety/run-lock.ts';
import { collect, planFor, savedJobs, temporaryFolder } from './saved-jobs.ts';

const run = promisify(execFile);
const at = new Date('2026-11-24T03:41:09.500Z');
const time = '2026-11-24T03:41:09.123456Z';
const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

const reportOf = (run: string): Report => ({
  schemaVersion: 1,
  run,
  verb: 'replay',
  queue: 'email',
  queues: ['email'],
  dryRun: false,
  matched: 40,
  more: 0,
  outcomes: { done: 39, skipped: 1, failed: 0, unknown: 0 },
  skipped: [{ id: '9', why: 'state-changed' }],
  failed: [],
  complete: true,
  next: [],
});

describe('a run id', () => {
  it('tells time, verb and queue, and is safe as a file name', () => {
    expect(makeRunId('replay', ['email'], at)).toMatch(/^20261124-034109-replay-email-[a-z2-7]{4}$/);
    expect(makeRunId('purge', ['../../Etc/PASSWD höhe-and-more-words'], at)).toMatch(
      /^20261124-034109-purge-etc-passwd-h-he-and-[a-z2-7]{4}$/,
    );
    expect(makeRunId('replay', ['日本'], at)).toMatch(/^20261124-034109-replay-[a-z2-7]{4}$/);
    for (const queue of ['email', '日本', '--', 'a.b.c', 'x'.repeat(200)])
      expect(isRunId(makeRunId('undo', [queue], at))).toBe(true);
    expect(startOf('20261124-034109-replay-email-k3fq')).toBe('2026-11-24T03:41:09.000000Z');
    for (const bad of ['..', '../x', '20261124-034109-replay-../../x-aaaa', '20269924-034109-replay-q-aaaa', ''])
      expect(isRunId(bad)).toBe(false);
  });
});

describe('the folder of a run', () => {
  it('keeps plan, backup, journal and report, for its owner only', async () => {
    const state = join(await temporaryFolder(), 'deep', 'state');
    const folder = await createRun(state, planFor(), at);
    expect(folder.backupPath).toBeUndefined();
    expect(await folder.save(savedJobs(3))).toMatchObject({ frame: 1, jobs: 3 });
    await folder.journal({ at: 'start', time, run: folder.id, verb: 'replay' });
    await folder.report(reportOf(folder.id));
    await folder.close();
    for (const path of [state, join(state, 'runs'), folder.path]) expect(await mode(path), path).toBe(0o700);
    const names = await readdir(folder.path);
    expect(names.sort()).toEqual(['backup.ndjson.zst', 'journal.ndjson', 'lock.1', 'plan.json', 'report.json']);
    for (const name of names) expect(await mode(join(folder.path, name)), name).toBe(0o600);
    expect(await readRun(state, folder.id)).toMatchObject({
      plan: planFor(),
      report: reportOf(folder.id),
      backupPath: folder.backupPath,
    });
  });

  it('is never shared by runs that begin in the same second', async () => {
    const state = await temporaryFolder();
    // A dice that shows the same for the first draws: the second run must notice and draw again.
    const folders = await Promise.all(Array.from({ length: 30 }, () => createRun(state, planFor(), at)));
    expect(new Set(folders.map(({ id }) => id)).size).toBe(30);
    await Promise.all(folders.map((folder) => folder.close()));
  });

  it('goes on after a crash: torn tails and frames without an intent go, frames and batches count on', async () => {
    const state = await temporaryFolder();
    const first = await createRun(state, planFor(), at);
    for (const batch of [1, 2]) {
      const frame = await first.save(savedJobs(5));
      await first.journal({ at: 'intent', batch, mark: 'm', ids: ['1'], frame });
    }
    await first.save(savedJobs(5));
    await first.close();
    const backup = first.backupPath ?? '';
    await truncate(backup, (await stat(backup)).size - 10);
    await truncate(first.journalPath, (await stat(first.journalPath)).size - 10);

    const again = await openRun(state, first.id);
    expect(again.plan).toEqual(planFor());
    expect(again.backupPath).toBe(backup);
    expect(again.nextBatch).toBe(2);
    const frame = await again.save(savedJobs(4));
    expect(frame).toMatchObject({ frame: 2, jobs: 4 });
    await again.journal({ at: 'intent', batch: 2, mark: 'm', ids: ['1'], frame });
    await again.journal({ at: 'end', time, complete: true });
    await again.close();
    expect(await verifyBackup(backup)).toMatchObject({ frames: 2, jobs: 9, ok: true });
    const entries = await collect(readJournal(first.journalPath));
    expect(entries.map((entry) => entry.at)).toEqual(['intent', 'intent', 'end']);
  });

  it('does not give back what was saved and never touched, unless the journal cannot tell', async () => {
    const folder = await createRun(await temporaryFolder(), planFor(), at);
    await folder.journal({ at: 'intent', batch: 1, mark: 'm', ids: ['1'], frame: await folder.save(savedJobs(5)) });
    await folder.save(savedJobs(3));
    await folder.close();
    const backup = folder.backupPath ?? '';
    expect(await collect(openBackup(backup))).toHaveLength(1);
    expect(await verifyBackup(backup)).toMatchObject({ frames: 1, jobs: 5, ok: true });
    await writeFile(folder.journalPath, `{"at":\n${await readFile(folder.journalPath, 'utf8')}`);
    expect(await collect(openBackup(backup))).toHaveLength(2);
    await rm(folder.journalPath);
    expect(await collect(openBackup(backup))).toHaveLength(2);
  });

  it('is not gone on with when its journal is lost: the backup may be all that is left', async () => {
    const state = await temporaryFolder();
    const first = await createRun(state, planFor(), at);
    await first.journal({ at: 'start', time, run: first.id, verb: 'purge' });
    await first.journal({ at: 'intent', batch: 1, mark: 'm', ids: ['1'], frame: await first.save(savedJobs(5)) });
    await first.close();
    const backup = first.backupPath ?? '';
    for (const lose of [() => truncate(first.journalPath, 0), () => rm(first.journalPath)]) {
      await lose();
      await expect(openRun(state, first.id)).rejects.toMatchObject({
        message: expect.stringContaining('journal.ndjson is damaged'),
      });
      expect(await verifyBackup(backup)).toMatchObject({ frames: 1, jobs: 5, ok: true });
    }
  });

  it('is read whole, and not cut, when it holds more than can have been saved ahead of the journal', async () => {
    const state = await temporaryFolder();
    const first = await createRun(state, planFor(), at);
    await first.journal({ at: 'start', time, run: first.id, verb: 'purge' });
    await first.journal({ at: 'intent', batch: 1, mark: 'm', ids: ['1'], frame: await first.save(savedJobs(5)) });
    for (const _ of [2, 3]) await first.save(savedJobs(5));
    const backup = first.backupPath ?? '';
    expect(await verifyBackup(backup)).toMatchObject({ frames: 1, ok: true });
    await first.save(savedJobs(5));
    await first.close();
    expect(await verifyBackup(backup)).toMatchObject({ frames: 4, jobs: 20, ok: true });
    const again = await openRun(state, first.id);
    await expect(again.save(savedJobs(1))).rejects.toMatchObject({
      message: expect.stringContaining('more batches than the journal beside it names'),
    });
    await again.close();
    expect(await verifyBackup(backup)).toMatchObject({ frames: 4, jobs: 20, ok: true });
  });

  it('is read whole beside the journal of another run', async () => {
    const state = await temporaryFolder();
    const [one, other] = [await createRun(state, planFor(), at), await createRun(state, planFor(), at)];
    for (const [run, jobs] of [
      [one, 5],
      [other, 3],
    ] as const)
      await run.journal({ at: 'intent', batch: 1, mark: 'm', ids: ['1'], frame: await run.save(savedJobs(jobs)) });
    await one.journal({ at: 'intent', batch: 2, mark: 'm', ids: ['1'], frame: await one.save(savedJobs(5)) });
    await Promise.all([one.close(), other.close()]);
    const copy = join(other.path, 'copy.zst');
    await copyFile(one.backupPath ?? '', copy);
    expect(await collect(openBackup(copy))).toHaveLength(2);
    expect(await verifyBackup(copy)).toMatchObject({ frames: 2, jobs: 10, ok: true });
  });

  it('does not cut off a frame that the journal knows', async () => {
    const state = await temporaryFolder();
    const first = await createRun(state, planFor(), at);
    await first.journal({ at: 'intent', batch: 1, mark: 'm', ids: ['1'], frame: await first.save(savedJobs(5)) });
    await first.close();
    await truncate(first.backupPath ?? '', 100);
    const again = await openRun(state, first.id);
    await expect(again.save(savedJobs(1))).rejects.toMatchObject({ message: expect.stringContaining('Frame 1') });
    await again.close();
  });

  it('names the nearest ids for an unknown one, and never leaves its folder', async () => {
    const state = await temporaryFolder();
    const folder = await createRun(state, planFor(), at);
    await folder.close();
    const typo = folder.id.replace('email', 'emial');
    await expect(openRun(state, typo)).rejects.toMatchObject({
      code: 'JOBCTL_USAGE',
      message: expect.stringContaining(folder.id),
    });
    await expect(readRun(state, `../runs/${folder.id}`)).rejects.toMatchObject({ code: 'JOBCTL_USAGE' });
    await expect(openRun(join(state, 'none'), typo)).rejects.toMatchObject({ code: 'JOBCTL_USAGE' });
  });

  it('says when a newer version wrote it', async () => {
    const state = await temporaryFolder();
    const folder = await createRun(state, planFor(), at);
    await folder.close();
    await writeFile(join(folder.path, 'plan.json'), '{"schemaVersion":2}');
    await expect(readRun(state, folder.id)).rejects.toThrow(/newer jobctl/);
  });

  it('leaves the old report whole when a new one cannot be written', async () => {
    const state = await temporaryFolder();
    const folder = await createRun(state, planFor(), at);
    await folder.report(reportOf(folder.id));
    const circular = { ...reportOf(folder.id), next: [] as unknown[] };
    circular.next.push(circular);
    expect(() => folder.report(circular as unknown as Report)).toThrow();
    expect((await readRun(state, folder.id)).report).toEqual(reportOf(folder.id));
    await folder.close();
  });
});

describe('the lock of a run', () => {
  it('keeps others out until the folder is closed', async () => {
    const state = await temporaryFolder();
    const folder = await createRun(state, planFor(), at);
    await expect(openRun(state, folder.id)).rejects.toMatchObject({
      code: 'JOBCTL_LOCKED',
      message: expect.stringContaining(String(process.pid)),
    });
    await folder.close();
    await (await openRun(state, folder.id)).close();
  });

  it('that cannot be given back does not hide what became of the run', async () => {
    const folder = await temporaryFolder();
    const lock = await lockRun(folder);
    await rm(folder, { recursive: true });
    await lock.release();
  });

  it('goes to one of many that want it at once', async () => {
    const folder = await temporaryFolder();
    for (let round = 0; round < 5; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 16 }, () => lockRun(folder)));
      const won = tries.filter((attempt) => attempt.status === 'fulfilled');
      expect(won).toHaveLength(1);
      await won[0]?.value.release();
    }
    expect(await readdir(folder)).toEqual(['lock.5']);
  });

  it('is taken over from a process that was killed', async () => {
    const folder = await temporaryFolder();
    const source = new URL('../../src/safety/run-lock.ts', import.meta.url).href;
    const script = `const { lockRun } = await import(process.argv[1]); await lockRun(process.argv[2]); process.kill(process.pid, 'SIGKILL');`;
    await expect(
      run(process.execPath, ['--no-warnings', '--input-type=module', '-e', script, source, folder]),
    ).rejects.toMatchObject({ signal: 'SIGKILL' });
    expect(await readdir(folder)).toEqual(['lock.1']);
    await (await lockRun(folder)).release();
  });

  it.skipIf(process.platform !== 'linux')('is not held by a later process with the same number', async () => {
    const folder = await temporaryFolder();
    await lockRun(folder);
    const lock = join(folder, 'lock.1');
    const holder = JSON.parse(await readFile(lock, 'utf8')) as { began: string };
    await writeFile(lock, JSON.stringify({ ...holder, began: `${holder.began}0` }));
    await (await lockRun(folder)).release();
  });

  it('is not taken from another host, which nobody can ask', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'lock.3'), JSON.stringify({ host: 'elsewhere', pid: 1, began: '' }));
    await expect(lockRun(folder)).rejects.toMatchObject({
      code: 'JOBCTL_LOCKED',
      next: [expect.stringContaining('lock.3')],
    });
  });
});

describe('the list of runs', () => {
  it('shows unfinished runs first, then the newest, with counts where there is a report', async () => {
    const state = await temporaryFolder();
    const make = async (second: number, complete?: boolean): Promise<string> => {
      const folder = await createRun(state, planFor(), new Date(at.getTime() + second * 1000));
      await folder.journal({ at: 'start', time, run: folder.id, verb: 'replay' });
      if (complete !== undefined) await folder.journal({ at: 'end', time, complete });
      if (complete) await folder.report(reportOf(folder.id));
      await folder.close();
      return folder.id;
    };
    const killed = await make(0);
    const stopped = await make(1, false);
    const old = await make(2, true);
    const recent = await make(3, true);
    const damaged = await make(4, true);
    await writeFile(join(state, 'runs', damaged, 'plan.json'), '{');
    await mkdir(join(state, 'runs', 'not-a-run'));
    const list = await listRuns(state);
    expect(list.map(({ id, state }) => [id, state])).toEqual([
      [stopped, 'unfinished'],
      [killed, 'unfinished'],
      [damaged, 'damaged'],
      [recent, 'finished'],
      [old, 'finished'],
    ]);
    expect(list[3]).toEqual({
      id: recent,
      startedAt: '2026-11-24T03:41:12.000000Z',
      state: 'finished',
      running: false,
      verb: 'replay',
      context: 'prod',
      queues: ['email'],
      matched: 40,
      outcomes: { done: 39, skipped: 1, failed: 0, unknown: 0 },
    });
    expect(list[0]).not.toHaveProperty('outcomes');
  });

  it('loses the finished runs of long ago, and none while a run is unfinished', async () => {
    const state = await temporaryFolder();
    const make = async (second: number, complete: boolean, verb: Verb = 'replay'): Promise<string> => {
      const folder = await createRun(state, { ...planFor(), verb }, new Date(at.getTime() + second * 1000));
      await folder.journal({ at: 'start', time, run: folder.id, verb });
      await folder.journal({ at: 'end', time, complete });
      await folder.close();
      return folder.id;
    };
    const left = async (): Promise<string[]> => (await listRuns(state)).map(({ id }) => id);
    const old = await make(0, true);
    // its jobs are nowhere else
    const evacuated = await make(2, true, 'evacuate');
    const recent = await make(60, true);
    const before = fromDate(new Date(at.getTime() + 30_000));
    const open = await make(1, false);
    expect(await removeRunsBefore(state, before)).toEqual([]);
    expect(await left()).toHaveLength(4);
    await rm(join(state, 'runs', open), { recursive: true });
    expect(await removeRunsBefore(state, before)).toEqual([old]);
    expect(await left()).toEqual([recent, evacuated]);
  });

  it('of two runs in one second shows the later one first', async () => {
    const state = await temporaryFolder();
    const verbs = ['undo', 'purge', 'undo', 'replay', 'undo'] as const;
    for (const [index, verb] of verbs.entries()) {
      const plan = planFor(['email'], { verb, madeAt: `2026-11-24T03:41:09.${index}00000Z` });
      await (await createRun(state, plan, at)).close();
    }
    expect((await listRuns(state)).map(({ verb }) => verb)).toEqual(verbs.toReversed());
  });

  it('is empty before the first run, and says what runs now', async () => {
    const state = await temporaryFolder();
    expect(await listRuns(state)).toEqual([]);
    const folder = await createRun(state, planFor(), at);
    expect(await listRuns(state)).toMatchObject([{ id: folder.id, state: 'unfinished', running: true }]);
    await folder.close();
    expect(await listRuns(state)).toMatchObject([{ id: folder.id, state: 'unfinished', running: false }]);
  });
});

vi.setConfig({ testTimeout: 20_000 });
