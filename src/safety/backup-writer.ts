import type { SavedJob } from '../domain/claim.ts';
import { JobctlError } from '../domain/errors.ts';
import { AppendFile } from './append-file.ts';
import { encodeFrame, type FrameRef, Lines } from './backup-frame.ts';
import { backupEnd, openForReading } from './backup-walk.ts';
import { outrunsJournal } from './named-frame.ts';
import { shellWord } from './shell-word.ts';

export interface BackupWriter {
  /**
   * Resolves when the jobs are on the disk: one write, one sync. When it rejects, none of them is saved, and
   * whatever was saved earlier can still be read.
   */
  append(jobs: readonly SavedJob[]): Promise<FrameRef>;
  close(): Promise<void>;
}

/** Starts a new backup file; it must not exist yet. */
export async function createBackup(path: string): Promise<BackupWriter> {
  return writer(await AppendFile.create(path), 0);
}

/**
 * Goes on with an existing backup behind `named`, the last frame that the journal names. What lies behind that is removed, be
 * it whole or cut short by a crash: its jobs were never touched. To lose that one is damage, not a crash.
 */
export async function continueBackup(path: string, named: FrameRef | undefined): Promise<BackupWriter> {
  const { size, frames } = named === undefined ? { size: 0, frames: 0 } : await backupEnd(path, named.offset);
  if (named !== undefined && named.offset >= size) {
    throw new JobctlError('unexpected', `Frame ${named.frame} of ${path} was saved whole and is cut short now.`, {
      next: [`jobctl backup verify ${shellWord(path)}`, 'Get the file back from a copy; nothing was changed in it.'],
    });
  }
  await refuseToCut(path, size);
  return writer(await AppendFile.continue(path, size), frames);
}

/** What the journal must have named, but for what is lost of it, may be all that is left of those jobs. */
async function refuseToCut(path: string, size: number): Promise<void> {
  const file = await openForReading(path);
  try {
    if (!(await outrunsJournal(file, size))) return;
  } finally {
    await file.close();
  }
  throw new JobctlError(
    'unexpected',
    `${path} holds more batches than the journal beside it names: that is not whole.`,
    {
      next: [`jobctl restore ${shellWord(path)} --dry-run`, 'Get the journal back from a copy; nothing was changed.'],
    },
  );
}

function writer(file: AppendFile, frames: number): BackupWriter {
  const lines = new Lines(); // frames are made one after the other
  let last = Promise.resolve(frames);
  const add = async (frame: number, jobs: readonly SavedJob[]): Promise<FrameRef> => ({
    frame,
    offset: await file.append(await encodeFrame(frame, jobs, lines)),
    jobs: jobs.length,
  });
  return {
    append(jobs) {
      // One at a time, so that a frame that failed leaves no gap in the numbers.
      const saved = last.then((before) => add(before + 1, jobs));
      const before = last;
      last = saved.then(
        (ref) => ref.frame,
        () => before,
      );
      return saved;
    },
    async close() {
      await last;
      await file.close();
    },
  };
}
