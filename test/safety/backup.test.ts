import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FrameRef } from '../../src/safety/backup-frame.ts';
import { openBackup, readFrame, verifyBackup } from '../../src/safety/backup-reader.ts';
import { continueBackup, createBackup } from '../../src/safety/backup-writer.ts';
import { collect, savedJob, savedJobs, temporaryFolder } from './saved-jobs.ts';

const run = promisify(execFile);
const hasZstd = ((): boolean => {
  try {
    execFileSync('zstd', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Four batches of 10, 20, 30 and 40 jobs. */
async function sample(): Promise<{ path: string; refs: FrameRef[]; size: number }> {
  const path = join(await temporaryFolder(), 'backup.ndjson.zst');
  const backup = await createBackup(path);
  const refs: FrameRef[] = [];
  for (const count of [10, 20, 30, 40]) refs.push(await backup.append(savedJobs(count, count * 100)));
  await backup.close();
  return { path, refs, size: (await stat(path)).size };
}

async function overwrite(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  const content = await readFile(path);
  content.set(bytes, offset);
  await writeFile(path, content);
}

const frameNumbers = async (path: string): Promise<number[]> =>
  (await collect(openBackup(path, { salvage: true }))).map(({ frame }) => frame);

describe('a backup', () => {
  it('gives back what was saved, batch by batch, and any one batch by its offset', async () => {
    const { path, refs } = await sample();
    expect(refs.map(({ frame, jobs }) => [frame, jobs])).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
      [4, 40],
    ]);
    const frames = await collect(openBackup(path));
    expect(frames.map(({ frame, offset }) => ({ frame, offset }))).toEqual(
      refs.map(({ frame, offset }) => ({ frame, offset })),
    );
    expect(frames[1]?.jobs).toEqual(savedJobs(20, 2000));
    expect((await readFrame(path, refs[2]?.offset ?? 0)).jobs).toEqual(savedJobs(30, 3000));
    expect(await verifyBackup(path)).toMatchObject({ frames: 4, jobs: 100, ok: true, torn: false, damage: [] });
  });

  it('is for its owner only, and never replaces another', async () => {
    const { path } = await sample();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await expect(createBackup(path)).rejects.toMatchObject({ code: 'JOBCTL_UNEXPECTED' });
  });

  it.skipIf(!hasZstd)('is read whole by plain zstd', async () => {
    const { path } = await sample();
    const { stdout } = await run('zstd', ['-dc', path], { maxBuffer: 1 << 24 });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(100);
    expect(JSON.parse(lines[99] ?? '')).toEqual(savedJob('4039'));
  });

  it('keeps every text as it was: lone surrogates, NUL, separators, a megabyte', async () => {
    const path = join(await temporaryFolder(), 'b.zst');
    const texts = [
      '\ud800',
      'a\udc00b',
      '\u0000',
      '\u2028\n\r\n',
      '',
      '"\\',
      '\ufeff',
      '9007199254740993',
      randomBytes(768 * 1024).toString('base64'),
    ];
    const saved = texts.map((payload, i) => savedJob(String(i), { payload }));
    const backup = await createBackup(path);
    const ref = await backup.append(saved);
    await backup.close();
    expect((await readFrame(path, ref.offset)).jobs).toEqual(saved);
  });

  it('keeps any JSON snapshot and any payload', async () => {
    const folder = await temporaryFolder();
    let n = 0;
    const text = fc.string({ unit: 'binary' });
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            payload: text,
            snapshot: fc.dictionary(text, fc.jsonValue({ noUnicodeString: false } as object)),
          }),
        ),
        async (items) => {
          const path = join(folder, String(n++));
          const saved = items.map(({ payload, snapshot }, i) => ({
            ...savedJob(String(i), { payload }),
            snapshot: JSON.parse(JSON.stringify(snapshot)) as Record<string, unknown>,
          }));
          const backup = await createBackup(path);
          await backup.append(saved);
          await backup.close();
          expect((await collect(openBackup(path)))[0]?.jobs).toEqual(saved);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('is empty before the first batch', async () => {
    const path = join(await temporaryFolder(), 'b.zst');
    await (await createBackup(path)).close();
    expect(await verifyBackup(path)).toEqual({ frames: 0, jobs: 0, bytes: 0, ok: true, torn: false, damage: [] });
  });

  it('names the missing file', async () => {
    await expect(collect(openBackup('/nowhere/b.zst'))).rejects.toMatchObject({
      code: 'JOBCTL_USAGE',
      message: expect.stringContaining('/nowhere/b.zst'),
    });
  });

  it('numbers batches in the order asked, also when nobody waits in between', async () => {
    const path = join(await temporaryFolder(), 'b.zst');
    const backup = await createBackup(path);
    const refs = await Promise.all([50, 1, 20].map((count) => backup.append(savedJobs(count))));
    await backup.close();
    expect(refs.map(({ frame, jobs }) => [frame, jobs])).toEqual([
      [1, 50],
      [2, 1],
      [3, 20],
    ]);
    expect((await collect(openBackup(path))).map(({ jobs }) => jobs.length)).toEqual([50, 1, 20]);
  });
});

describe('a damaged backup', () => {
  it('loses one frame to a flipped bit in its data, and says which', async () => {
    const { path, refs } = await sample();
    await overwrite(path, (refs[2]?.offset ?? 0) - 20, Buffer.from([0xff, 0, 0xff]));
    const check = await verifyBackup(path);
    expect(check).toMatchObject({ frames: 3, jobs: 80, ok: false, torn: false });
    expect(check.damage).toEqual([
      { frame: 2, offset: refs[1]?.offset, why: 'its checksum does not match', torn: false },
    ]);
    expect(await frameNumbers(path)).toEqual([1, 3, 4]);
    await expect(collect(openBackup(path))).rejects.toMatchObject({
      code: 'JOBCTL_UNEXPECTED',
      message: expect.stringMatching(/Frame 2 of .* damaged.* 80 jobs in 3 frames can still be read/),
      next: [`jobctl backup verify ${path}`, `jobctl restore ${path} --salvage`],
    });
    await expect(readFrame(path, refs[1]?.offset ?? 0)).rejects.toThrow(/Frame 2/);
    expect((await readFrame(path, refs[3]?.offset ?? 0)).jobs).toHaveLength(40);
  });

  it.each([
    ['its magic', 0],
    ['the length of its head', 4],
    ['its number', 17],
    ['its count of jobs', 26],
  ])('finds the way past a head with a damage in %s, and reads even its jobs', async (_, at) => {
    const { path, refs } = await sample();
    await overwrite(path, (refs[1]?.offset ?? 0) + at, Buffer.from([0x37]));
    const check = await verifyBackup(path);
    expect(check.damage).toEqual([
      { frame: 2, offset: refs[1]?.offset, why: 'its head is damaged; its 20 jobs can be read', torn: false },
    ]);
    expect(check).toMatchObject({ frames: 4, jobs: 100, ok: false });
    await expect(collect(openBackup(path))).rejects.toThrow(/Frame 2/);
    expect(await frameNumbers(path)).toEqual([1, 2, 3, 4]);
  });

  it('is not fooled by the magic inside of a payload', async () => {
    const path = join(await temporaryFolder(), 'b.zst');
    const backup = await createBackup(path);
    const bait = `P*M\u0018${randomBytes(200).toString('base64')}`;
    await backup.append([savedJob('1', { payload: bait })]);
    const second = await backup.append(savedJobs(3));
    await backup.close();
    await overwrite(path, 0, Buffer.from([0]));
    expect((await verifyBackup(path)).damage).toHaveLength(1);
    expect((await collect(openBackup(path, { salvage: true }))).at(-1)?.offset).toBe(second.offset);
  });

  it('tells a torn tail apart from a damage further up', async () => {
    const { path, refs, size } = await sample();
    await overwrite(path, refs[1]?.offset ?? 0, Buffer.from([0]));
    await overwrite(path, size - 100, Buffer.alloc(100));
    const check = await verifyBackup(path);
    expect(check.damage.map(({ frame, torn }) => [frame, torn])).toEqual([
      [2, false],
      [4, true],
    ]);
    expect(check.torn).toBe(false);
  });

  it('has a checksum in each data frame, which vouches for the jobs behind a damaged head', async () => {
    const { path } = await sample();
    const content = await readFile(path);
    const data = content.indexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]));
    expect((content[data + 4] ?? 0) & 0b100).toBe(0b100);
  });

  it('tells of a frame that was cut out', async () => {
    const { path, refs } = await sample();
    const content = await readFile(path);
    await writeFile(path, Buffer.concat([content.subarray(0, refs[1]?.offset), content.subarray(refs[2]?.offset)]));
    expect((await verifyBackup(path)).damage).toMatchObject([{ frame: 2, why: 'frame 3 stands in its place' }]);
    await expect(collect(openBackup(path))).rejects.toThrow(/Frame 2/);
  });

  it('calls a file that is no backup damaged', async () => {
    const path = join(await temporaryFolder(), 'b.zst');
    await writeFile(path, 'not a backup at all, just a text');
    expect(await verifyBackup(path)).toMatchObject({ frames: 0, ok: false, torn: false });
  });

  it('calls a last frame with a flipped bit damaged, not torn', async () => {
    const { path, size } = await sample();
    await overwrite(path, size - 30, Buffer.from([0xff, 0x00]));
    expect(await verifyBackup(path)).toMatchObject({ frames: 3, torn: false, damage: [{ frame: 4, torn: false }] });
  });
});

