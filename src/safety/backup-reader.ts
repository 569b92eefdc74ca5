import type { FileHandle } from 'node:fs/promises';
import { JobctlError } from '../domain/errors.ts';
import { grouped } from '../domain/grouped.ts';
import { decodeData, type Frame, sha256 } from './backup-frame.ts';
import { endsUnwritten, frameAt, jobsBehind, openForReading, read, type Stretch, walk } from './backup-walk.ts';
import { type Named, namedBeside, outrunsJournal } from './named-frame.ts';
import { shellWord } from './shell-word.ts';

export interface Damage {
  readonly frame: number;
  readonly offset: number;
  readonly why: string;
  /** The last write was cut short by a crash: its jobs were never touched. Anything else is lost content. */
  readonly torn: boolean;
}

export interface BackupCheck {
  /** What can be read. */
  readonly frames: number;
  readonly jobs: number;
  /** Length of the file. */
  readonly bytes: number;
  /** True when every checksum holds and every job reads. */
  readonly ok: boolean;
  /** True when the only damage is a last write that a crash cut short. */
  readonly torn: boolean;
  readonly damage: readonly Damage[];
}

export interface ReadOptions {
  /** Yield what can be read and pass over the rest; `verifyBackup` tells what that was. */
  readonly salvage?: boolean | undefined;
  /** End quietly at a last write that a crash cut short: its jobs were never touched. */
  readonly acceptTorn?: boolean | undefined;
}

/**
 * Batches in the order they were saved, one in memory at a time. One that was saved and then not written, because the run was
 * stopped, is none of them where the journal tells.
 */
export async function* openBackup(path: string, options: ReadOptions = {}): AsyncGenerator<Frame> {
  const file = await openForReading(path);
  try {
    const named = await namedBeside(path, file);
    for await (const { frame, damage } of contents(file, named)) {
      if (damage !== undefined && options.salvage !== true && !(damage.torn && options.acceptTorn === true)) {
        throw await damaged(path, damage);
      }
      if (frame !== undefined) yield frame;
    }
  } finally {
    await file.close();
  }
}

/** The batch that was saved at the offset. */
export async function readFrame(path: string, offset: number): Promise<Frame> {
  const file = await openForReading(path);
  try {
    const stretch = await frameAt(file, offset, (await file.stat()).size);
    if (stretch === undefined)
      throw await damaged(path, { frame: 0, offset, why: 'there is no sound head', torn: false });
    const { frame, damage } = await content(file, stretch, 0);
    if (frame === undefined || damage !== undefined) throw await damaged(path, damage as Damage);
    return frame;
  } finally {
    await file.close();
  }
}

/** Reads everything, past any damage, and says what holds and what does not. */
export async function verifyBackup(path: string): Promise<BackupCheck> {
  const file = await openForReading(path);
  try {
    const named = await namedBeside(path, file);
    const damages: Damage[] = [];
    let frames = 0;
    let jobs = 0;
    for await (const { frame, damage } of contents(file, named)) {
      if (damage !== undefined) damages.push(damage);
      if (frame !== undefined) frames++;
      jobs += frame?.jobs.length ?? 0;
    }
    const torn = damages.length > 0 && damages.every((damage) => damage.torn);
    return { frames, jobs, bytes: (await file.stat()).size, ok: damages.length === 0, torn, damage: damages };
  } finally {
    await file.close();
  }
}

/** A batch, a damage, or both: where only the head is damaged, the jobs behind it can still be read. */
interface Content {
  readonly frame?: Frame | undefined;
  readonly damage?: Damage | undefined;
}

async function* contents(file: FileHandle, { frames: named, all }: Named): AsyncGenerator<Content> {
  let expected = 1;
  let told = all;
  for await (const stretch of walk(file)) {
    const number = stretch.at === 'frame' ? stretch.head.frame : expected;
    if (told && stretch.at === 'frame' && number > named) {
      if (!(await outrunsJournal(file, stretch.offset))) return;
      told = false;
    }
    if (number !== expected)
      yield {
        damage: { frame: expected, offset: stretch.offset, why: `frame ${number} stands in its place`, torn: false },
      };
    const found = await content(file, stretch, number);
    yield found.damage?.torn && number <= named ? { ...found, damage: { ...found.damage, torn: false } } : found;
    expected = number + 1;
  }
  if (expected > named) return;
  const why = `the file ends before it, and the journal names ${named}`;
  yield { damage: { frame: expected, offset: (await file.stat()).size, why, torn: false } };
}

async function content(file: FileHandle, stretch: Stretch, number: number): Promise<Content> {
  const { offset } = stretch;
  if (stretch.at === 'damage') {
    const { why, torn } = stretch;
    const jobs = torn ? undefined : await jobsBehind(file, stretch.offset, stretch.end);
    if (jobs === undefined) return { damage: { frame: number, offset, why, torn } };
    return {
      frame: { frame: number, offset, jobs },
      damage: { frame: number, offset, why: `${why}; its ${jobs.length} jobs can be read`, torn },
    };
  }
  const { head, dataOffset } = stretch;
  const data = await read(file, dataOffset, head.bytes);
  const lost = (why: string, torn = false): Content => ({ damage: { frame: head.frame, offset, why, torn } });
  if (sha256(data) !== head.sha256) {
    const last = stretch.end === (await file.stat()).size;
    return last && endsUnwritten(data)
      ? lost('the file ends before it does', true)
      : lost('its checksum does not match');
  }
  const jobs = await decodeData(data).catch((cause: unknown) => String(cause));
  if (typeof jobs === 'string') return lost(`its content cannot be read: ${jobs}`);
  if (jobs.length !== head.jobs) return lost(`it holds ${jobs.length} jobs where ${head.jobs} were saved`);
  return { frame: { frame: head.frame, offset, jobs } };
}

async function damaged(path: string, damage: Damage): Promise<JobctlError> {
  const { jobs, frames } = await verifyBackup(path);
  const name = damage.frame > 0 ? `Frame ${damage.frame}` : `What stands at byte ${damage.offset}`;
  const what = damage.torn ? 'is incomplete, its write was cut short' : 'is damaged';
  const rest = `${grouped(jobs)} jobs in ${frames} ${frames === 1 ? 'frame' : 'frames'} can still be read.`;
  return new JobctlError('unexpected', `${name} of ${path} ${what}: ${damage.why}. ${rest}`, {
    next: [`jobctl backup verify ${shellWord(path)}`, `jobctl restore ${shellWord(path)} --salvage`],
  });
}
