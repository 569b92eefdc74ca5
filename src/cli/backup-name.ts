import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { JobctlError } from '../domain/errors.ts';
import { type RunRecord, readRun } from '../safety/run-folder.ts';

export interface NamedBackup {
  readonly path: string;
  /** Missing for a file that no run of this machine saved. */
  readonly run?: RunRecord | undefined;
}

/** A backup by the run that saved it, or by its file. */
export async function backupNamed(name: string, stateDir: string): Promise<NamedBackup> {
  const isFile = name.includes('/') || name.endsWith('.zst');
  if (isFile) {
    const path = resolve(name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) return { path };
    throw new JobctlError('usage', `There is no readable file ${path}.`, { next: ['jobctl backup list'] });
  }
  const run = await readRun(stateDir, name);
  if (run.backupPath === undefined) {
    throw new JobctlError('usage', `The run ${name} saved no jobs.`, {
      next: [`jobctl run show ${name}`, 'jobctl backup list'],
    });
  }
  return { path: run.backupPath, run };
}
