import { batches } from '../safety/journal.ts';
import { readRun } from '../safety/run-folder.ts';
import { listRuns } from '../safety/run-list.ts';

/** What stands in the backend already under another id, by the id in the backup. */
export type SentBefore = ReadonlyMap<string, { readonly as: string; readonly run: string }>;

/**
 * Where a job that is put back gets another id, the backend cannot tell that it is there. The journals can: what earlier runs
 * sent out of this backup, less what was taken away again.
 */
export async function sentBefore(stateDir: string, backup: string): Promise<SentBefore> {
  const sent = new Map<string, { as: string; run: string }>();
  const gone = new Set<string>();
  const runs = (await listRuns(stateDir)).filter(({ verb }) => verb === 'restore' || verb === 'undo');
  const restores = new Set<string>();
  for (const { id } of runs.reverse()) {
    const run = await readRun(stateDir, id).catch(() => undefined);
    if (run?.plan.task.kind !== 'put-back') continue;
    const { via, from } = run.plan.task;
    if (via === 'restore' && from.backup === backup) {
      restores.add(id);
      for await (const { copies } of batches(run.journalPath))
        for (const copy of copies) sent.set(copy.id, { as: copy.as, run: id });
    } else if (via === 'remove' && from.run !== undefined && restores.has(from.run)) {
      for await (const { intent, outcome } of batches(run.journalPath)) {
        const left = new Set(outcome?.rest.map((entry) => entry.id));
        for (const one of intent.ids) if (outcome !== undefined && !left.has(one)) gone.add(one);
      }
    }
  }
  for (const [id, { as }] of sent) if (gone.has(as)) sent.delete(id);
  return sent;
}
