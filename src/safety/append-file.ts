import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { JobctlError } from '../domain/errors.ts';
import { diskError } from './disk-error.ts';
import { ownerOnlyFile, syncFolder } from './durable-file.ts';

/**
 * A file that only grows, by whole synced pieces: `append` resolves when its bytes are on the disk, in the order of the calls.
 * When it rejects, the file is as long as before, or as near to that as the disk allows.
 */
export class AppendFile {
  readonly path: string;
  #file: FileHandle;
  #size: number;
  #broken: unknown;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: FileHandle, size: number) {
    this.path = path;
    this.#file = file;
    this.#size = size;
  }

  static async create(path: string): Promise<AppendFile> {
    try {
      const file = await open(path, 'wx', ownerOnlyFile);
      await syncFolder(dirname(path));
      return new AppendFile(path, file, 0);
    } catch (cause) {
      throw await diskError(path, cause);
    }
  }

  /** Continues an existing file after its first `size` bytes; what lies behind them is cut off. */
  static async continue(path: string, size: number): Promise<AppendFile> {
    try {
      const file = await open(path, 'r+');
      if ((await file.stat()).size > size) {
        await file.truncate(size);
        await file.datasync();
      }
      return new AppendFile(path, file, size);
    } catch (cause) {
      throw await diskError(path, cause);
    }
  }

  /** Resolves to the offset of the bytes in the file. */
  append(bytes: Uint8Array): Promise<number> {
    const turn = this.#last.then(() => this.#write(bytes));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  async #write(bytes: Uint8Array): Promise<number> {
    if (this.#broken !== undefined) {
      throw new JobctlError('unexpected', `${this.path} takes no more: an earlier write to it failed.`, {
        cause: this.#broken,
      });
    }
    const offset = this.#size;
    try {
      await this.#writeAll(bytes, offset);
      // After a failed sync nobody knows what reached the disk, so nothing may be built on this file any more.
      await this.#file.datasync().catch((cause: unknown) => {
        this.#broken = cause;
        throw cause;
      });
    } catch (cause) {
      await this.#file.truncate(offset).catch(() => {
        this.#broken ??= cause;
      });
      throw await diskError(this.path, cause);
    }
    this.#size += bytes.length;
    return offset;
  }

  /** One write in practice. A short one goes on, which brings out the reason: a full disk, a limit. */
  async #writeAll(bytes: Uint8Array, offset: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, offset + done);
      if (bytesWritten === 0) throw new Error('the disk took no bytes');
      done += bytesWritten;
    }
  }
}
