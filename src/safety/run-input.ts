import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NewJob } from '../domain/enqueue.ts';
import { JobctlError } from '../domain/errors.ts';
import { diskError, errorCode } from './disk-error.ts';
import { makeFolder, ownerOnlyFile, syncFolder } from './durable-file.ts';
import { readLines } from './line-reader.ts';

/** Jobs that are to be added, on the disk before the first of them is, so that a resume can go on with the rest. */
export interface Spool {
  readonly jobs: number;
  add(job: NewJob): Promise<void>;
  /** All of them, as long as it was not moved. */
  read(): AsyncIterable<NewJob>;
  /** Into the folder of its run. */
  moveTo(runFolder: string): Promise<void>;
  /** Away with it, unless it was moved. */
  drop(): Promise<void>;
}

const inputFile = (runFolder: string): string => join(runFolder, 'input.ndjson');
/** Bytes kept back before they are written. */
const CHUNK = 64 * 1024;

export async function openSpool(stateDir: string): Promise<Spool> {
  await makeFolder(stateDir);
  const path = join(stateDir, `.input-${randomBytes(8).toString('hex')}.ndjson`);
  const file: FileHandle = await open(path, 'wx', ownerOnlyFile).catch(async (cause: unknown) => {
    throw await diskError(path, cause);
  });
  let pending = '';
  let jobs = 0;
  let isOpen = true;
  const flush = async (): Promise<void> => {
    const text = pending;
    pending = '';
    await file.appendFile(text).catch(async (cause: unknown) => {
      throw await diskError(path, cause);
    });
  };
  const close = async (): Promise<void> => {
    if (isOpen) await file.close();
    isOpen = false;
  };
  return {
    get jobs() {
      return jobs;
    },
    async add(job) {
      jobs += 1;
      pending += `${JSON.stringify(job)}\n`;
      if (pending.length > CHUNK) await flush();
    },
    async *read() {
      await flush();
      for await (const batch of jobsOf(path, 1, 1000)) yield* batch;
    },
    async moveTo(runFolder) {
      await flush();
      await file.sync();
      await close();
      await rename(path, inputFile(runFolder));
      await syncFolder(runFolder);
      await syncFolder(dirname(path));
    },
    async drop() {
      await close();
      await rm(path, { force: true });
    },
  };
}

/** The jobs of a run's input, from this number on, in batches. */
export const inputOf = (runFolder: string, from: number, size: number): AsyncGenerator<NewJob[]> =>
  jobsOf(inputFile(runFolder), from, size);

async function* jobsOf(path: string, from: number, size: number): AsyncGenerator<NewJob[]> {
  let number = 0;
  let batch: NewJob[] = [];
  try {
    for await (const { text } of readLines(path)) {
      number += 1;
      if (number < from || text === '') continue;
      batch.push(JSON.parse(text) as NewJob);
      if (batch.length < size) continue;
      yield batch;
      batch = [];
    }
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw cause;
    throw new JobctlError('unexpected', `${path} is gone: what was to be added is not known.`, { cause });
  }
  if (batch.length > 0) yield batch;
}
