import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, crc32, zstdCompress, zstdDecompress } from 'node:zlib';
import type { SavedJob } from '../domain/claim.ts';

/**
 * One batch in a backup file: a zstd skippable frame that says what follows, then a zstd frame of NDJSON, a SavedJob a line.
 * Plain `zstd -d` skips the first kind and so reads the whole file. With the byte count in the head, a reader finds the next
 * batch behind a damaged one.
 */
export interface FrameHead {
  /** Counts from 1. */
  readonly frame: number;
  readonly jobs: number;
  /** Length and SHA-256 of the data frame behind the head. */
  readonly bytes: number;
  readonly sha256: string;
}

/** Where a batch was saved. */
export interface FrameRef {
  readonly frame: number;
  /** Where its head begins in the file. */
  readonly offset: number;
  readonly jobs: number;
}

export interface Frame {
  readonly frame: number;
  readonly offset: number;
  readonly jobs: SavedJob[];
}

/** 0x184D2A50, little-endian. */
export const skippableMagic = Buffer.from([0x50, 0x2a, 0x4d, 0x18]);
/** Magic and length. */
export const prefixBytes = 8;
/** A longer head is not one of ours. */
export const maxHeadBytes = 4096;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
const level = 1;
/** Of a UTF-16 code unit in UTF-8. */
const maxBytesPerChar = 3;
const minBytes = 1 << 20;
/** So much text is made in one go, about a millisecond's worth; then whatever has arrived meanwhile has its turn. */
const turnBytes = 1 << 17;
const newline = 0x0a;

/** The bytes of one batch. The caller is not kept waiting by the compressor: it works on another thread. */
export async function encodeFrame(frame: number, jobs: readonly SavedJob[], lines = new Lines()): Promise<Buffer> {
  const raw = await lines.of(jobs);
  const data = await compress(raw, {
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    pledgedSrcSize: raw.length,
  });
  return Buffer.concat([encodeHead({ frame, jobs: jobs.length, bytes: data.length, sha256: sha256(data) }), data]);
}

/** One piece of memory for the text of batch after batch: as garbage, each would wait for a full collection. */
export class Lines {
  #bytes = Buffer.alloc(0);

  /** Holds until the next call, which must not come before this one has ended. */
  async of(jobs: readonly SavedJob[]): Promise<Buffer> {
    let used = 0;
    let pause = turnBytes;
    for (const job of jobs) {
      if (used > pause) {
        await setImmediate();
        pause = used + turnBytes;
      }
      const line = JSON.stringify(job);
      this.#hold(used, line.length * maxBytesPerChar + 1);
      used += this.#bytes.write(line, used);
      this.#bytes[used] = newline; // a longer text would first be copied together
      used += 1;
    }
    return this.#bytes.subarray(0, used);
  }

  #hold(used: number, more: number): void {
    if (used + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * used, used + more, minBytes));
    this.#bytes.copy(larger, 0, 0, used);
    this.#bytes = larger;
  }
}

function encodeHead({ frame, jobs, bytes, sha256 }: FrameHead): Buffer {
  const head = { frame, jobs, bytes, sha256 };
  const content = Buffer.from(JSON.stringify({ ...head, check: checkOf(head) }));
  const prefix = Buffer.alloc(prefixBytes);
  skippableMagic.copy(prefix);
  prefix.writeUInt32LE(content.length, skippableMagic.length);
  return Buffer.concat([prefix, content]);
}

/** Undefined when the content is damaged or not ours: a wrong length would lead the reader astray. */
export function decodeHead(content: Buffer): FrameHead | undefined {
  try {
    const { frame, jobs, bytes, sha256, check } = JSON.parse(content.toString()) as FrameHead & { check: string };
    const head = { frame, jobs, bytes, sha256 };
    return check === checkOf(head) ? head : undefined;
  } catch {
    return undefined;
  }
}

/** The jobs of a data frame. Throws when zstd's own checksum or the JSON does not hold. */
export async function decodeData(data: Buffer): Promise<SavedJob[]> {
  const raw = await decompress(data);
  const jobs: SavedJob[] = [];
  for (let start = 0; start < raw.length; ) {
    const found = raw.indexOf(newline, start);
    const end = found === -1 ? raw.length : found;
    jobs.push(JSON.parse(raw.toString('utf8', start, end)) as SavedJob);
    start = end + 1;
  }
  return jobs;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const checkOf = (head: FrameHead): string => crc32(JSON.stringify(head)).toString(16).padStart(8, '0');
