import { dirname, join } from 'node:path';
import { readJournal } from './journal.ts';

/** What a journal says of the backup beside it. */
export interface Named {
  /** So many frames were on the disk before a job was changed: what is missing of them is lost. */
  readonly frames: number;
  /** All of the journal could be read: the jobs of any further frame were never touched. */
  readonly all: boolean;
}

/** A backup must be of use without a journal, too: then nothing is known. */
export async function namedBeside(backupPath: string): Promise<Named> {
  let begun = false;
  let frames = 0;
  try {
    for await (const entry of readJournal(join(dirname(backupPath), 'journal.ndjson'))) {
      begun = true;
      if (entry.at === 'intent') frames = entry.frame?.frame ?? frames;
    }
    return { frames, all: begun };
  } catch {
    return { frames, all: false }; // it is damaged: what it named up to there still holds
  }
}
