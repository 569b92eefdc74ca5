import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { AppendFile } from '../../src/safety/append-file.ts';
import { writeDurably } from '../../src/safety/durable-file.ts';
import { openJournal } from '../../src/safety/journal.ts';
import { temporaryFolder } from './saved-jobs.ts';

let handle: FileHandle;
beforeAll(async () => {
  const probe = await open('/', 'r');
  handle = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
});
afterEach(() => vi.restoreAllMocks());

const failure = (code: string): Error => Object.assign(new Error(code), { code });

describe('a file that only grows', () => {
  it('costs one write and one sync for each piece, in that order', async () => {
    const file = await AppendFile.create(join(await temporaryFolder(), 'f'));
    const write = vi.spyOn(handle, 'write');
    const sync = vi.spyOn(handle, 'datasync');
    expect(await file.append(Buffer.from('one'))).toBe(0);
    expect(await file.append(Buffer.from('two'))).toBe(3);
    expect([write.mock.calls.length, sync.mock.calls.length]).toEqual([2, 2]);
    const [w1, w2] = write.mock.invocationCallOrder as [number, number];
    const [s1, s2] = sync.mock.invocationCallOrder as [number, number];
    expect([w1, s1, w2, s2]).toEqual([w1, s1, w2, s2].sort((a, b) => a - b));
    await file.close();
    expect(await readFile(file.path, 'utf8')).toBe('onetwo');
  });

  it('syncs its folder when it is created', async () => {
    const folder = await temporaryFolder();
    const sync = vi.spyOn(handle, 'sync');
    await (await AppendFile.create(join(folder, 'f'))).close();
    expect(sync).toHaveBeenCalledTimes(1);
  });

  it('is as long as before after a failed write, tells disk and path, and takes the next one', async () => {
    const path = join(await temporaryFolder(), 'f');
    const file = await AppendFile.create(path);
    await file.append(Buffer.from('one'));
    const whole = handle.write as (...args: unknown[]) => Promise<unknown>;
    vi.spyOn(handle, 'write')
      .mockImplementationOnce(function (this: FileHandle, ...args: unknown[]) {
        const [bytes, offset, , position] = args as [Uint8Array, number, number, number];
        return whole.call(this, bytes, offset, 2, position) as never;
      })
      .mockRejectedValueOnce(failure('ENOSPC'));
    await expect(file.append(Buffer.from('twotwo'))).rejects.toMatchObject({
      code: 'JOBCTL_UNEXPECTED',
      message: expect.stringMatching(
        /Could not write .*\/f: the disk is full \(ENOSPC\)\. The disk that holds .* has \d+ MB free/,
      ),
      next: [expect.stringContaining('Free space'), expect.anything()],
    });
    expect((await stat(path)).size).toBe(3);
    expect(await file.append(Buffer.from('x'))).toBe(3);
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('onex');
  });

  it('takes nothing more after a failed sync: nobody knows what reached the disk', async () => {
    const file = await AppendFile.create(join(await temporaryFolder(), 'f'));
    vi.spyOn(handle, 'datasync').mockRejectedValueOnce(failure('EIO'));
    await expect(file.append(Buffer.from('one'))).rejects.toThrow(/EIO/);
    await expect(file.append(Buffer.from('two'))).rejects.toThrow(/takes no more/);
    await file.close();
  });
});

it('a journal entry is not there before its sync', async () => {
  const journal = await openJournal(join(await temporaryFolder(), 'j'));
  const sync = vi.spyOn(handle, 'datasync');
  await journal.append({ at: 'skipped', rest: [] });
  expect(sync).toHaveBeenCalledTimes(1);
  await journal.close();
});

it('a durable file is synced with its folder, and a failed one leaves the old content and no draft', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'plan.json');
  const sync = vi.spyOn(handle, 'sync');
  await writeDurably(path, 'old');
  expect(sync).toHaveBeenCalledTimes(2);
  vi.spyOn(handle, 'sync').mockRejectedValueOnce(failure('ENOSPC'));
  await expect(writeDurably(path, 'new')).rejects.toMatchObject({ message: expect.stringContaining('plan.json') });
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['plan.json']);
});
