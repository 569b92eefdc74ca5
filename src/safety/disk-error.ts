import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { JobctlError } from '../domain/errors.ts';
import { fileFaults } from '../domain/file-fault.ts';

export const errorCode = (cause: unknown): string | undefined => (cause as { code?: string } | undefined)?.code;

const meanings: Readonly<Record<string, string>> = {
  ...fileFaults,
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  EFBIG: 'the file size limit is reached',
  EIO: 'the disk reports an I/O error',
};

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'Free space on that disk, then run the command again, or resume its run.',
  EDQUOT: 'Free space within your quota, then run the command again, or resume its run.',
  EFBIG: 'Raise the limit (ulimit -f), then run the command again, or resume its run.',
  EIO: 'Check the disk before anything else is written to it.',
};

/** A write that failed, told so that the operator can act: which disk, which file, why, what now. */
export async function diskError(path: string, cause: unknown): Promise<JobctlError> {
  const code = errorCode(cause) ?? '';
  const why = meanings[code] ?? (cause instanceof Error ? cause.message : String(cause));
  const remedy = remedies[code] ?? `Make ${dirname(path)} writable, or set JOBCTL_STATE_DIR to a folder that is.`;
  return new JobctlError(
    'unexpected',
    `Could not write ${path}: ${why}${code && meanings[code] ? ` (${code})` : ''}. ${await space(path)}`,
    {
      next: [remedy, 'jobctl run list   # a run that was cut short is shown first'],
      cause,
    },
  );
}

async function space(path: string): Promise<string> {
  const folder = dirname(path);
  try {
    const disk = await statfs(folder);
    const free = Math.floor((disk.bavail * disk.bsize) / 1e6);
    return `The disk that holds ${folder} has ${free} MB free of ${Math.floor((disk.blocks * disk.bsize) / 1e6)} MB.`;
  } catch {
    return `It belongs on the disk that holds ${folder}.`;
  }
}
