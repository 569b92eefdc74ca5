import { batches } from '../safety/journal.ts';
import { readRun } from '../safety/run-folder.ts';
import { listRuns } from '../safety/run-list.ts';

/** What stands in the backend already under another id, by the id in the backup. */
export type SentBefore = ReadonlyMap<string, { readonly as: string; readonly run: string }>;

/**
 * Where a job that is put back gets another id, the backend cannot tell that it is there. The journals can: what earlier runs
 * sent out of this backup, less what was taken away again. The order of the runs tells nothing: an unfinished one may be the
 * older.
 */
export async function sentBefore(stateDir: string, backup: string): Promise<SentBefore> {
  const sent: { id: string; as: string; run: string }[] = [];
  const undos: { of: string; journal: string }[] = [];
  for (const { id, verb } of await listRuns(stateDir)) {
    if (verb !== 'restore' && verb !== 'undo') continue;
    const run = await readRun(stateDir, id).catch(() => undefined);
    if (run?.plan.task.kind !== 'put-back') continue;
    const { via, from } = run.plan.task;
    if (via === 'restore' && from.backup === backup) {
      for await (const { copies } of batches(run.journalPath))
        for (const copy of copies) sent.push({ id: copy.id, as: copy.as, run: id });
    } else if (via === 'remove' && from.run !== undefined) undos.push({ of: from.run, journal: run.journalPath });
  }
  const restores = new Set(sent.map(({ run }) => run));
  const gone = new Set<string>();
  for (const { of, journal } of undos) {
    if (!restores.has(of)) continue;
    for await (const { intent, outcome } of batches(journal)) {
      const left = new Set(outcome?.rest.map((entry) => entry.id));
      for (const one of intent.ids) if (outcome !== undefined && !left.has(one)) gone.add(one);
    }
  }
  return new Map(sent.filter(({ as }) => !gone.has(as)).map(({ id, as, run }) => [id, { as, run }]));
}
