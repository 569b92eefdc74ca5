import { open } from 'node:fs/promises';

export interface Line {
  readonly text: string;
  /** Where it ends in the file, its newline included. */
  readonly end: number;
  /** False for a last line without its newline: its write was cut short. */
  readonly whole: boolean;
}

const newline = 0x0a;
const chunkBytes = 256 * 1024;

/** The lines of a file from an offset on, one in memory at a time. */
export async function* readLines(path: string, from = 0): AsyncGenerator<Line> {
  const file = await open(path, 'r');
  try {
    let end = from;
    let pieces: Buffer[] = [];
    const take = (last: Buffer, whole: boolean): Line => {
      const bytes = pieces.length === 0 ? last : Buffer.concat([...pieces, last]);
      pieces = [];
      end += bytes.length + (whole ? 1 : 0);
      return { text: bytes.toString(), end, whole };
    };
    for await (const chunk of file.createReadStream({ start: from, autoClose: false, highWaterMark: chunkBytes })) {
      const bytes = chunk as Buffer;
      let start = 0;
      for (let found = bytes.indexOf(newline); found !== -1; found = bytes.indexOf(newline, start)) {
        yield take(bytes.subarray(start, found), true);
        start = found + 1;
      }
      if (start < bytes.length) pieces.push(bytes.subarray(start));
    }
    if (pieces.length > 0) yield take(Buffer.alloc(0), false);
  } finally {
    await file.close();
  }
}

/** The end of a file, from the first full line of its last `bytes` bytes on. */
export async function readTail(path: string, bytes: number): Promise<{ text: string; fromStart: boolean }> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, bytes);
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await file.read(buffer, 0, length, size - length);
    const read = buffer.subarray(0, bytesRead);
    const fromStart = length === size;
    return { text: (fromStart ? read : read.subarray(read.indexOf(newline) + 1)).toString(), fromStart };
  } finally {
    await file.close();
  }
}
