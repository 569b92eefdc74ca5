import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../domain/instant.ts';
import type { PauseState } from '../domain/pause.ts';
import { errorCode } from './disk-error.ts';
import { makeFolder, syncFolder, writeDurably } from './durable-file.ts';
import { readJson } from './run-folder.ts';

/** A queue that was paused from here: what it takes to resume it, and until when it was meant to be paused. */
export interface PauseRecord {
  readonly schemaVersion: 1;
  readonly context: string;
  /** The backend, so that another one with a queue of that name is not meant. */
  readonly where: string;
  readonly queue: string;
  readonly by: string;
  readonly since: Instant;
  readonly until?: Instant | undefined;
  readonly found: PauseState['found'];
  readonly reason?: string | undefined;
}

const folderOf = (stateDir: string): string => join(stateDir, 'pauses');

/** One file a queue: two commands that pause two queues do not meet. */
const pathOf = (stateDir: string, where: string, queue: string): string =>
  join(folderOf(stateDir), `${createHash('sha256').update(`${where}\n${queue}`).digest('hex').slice(0, 24)}.json`);

/** Resolves when it is on the disk. In place of what was known of that queue before. */
export async function rememberPause(stateDir: string, record: PauseRecord): Promise<void> {
  await makeFolder(folderOf(stateDir));
  const path = pathOf(stateDir, record.where, record.queue);
  await writeDurably(path, `${JSON.stringify(record, undefined, 2)}\n`);
}

export const rememberedPause = (stateDir: string, where: string, queue: string): Promise<PauseRecord | undefined> =>
  readJson<PauseRecord>(pathOf(stateDir, where, queue));

export async function forgetPause(stateDir: string, where: string, queue: string): Promise<void> {
  try {
    await rm(pathOf(stateDir, where, queue));
    await syncFolder(folderOf(stateDir));
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw cause;
  }
}

/** The queues of a backend that were paused from here and not resumed from here, by name. */
export async function pausesAt(stateDir: string, where: string): Promise<PauseRecord[]> {
  const names = await readdir(folderOf(stateDir)).catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT') return [];
    throw cause;
  });
  const records = await Promise.all(
    names.filter((name) => name.endsWith('.json')).map((name) => readJson<PauseRecord>(join(folderOf(stateDir), name))),
  );
  return records
    .filter((record): record is PauseRecord => record?.where === where)
    .sort((a, b) => (a.queue < b.queue ? -1 : 1));
}
