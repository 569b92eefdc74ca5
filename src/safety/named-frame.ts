import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FrameRef } from './backup-frame.ts';
import { frameAt, walk } from './backup-walk.ts';
import { readJournal } from './journal.ts';

/** What a journal says of the backup beside it. */
export interface Named {
  /** So many frames were on the disk before a job was changed: what is missing of them is lost. */
  readonly frames: number;
  /** All of the journal could be read, and it is the one of this backup: the jobs of a further frame were never touched. */
  readonly all: boolean;
}

/** A backup must be of use without a journal, too: then nothing is known. */
export async function namedBeside(backupPath: string, backup: FileHandle): Promise<Named> {
  let begun = false;
  let last: FrameRef | undefined;
  try {
    for await (const entry of readJournal(join(dirname(backupPath), 'journal.ndjson'))) {
      begun = true;
      if (entry.at === 'intent') last = entry.frame ?? last;
    }
    return { frames: last?.frame ?? 0, all: begun && (last === undefined || (await stands(backup, last))) };
  } catch {
    return { frames: last?.frame ?? 0, all: false }; // it is damaged: what it named up to there still holds
  }
}

/** Whether the frame lies where the journal says: a copied backup may lie beside the journal of another run. */
async function stands(backup: FileHandle, { frame, offset, jobs }: FrameRef): Promise<boolean> {
  const found = await frameAt(backup, offset, (await backup.stat()).size);
  return found?.at === 'frame' && found.head.frame === frame && found.head.jobs === jobs;
}

/** Frames that can be saved without an intent in the journal: of the batch in front, and of the next one meanwhile. */
const AHEAD = 2;

/** More lies behind this place than can have been saved and never written: then the journal is not all there. */
export async function outrunsJournal(backup: FileHandle, behind: number): Promise<boolean> {
  let found = 0;
  for await (const _ of walk(backup, behind)) {
    found += 1;
    if (found > AHEAD) return true;
  }
  return false;
}
