import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { SavedJob } from '../domain/claim.ts';
import { JobctlError } from '../domain/errors.ts';
import {
  decodeData,
  decodeHead,
  type FrameHead,
  maxHeadBytes,
  prefixBytes,
  sha256,
  skippableMagic,
} from './backup-frame.ts';
import { errorCode } from './disk-error.ts';

/** What stands at one place of a backup file. */
export type Stretch =
  | {
      readonly at: 'frame';
      readonly head: FrameHead;
      readonly offset: number;
      readonly dataOffset: number;
      readonly end: number;
    }
  /** No head that can be believed. `torn`: a write that a crash cut short, at the very end of the file. */
  | {
      readonly at: 'damage';
      readonly offset: number;
      readonly end: number;
      readonly why: string;
      readonly torn: boolean;
    };

const scanBytes = 1 << 20;
/** So many zeros never end a data frame: it ends with a checksum. They are blocks that were never written. */
const unwritten = 16;

export async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT')
      throw new JobctlError('unexpected', `Cannot read ${path}: ${(cause as Error).message}`, { cause });
    throw new JobctlError('usage', `There is no backup at ${path}.`, { next: ['jobctl backup list'], cause });
  }
}

/** From head to head. Behind a damaged head it looks for the next sound one, so that one bad spot costs one frame. */
export async function* walk(file: FileHandle, from = 0): AsyncGenerator<Stretch> {
  const { size } = await file.stat();
  for (let offset = from; offset < size; ) {
    const stretch = (await frameAt(file, offset, size)) ?? (await damageAt(file, offset, size));
    yield stretch;
    offset = stretch.end;
  }
}

/** The frame whose head begins at the offset, or undefined when there is no sound head. */
export async function frameAt(file: FileHandle, offset: number, size: number): Promise<Stretch | undefined> {
  const start = await read(file, offset, prefixBytes + maxHeadBytes);
  if (start.length < prefixBytes || !start.subarray(0, skippableMagic.length).equals(skippableMagic)) return undefined;
  const dataStart = prefixBytes + start.readUInt32LE(skippableMagic.length);
  const head = dataStart <= start.length ? decodeHead(start.subarray(prefixBytes, dataStart)) : undefined;
  if (head === undefined) return undefined;
  const dataOffset = offset + dataStart;
  const end = dataOffset + head.bytes;
  if (end <= size) return { at: 'frame', head, offset, dataOffset, end };
  return { at: 'damage', offset, end: size, why: 'the file ends before it does', torn: true };
}

async function damageAt(file: FileHandle, offset: number, size: number): Promise<Stretch> {
  const next = await nextHead(file, offset + 1, size);
  const torn = next === undefined && (await looksTorn(file, offset, size));
  return {
    at: 'damage',
    offset,
    end: next ?? size,
    why: torn ? 'the file ends before it does' : 'its head is damaged',
    torn,
  };
}

async function nextHead(file: FileHandle, from: number, size: number): Promise<number | undefined> {
  for (let base = from; base < size; base += scanBytes) {
    const window = await read(file, base, scanBytes + skippableMagic.length - 1);
    for (let i = window.indexOf(skippableMagic); i !== -1; i = window.indexOf(skippableMagic, i + 1)) {
      if ((await frameAt(file, base + i, size)) !== undefined) return base + i;
    }
  }
  return undefined;
}

/** Half a head and nothing behind it, or only blocks that were never written. */
async function looksTorn(file: FileHandle, offset: number, size: number): Promise<boolean> {
  const start = await read(file, offset, prefixBytes);
  if (offset + start.length === size && start.length < prefixBytes) {
    const both = Math.min(start.length, skippableMagic.length);
    if (start.subarray(0, both).equals(skippableMagic.subarray(0, both))) return true;
  }
  if (start.length === prefixBytes && start.subarray(0, skippableMagic.length).equals(skippableMagic)) {
    const headBytes = start.readUInt32LE(skippableMagic.length);
    if (headBytes <= maxHeadBytes && offset + prefixBytes + headBytes > size) return true;
  }
  return endsUnwritten(await read(file, Math.max(offset, size - unwritten), unwritten));
}

const dataMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Behind a damaged head the length is not known; no batch comes near this. */
const searchBytes = 256 << 20;

/** The jobs behind a damaged head: zstd's own checksum vouches for them. */
export async function jobsBehind(file: FileHandle, offset: number, end: number): Promise<SavedJob[] | undefined> {
  const stretch = await read(file, offset, Math.min(end - offset, searchBytes));
  const start = stretch.indexOf(dataMagic);
  return start === -1 ? undefined : decodeData(stretch.subarray(start)).catch(() => undefined);
}

/** True when the last bytes are zeros: the length of the file was recorded before its content was. */
export const endsUnwritten = (bytes: Buffer): boolean => bytes.subarray(-unwritten).every((byte) => byte === 0);

export async function read(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** The end of what was saved whole, no further than the frame at `lastAt`, and the highest frame number up to there. */
export async function backupEnd(path: string, lastAt: number): Promise<{ size: number; frames: number }> {
  const file = await openForReading(path);
  try {
    let frames = 0;
    let size = 0;
    let last: Stretch | undefined;
    for await (const stretch of walk(file)) {
      if (stretch.at === 'damage' && stretch.torn) break;
      // A damaged head stands for at least one frame, so its number is not given out again.
      frames = stretch.at === 'frame' ? Math.max(frames, stretch.head.frame) : frames + 1;
      size = stretch.end;
      last = stretch;
      if (stretch.at === 'frame' && stretch.offset === lastAt) break;
    }
    if (last?.at === 'frame' && size === (await file.stat()).size) {
      const data = await read(file, last.dataOffset, last.head.bytes);
      if (sha256(data) !== last.head.sha256 && endsUnwritten(data))
        return { size: last.offset, frames: last.head.frame - 1 };
    }
    return { size, frames };
  } finally {
    await file.close();
  }
}
