import { stat } from 'node:fs/promises';
import { fromDate } from '../domain/instant.ts';
import type { BackupRow } from '../output/backups-text.ts';
import { type RunRecord, readRun } from '../safety/run-folder.ts';
import { type RunSummary, summaryOf } from '../safety/run-list.ts';
import type { NamedBackup } from './backup-name.ts';

/** The backup of a run as a line of a list; undefined when the run saved nothing. */
export async function backupOf(stateDir: string, run: RunSummary): Promise<BackupRow | undefined> {
  const record = await readRun(stateDir, run.id).catch(() => undefined);
  return record?.backupPath === undefined ? undefined : await rowOf(record, run, record.backupPath);
}

export async function describe({ path, run }: NamedBackup, stateDir: string): Promise<BackupRow> {
  if (run !== undefined) return await rowOf(run, await summaryOf(stateDir, run.id), path);
  const { size, mtime } = await stat(path);
  return { run: '-', path, at: fromDate(mtime), queues: [], bytes: size };
}

async function rowOf({ plan }: RunRecord, { id, startedAt, outcomes }: RunSummary, path: string): Promise<BackupRow> {
  const jobs = outcomes === undefined ? undefined : outcomes.done + outcomes.failed + outcomes.unknown;
  return {
    run: id,
    path,
    at: startedAt,
    verb: plan.verb,
    context: plan.context,
    queues: plan.queues,
    jobs,
    bytes: (await stat(path)).size,
  };
}
