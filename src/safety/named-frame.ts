import { dirname, join } from 'node:path';
import type { FrameRef } from './backup-frame.ts';
import { readJournal } from './journal.ts';

/**
 * The last frame that the journal beside a backup names: up to there all was on the disk before a job was changed, so what is
 * missing of it is lost. Undefined where no readable journal lies beside it: the backup must be of use without one.
 */
export async function frameNamedBeside(backupPath: string): Promise<FrameRef | undefined> {
  let last: FrameRef | undefined;
  try {
    for await (const entry of readJournal(join(dirname(backupPath), 'journal.ndjson')))
      if (entry.at === 'intent') last = entry.frame ?? last;
  } catch {
    // it is damaged: what it named up to there still holds
  }
  return last;
}
