import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/domain/plan.ts';
import { verifyBackup } from '../../src/safety/backup-reader.ts';
import { listRuns } from '../../src/safety/run-list.ts';
import { type Ended, type Home, homeForTest, program } from '../e2e/jobctl.ts';
import { makeDead } from '../setup/procrastinate.ts';
import { expectNothingLost, openScene, rowsOf, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.drop());

/** The program where no file may grow beyond so many KiB: writes fail as on a full disk. */
const cramped = (home: Home, kib: number, args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const script = `ulimit -f ${kib}; exec "$@"`;
    execFile(
      'bash',
      ['-c', script, 'bash', process.execPath, program, ...args],
      { cwd: home.folder, env: { ...home.env }, timeout: 25_000 },
      (error, stdout, stderr) => resolve({ stdout, stderr, code: error === null ? 0 : Number(error.code ?? 1) }),
    );
  });

const reportIn = ({ stdout }: Ended): Report => JSON.parse(stdout) as Report;

describe('a disk that fills up', () => {
  it('in the middle of a backup: nothing more is applied, the run says so, and resume goes on', async () => {
    const queue = 'full-backup';
    const noise = () => ({ noise: randomBytes(1500).toString('hex') });
    const ids = await makeDead(scene.database.pool, 60, { queue, args: noise });
    const home = await homeForTest(scene.database.url);
    const ended = await cramped(home, 64, [
      'purge',
      queue,
      '--state',
      'dead',
      '--confirm',
      queue,
      '--batch',
      '10',
      '--json',
    ]);
    expect(ended.code).toBe(3);
    const report = reportIn(ended);
    expect(report).toMatchObject({ complete: false, outcomes: { failed: 0, unknown: 0 } });
    expect(report.stopped).toMatch(/Could not write .*backup\.ndjson\.zst: the file size limit is reached \(EFBIG\)/);
    expect(report.outcomes.done).toBeGreaterThan(0);
    expect(report.outcomes.done).toBeLessThan(60);
    expect((await rowsOf(scene, queue)).size).toBe(60 - report.outcomes.done);
    await expectNothingLost(scene, queue, home.stateDir, ids);
    expect(await verifyBackup(report.backup ?? '')).toMatchObject({ ok: true, jobs: report.outcomes.done });

    const again = await home.run(['run', 'resume', report.run ?? '', '--confirm', queue, '--json']);
    expect(again.code).toBe(0);
    expect(reportIn(again)).toMatchObject({ complete: true, outcomes: { done: 60, skipped: 0 } });
    expect((await rowsOf(scene, queue)).size).toBe(0);
    expect(await verifyBackup(report.backup ?? '')).toMatchObject({ ok: true, jobs: 60 });
    const undone = await home.run(['undo', report.run ?? '', '--yes', '--json']);
    expect(reportIn(undone)).toMatchObject({ complete: true, outcomes: { done: 60 } });
    expect([...(await rowsOf(scene, queue)).keys()]).toEqual(ids);
  });

  it('before the first batch was saved: nothing has begun, and nothing is left to resume', async () => {
    const queue = 'full-at-once';
    await makeDead(scene.database.pool, 5, { queue, args: () => ({ noise: randomBytes(20_000).toString('hex') }) });
    const home = await homeForTest(scene.database.url);
    const ended = await cramped(home, 32, ['purge', queue, '--state', 'dead', '--confirm', queue, '--json']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/EFBIG/);
    expect((await rowsOf(scene, queue)).size).toBe(5);
    expect(await listRuns(home.stateDir)).toMatchObject([
      { state: 'refused', stopped: expect.stringContaining('EFBIG') },
    ]);
  });

  it('in the middle of the journal: what was done is counted, and resume goes on', async () => {
    const queue = 'full-journal';
    const ids = await makeDead(scene.database.pool, 150, { queue });
    const home = await homeForTest(scene.database.url);
    const purge = await home.run(['purge', queue, '--state', 'dead', '--confirm', queue, '--batch', '5', '--json']);
    const restore = ['restore', reportIn(purge).run ?? '', '--yes', '--json'];
    const ended = await cramped(home, 4, restore);
    expect(ended.code).toBe(3);
    const report = reportIn(ended);
    expect(report.stopped).toMatch(/journal\.ndjson.*EFBIG/);
    expect((await rowsOf(scene, queue)).size).toBe(report.outcomes.done + report.outcomes.unknown);
    const again = await home.run(['run', 'resume', report.run ?? '', '--yes', '--json']);
    expect(reportIn(again)).toMatchObject({
      complete: true,
      outcomes: { done: 150, skipped: 0, failed: 0, unknown: 0 },
    });
    expect([...(await rowsOf(scene, queue)).keys()]).toEqual(ids);
  });
});