describe('a backup cut short by a crash', () => {
  it('is torn, never damaged, wherever the cut is, and goes on from there', async () => {
    const { path, refs, size } = await sample();
    const whole = await readFile(path);
    const last = refs[3]?.offset ?? 0;
    for (const cut of [1, 3, 5, 8, 50, 100, 200, size - last - 1]) {
      await writeFile(path, whole.subarray(0, last + cut));
      const check = await verifyBackup(path);
      expect(check, `cut after ${cut}`).toMatchObject({
        frames: 3,
        jobs: 60,
        torn: true,
        damage: [{ frame: 4, offset: last, torn: true }],
      });
      await expect(collect(openBackup(path))).rejects.toThrow(/cut short/);
      expect(await collect(openBackup(path, { acceptTorn: true }))).toHaveLength(3);
      const backup = await continueBackup(path, refs[2]);
      expect(await backup.append(savedJobs(2))).toEqual({ frame: 4, offset: last, jobs: 2 });
      await backup.close();
      expect(await verifyBackup(path)).toMatchObject({ frames: 4, jobs: 62, ok: true });
    }
  });

  it('is torn too when its length was recorded and its content was not', async () => {
    const { path, refs, size } = await sample();
    const last = refs[3]?.offset ?? 0;
    const whole = await readFile(path);
    for (const kept of [0, 6, 300]) {
      await writeFile(path, Buffer.concat([whole.subarray(0, last + kept), Buffer.alloc(size - last - kept)]));
      expect(await verifyBackup(path), `${kept} bytes kept`).toMatchObject({ frames: 3, torn: true });
      const backup = await continueBackup(path, refs[2]);
      expect((await backup.append(savedJobs(1))).offset).toBe(last);
      await backup.close();
      expect(await verifyBackup(path)).toMatchObject({ frames: 4, ok: true });
    }
  });

  it('is not shortened further than a frame that the journal knows as saved', async () => {
    const { path, refs, size } = await sample();
    await truncate(path, size - 1);
    await expect(continueBackup(path, refs[3])).rejects.toMatchObject({ message: expect.stringContaining('Frame 4') });
    expect((await stat(path)).size).toBe(size - 1);
  });

  it('goes on behind a damage in the middle without touching it', async () => {
    const { path, refs, size } = await sample();
    await overwrite(path, refs[1]?.offset ?? 0, Buffer.from([0]));
    const backup = await continueBackup(path, refs[3]);
    expect(await backup.append(savedJobs(2))).toEqual({ frame: 5, offset: size, jobs: 2 });
    await backup.close();
  });
});

