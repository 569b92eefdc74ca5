import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../domain/instant.ts';
import { runsFolder } from './run-folder.ts';
import { listRuns } from './run-list.ts';

/**
 * Removes the finished runs that began before that time, with their backups, and returns how many. None is removed while
 * any run is unfinished: it may be one that restores from the backup of an old one.
 */
export async function removeRunsBefore(stateDir: string, time: Instant): Promise<number> {
  const runs = await listRuns(stateDir);
  if (runs.some(({ state }) => state === 'unfinished')) return 0;
  const old = runs.filter(({ state, startedAt }) => state === 'finished' && startedAt < time);
  for (const { id } of old) await rm(join(runsFolder(stateDir), id), { recursive: true });
  return old.length;
}
