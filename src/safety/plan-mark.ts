import { readFile, realpath, rm } from 'node:fs/promises';
import type { Instant } from '../domain/instant.ts';
import { errorCode } from './disk-error.ts';
import { createDurably, writeDurably } from './durable-file.ts';
import type { Operator } from './operator.ts';

/** What is left beside a plan file once it is applied, for whoever finds that file with another state folder. */
export interface Applied extends Partial<Operator> {
  readonly at?: Instant | undefined;
  /** Missing when the run was only about to begin. */
  readonly run?: string | undefined;
}

export interface PlanMark {
  readonly path: string;
  /** The run that carries the plan out. */
  name(run: string): Promise<void>;
  /** Nothing was begun. */
  takeAway(): Promise<void>;
}

/** By the checksum of the plan too: another plan that is written into the same file was not applied. */
export async function markOf(planPath: string, sha256: string): Promise<string> {
  const path = await realpath(planPath).catch(() => planPath);
  return `${path}.${sha256.slice(0, 8)}.applied`;
}

/** Undefined where none is known of. One that may not or cannot be read is there all the same. */
export async function readMark(path: string): Promise<Applied | undefined> {
  try {
    return Object(JSON.parse(await readFile(path, 'utf8'))) as Applied;
  } catch (cause) {
    const code = errorCode(cause);
    return code === undefined || code === 'EACCES' ? {} : undefined;
  }
}

/** Rejects with the `EEXIST` of the disk when it is there already: of two who apply the plan at once, one is first. */
export async function leaveMark(path: string, who: Operator, at: Instant): Promise<PlanMark> {
  const text = (run?: string): string => `${JSON.stringify({ ...who, at, run })}\n`;
  await createDurably(path, text());
  return {
    path,
    name: (run) => writeDurably(path, text(run)),
    takeAway: () => rm(path, { force: true }),
  };
}
