import { access } from 'node:fs/promises';
import { JobctlError } from '../domain/errors.ts';
import { AppendFile } from './append-file.ts';
import type { FrameRef } from './backup-frame.ts';
import { errorCode } from './disk-error.ts';
import {
  type CopiedEntry,
  type IntentEntry,
  type JournalEntry,
  type OutcomeEntry,
  parseEntry,
} from './journal-entry.ts';
import { readLines } from './line-reader.ts';

export interface Journal {
  /** Resolves when the entry is on the disk. */
  append(entry: JournalEntry): Promise<void>;
  /** The number for the next intent; it goes on where an interrupted run left off. */
  readonly nextBatch: number;
  /** The last frame that an intent named, so a frame that is known to have been saved. */
  readonly lastFrame: FrameRef | undefined;
  close(): Promise<void>;
}

export interface Batch {
  readonly intent: IntentEntry;
  /** Undefined for the open intent: the write may have happened or not. */
  readonly outcome: OutcomeEntry | undefined;
  /** What stands in a new place under another id. */
  readonly copies: CopiedEntry['copies'];
}

/** Creates the journal, or goes on with it. A last line that a crash cut short is removed first: it was never acted on. */
export async function openJournal(path: string): Promise<Journal> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  let nextBatch = 1;
  let lastFrame: FrameRef | undefined;
  const note = (entry: JournalEntry): void => {
    if (entry.at !== 'intent') return;
    nextBatch = Math.max(nextBatch, entry.batch + 1);
    lastFrame = entry.frame ?? lastFrame;
  };
  let size = 0;
  if (exists) {
    for await (const { entry, end } of wholeEntries(path)) {
      note(entry);
      size = end;
    }
  }
  const file = exists ? await AppendFile.continue(path, size) : await AppendFile.create(path);
  return {
    async append(entry) {
      await file.append(Buffer.from(`${JSON.stringify(entry)}\n`));
      note(entry);
    },
    get nextBatch() {
      return nextBatch;
    },
    get lastFrame() {
      return lastFrame;
    },
    close: () => file.close(),
  };
}

/** The entries, one in memory at a time. A missing journal has none. A last line that a crash cut short is passed over. */
export async function* readJournal(path: string): AsyncGenerator<JournalEntry> {
  for await (const { entry } of wholeEntries(path)) yield entry;
}

/** Whether it holds anything. The first entry is on the disk before any job is saved. */
export async function isBegun(path: string): Promise<boolean> {
  for await (const _ of readJournal(path)) return true;
  return false;
}

/** Each intent with what became of it, in order. */
export async function* batches(path: string): AsyncGenerator<Batch> {
  let open: { intent: IntentEntry; outcome: OutcomeEntry | undefined; copies: CopiedEntry['copies'] } | undefined;
  for await (const entry of readJournal(path)) {
    if (entry.at === 'intent') {
      if (open !== undefined) yield open;
      open = { intent: entry, outcome: undefined, copies: [] };
    } else if (entry.at === 'copied') {
      if (open !== undefined) open.copies = [...open.copies, ...entry.copies];
    } else if (entry.at === 'outcome') {
      if (open?.intent.batch !== entry.batch)
        throw damaged(path, `the outcome of batch ${entry.batch} does not follow its intent`);
      open.outcome = entry;
    }
  }
  if (open !== undefined) yield open;
}

async function* wholeEntries(path: string): AsyncGenerator<{ entry: JournalEntry; end: number }> {
  let number = 0;
  let unreadable = 0;
  try {
    for await (const { text, end, whole } of readLines(path)) {
      number++;
      // Only what stands last can have been cut short by a crash; anything behind it proves that it was not.
      if (unreadable > 0) throw damaged(path, `line ${unreadable} cannot be read`);
      const entry = whole ? parseEntry(text) : undefined;
      if (entry === undefined) unreadable = number;
      else yield { entry, end };
    }
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw cause;
  }
}

function damaged(path: string, why: string): JobctlError {
  return new JobctlError('unexpected', `The journal ${path} is damaged: ${why}.`, {
    next: [
      'Get the file back from a copy of its folder.',
      'jobctl backup list   # what was saved can be restored without the journal',
    ],
  });
}
