import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError } from './disk-error.ts';

export const ownerOnlyFile = 0o600;
export const ownerOnlyFolder = 0o700;

/** Without this a new name in a folder may be gone after a power cut, though the file's content was synced. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Creates the folder and its missing parents, readable by their owner only. */
export async function makeFolder(path: string): Promise<void> {
  try {
    const first = await mkdir(path, { recursive: true, mode: ownerOnlyFolder });
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
  } catch (cause) {
    throw await diskError(path, cause);
  }
}

/** Rejects with the error of the disk, which is `EEXIST` when the file is there already. */
export async function createDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', ownerOnlyFile);
  try {
    await file.writeFile(text);
    await file.sync();
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(path, { force: true }).catch(() => undefined);
    throw cause;
  } finally {
    await file.close();
  }
}

/** All of the text or nothing of it, even through a power cut. A reader never sees a half-written file. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const file = await open(draft, 'wx', ownerOnlyFile);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw await diskError(path, cause);
  }
}