const asProcess = `
const { createBackup } = await import(process.argv[1]);
const { createHash } = await import('node:crypto');
const backup = await createBackup(process.argv[2]);
// the same each time, and hard to compress: the limit is met in the middle of a large frame, and a small one still fits
const noise = (id) => Array.from({ length: 600 }, (_, n) => createHash('sha256').update(id + ':' + n).digest('base64')).join();
const job = (id) => ({ job: { queue: 'q', id: String(id), payload: noise(id) }, snapshot: {} });
let saved = 0;
try { for (;;) { await backup.append([job(saved)]); saved++; } }
catch (error) { console.log(JSON.stringify({ saved, code: error.code, message: error.message, next: error.next })); }
try { await backup.append([{ job: { queue: 'q', id: 'small', payload: '' }, snapshot: {} }]); console.log('"again"'); } catch (error) { console.log(JSON.stringify(error.message)); }
`;

describe.skipIf(process.platform === 'win32')('a write that the disk takes only in part', () => {
  it('is told with the disk, the file and the remedy, and leaves the earlier batches readable', async () => {
    const path = join(await temporaryFolder(), 'b.zst');
    const writer = new URL('../../src/safety/backup-writer.ts', import.meta.url).href;
    // The limit makes the write short at first and refuses the rest, just as a full disk does.
    const script = `trap '' XFSZ; ulimit -f 100; exec "$0" --no-warnings --input-type=module -e "$1" "$2" "$3"`;
    const { stdout } = await run('bash', ['-c', script, process.execPath, asProcess, writer, path]);
    const [first, second] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    const { saved, ...error } = first as { saved: number };
    expect(saved).toBeGreaterThan(1);
    expect(error).toMatchObject({
      code: 'JOBCTL_UNEXPECTED',
      message: expect.stringMatching(/Could not write .*b\.zst: .*limit.*MB free/),
      next: expect.arrayContaining([expect.stringMatching(/ulimit/)]),
    });
    expect(second).toBe('again');
    expect(await verifyBackup(path)).toMatchObject({ frames: saved + 1, jobs: saved + 1, ok: true });
  });
});

it('a torn tail that somebody appended to is damage', async () => {
  const { path, size } = await sample();
  await truncate(path, size - 40);
  await appendFile(path, randomBytes(200));
  expect((await verifyBackup(path)).torn).toBe(false);
});
