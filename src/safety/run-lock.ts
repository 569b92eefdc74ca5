import { randomBytes } from 'node:crypto';
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JobctlError } from '../domain/errors.ts';
import { errorCode } from './disk-error.ts';
import { writeDurably } from './durable-file.ts';
import { isAlive, type ProcessIdentity, thisProcess } from './process-identity.ts';

/** Held while a process carries out the run of a folder. */
export interface RunLock {
  release(): Promise<void>;
}

interface Holder extends ProcessIdentity {
  readonly released?: true;
}

/*
 * Each holder has a file of its own, lock.1, lock.2 …, and the highest number holds. To take over is to create the next
 * number, which the file system grants to one process only. The highest is never deleted, so nobody can
 * slip in below it: deleting a dead holder's lock and creating a new one would let two in.
 */
const lockFile = /^lock\.(\d+)$/;

/** Throws `locked` while a living process carries out the run. What a dead one left behind is taken over. */
export async function lockRun(folder: string): Promise<RunLock> {
  const before = await top(folder);
  if (before > 0) await refuseIfHeld(folder, before);
  const mine = before + 1;
  const path = join(folder, `lock.${mine}`);
  const self = await thisProcess();
  if (!(await createWhole(path, self))) throw held(path, 'another process, which took it at this moment');
  if ((await top(folder)) > mine) {
    await rm(path, { force: true });
    throw held(path, 'another process, which took it at this moment');
  }
  await Promise.all(
    Array.from({ length: Math.min(before, 8) }, (_, i) => rm(join(folder, `lock.${before - i}`), { force: true })),
  );
  return { release: () => giveBack(path, { ...self, released: true }) };
}

/**
 * Never rejects: what became of the run must not be hidden by that. On a full disk the file is overwritten where it stands,
 * and one that is half written holds nothing; failing that, the lock ends with this process.
 */
async function giveBack(path: string, holder: Holder): Promise<void> {
  const text = `${JSON.stringify(holder)}\n`;
  await writeDurably(path, text)
    .catch(() => writeFile(path, text, { flag: 'r+' }))
    .catch(() => {});
}

/** The process that carries out the run now, if one does. */
export async function holderOf(folder: string): Promise<ProcessIdentity | undefined> {
  const number = await top(folder);
  const holder = number === 0 ? undefined : await readHolder(join(folder, `lock.${number}`));
  if (holder === undefined || holder.released) return undefined;
  return holder.host !== (await thisProcess()).host || (await isAlive(holder)) ? holder : undefined;
}

async function refuseIfHeld(folder: string, number: number): Promise<void> {
  const holder = await holderOf(folder);
  if (holder === undefined) return;
  const path = join(folder, `lock.${number}`);
  const { host, pid } = holder;
  const elsewhere = host !== (await thisProcess()).host;
  throw held(path, `process ${pid} on ${host}`, elsewhere ? `If that process is gone: rm ${path}` : undefined);
}

const held = (path: string, by: string, next = 'Wait until it has ended, or stop it with Ctrl-C there.'): JobctlError =>
  new JobctlError('locked', `This run is being carried out by ${by} (${path}).`, { next: [next] });

async function top(folder: string): Promise<number> {
  const names = await readdir(folder);
  return names.reduce((highest, name) => Math.max(highest, Number(lockFile.exec(name)?.[1] ?? 0)), 0);
}

/** Undefined when the file is gone or holds no name; neither can be the lock of a living process, which links a finished file. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Creates the file with its content in one step. False when it exists. */
async function createWhole(path: string, self: ProcessIdentity): Promise<boolean> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  await writeDurably(draft, `${JSON.stringify(self)}\n`);
  try {
    await link(draft, path);
    return true;
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') return false;
    throw cause;
  } finally {
    await rm(draft, { force: true });
  }
}
