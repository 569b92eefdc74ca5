import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../domain/instant.ts';
import { isTrial } from '../domain/plan.ts';
import { runsFolder } from './run-folder.ts';
import { listRuns } from './run-list.ts';

/**
 * Removes the finished runs that began before that time, with their backups, and returns their ids. None is removed while
 * any run is unfinished: it may be one that restores from the backup of an old one. An evacuation stays: the jobs in its
 * backup are nowhere else, and are meant to come back.
 */
export async function removeRunsBefore(stateDir: string, time: Instant): Promise<string[]> {
  const runs = await listRuns(stateDir);
  if (runs.some(({ state, verb }) => state === 'unfinished' && !isTrial(verb))) return [];
  const old = runs.filter(
    ({ state, startedAt, verb }) =>
      startedAt < time && (state === 'refused' || (state === 'finished' && verb !== 'evacuate')),
  );
  for (const { id } of old) await rm(join(runsFolder(stateDir), id), { recursive: true });
  return old.map(({ id }) => id);
}
