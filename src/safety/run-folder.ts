import { access, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SavedJob } from '../domain/claim.ts';
import { JobctlError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import type { Plan, Report } from '../domain/plan.ts';
import type { FrameRef } from './backup-frame.ts';
import { type BackupWriter, continueBackup, createBackup } from './backup-writer.ts';
import { diskError, errorCode } from './disk-error.ts';
import { makeFolder, ownerOnlyFolder, syncFolder, writeDurably } from './durable-file.ts';
import { isBegun, type Journal, openJournal } from './journal.ts';
import type { JournalEntry } from './journal-entry.ts';
import { isRunId, makeRunId } from './run-id.ts';
import { lockRun } from './run-lock.ts';

/** A run that this process carries out; nobody else can until `close`. */
export interface RunFolder {
  readonly id: string;
  readonly path: string;
  readonly plan: Plan;
  /** Undefined while nothing was saved. */
  readonly backupPath: string | undefined;
  readonly journalPath: string;
  /** The number for the next intent. */
  readonly nextBatch: number;
  /** Resolves when the jobs are on the disk. */
  save(jobs: readonly SavedJob[]): Promise<FrameRef>;
  /** Resolves when the entry is on the disk. */
  journal(entry: JournalEntry): Promise<void>;
  report(report: Report): Promise<void>;
  close(): Promise<void>;
}

/** A run as it lies on the disk, for reading only. */
export interface RunRecord {
  readonly id: string;
  readonly path: string;
  readonly plan: Plan;
  readonly report: Report | undefined;
  readonly backupPath: string | undefined;
  readonly journalPath: string;
}

export const runsFolder = (stateDir: string): string => join(stateDir, 'runs');

const files = {
  plan: 'plan.json',
  report: 'report.json',
  journal: 'journal.ndjson',
  backup: 'backup.ndjson.zst',
} as const;
const idsToTry = 20;

/** Starts a run: a folder of its own with the plan in it. */
export async function createRun(stateDir: string, plan: Plan, startedAt: Date): Promise<RunFolder> {
  await makeFolder(runsFolder(stateDir));
  const { id, path } = await claimFolder(stateDir, plan, startedAt);
  try {
    await writeDurably(join(path, files.plan), toText(plan));
  } catch (error) {
    // Nothing was begun: without its plan the folder would only look like a damaged run.
    await rm(path, { recursive: true, force: true });
    throw error;
  }
  return carryOut(id, path, plan);
}

/** Goes on with a run. Throws `usage` when there is none of that id, `locked` while a living process carries it out. */
export async function openRun(stateDir: string, id: string): Promise<RunFolder> {
  const { path, plan } = await readRun(stateDir, id);
  return carryOut(id, path, plan);
}

/** Throws `usage` when there is no run of that id. */
export async function readRun(stateDir: string, id: string): Promise<RunRecord> {
  const path = join(runsFolder(stateDir), id);
  if (!isRunId(id) || !(await exists(path))) throw await unknownRun(stateDir, id);
  const plan = await readJson<Plan>(join(path, files.plan));
  if (plan === undefined) throw damaged(path, 'its plan is missing');
  const backupPath = join(path, files.backup);
  return {
    id,
    path,
    plan,
    report: await readJson<Report>(join(path, files.report)),
    backupPath: (await exists(backupPath)) ? backupPath : undefined,
    journalPath: join(path, files.journal),
  };
}

async function carryOut(id: string, path: string, plan: Plan): Promise<RunFolder> {
  const lock = await lockRun(path);
  const journalPath = join(path, files.journal);
  const backupPath = join(path, files.backup);
  let journal: Journal;
  let saved: boolean;
  try {
    saved = await exists(backupPath);
    if (saved && !(await isBegun(journalPath))) throw damaged(journalPath, 'it holds nothing, and jobs were saved');
    journal = await openJournal(journalPath);
  } catch (error) {
    await lock.release();
    throw error;
  }
  let backup: Promise<BackupWriter> | undefined;
  const writer = (): Promise<BackupWriter> => {
    backup ??= saved ? continueBackup(backupPath, journal.lastFrame) : createBackup(backupPath);
    return backup;
  };
  return {
    id,
    path,
    plan,
    journalPath,
    get backupPath() {
      return saved ? backupPath : undefined;
    },
    get nextBatch() {
      return journal.nextBatch;
    },
    async save(jobs) {
      const frame = await (await writer()).append(jobs);
      saved = true;
      return frame;
    },
    journal: (entry) => journal.append(entry),
    report: (report) => writeDurably(join(path, files.report), toText(report)),
    async close() {
      try {
        await (await backup?.catch(() => undefined))?.close();
        await journal.close();
      } finally {
        await lock.release();
      }
    },
  };
}

/** Two runs may begin in the same second: the one that finds the folder taken draws another id. */
async function claimFolder(stateDir: string, plan: Plan, startedAt: Date): Promise<{ id: string; path: string }> {
  for (let attempt = 1; ; attempt++) {
    const id = makeRunId(plan.verb, plan.queues, startedAt);
    const path = join(runsFolder(stateDir), id);
    try {
      await mkdir(path, ownerOnlyFolder);
      await syncFolder(runsFolder(stateDir));
      return { id, path };
    } catch (cause) {
      if (errorCode(cause) !== 'EEXIST' || attempt === idsToTry) throw await diskError(path, cause);
    }
  }
}

async function unknownRun(stateDir: string, id: string): Promise<JobctlError> {
  const known = await readdir(runsFolder(stateDir)).catch(() => []);
  const close = nearest(id, known.filter(isRunId));
  const hint = close.length > 0 ? ` Did you mean ${close.join(' or ')}?` : '';
  return new JobctlError('usage', `There is no run "${id}".${hint}`, {
    next: [...close.map((name) => `jobctl run show ${name}`), 'jobctl run list'],
  });
}

/** Undefined when there is no such file. */
export async function readJson<T extends { readonly schemaVersion: number }>(path: string): Promise<T | undefined> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as T;
    if (value.schemaVersion === 1) return value;
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw damaged(path, (cause as Error).message);
  }
  throw new JobctlError('unexpected', `${path} was written by a newer jobctl.`, {
    next: ['Run it with that version.'],
  });
}

const damaged = (path: string, why: string): JobctlError =>
  new JobctlError('unexpected', `${path} is damaged: ${why}.`, {
    next: ['Get it back from a copy.', 'jobctl backup list   # what was saved can be restored without it'],
  });

const toText = (value: Plan | Report): string => `${JSON.stringify(value, undefined, 2)}\n`;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
