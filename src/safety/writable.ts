import { access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { JobctlError } from '../domain/errors.ts';
import { whyNot } from '../domain/file-fault.ts';
import { shellWord } from './shell-word.ts';

/** Throws `usage` where a file cannot be made because of its folder: said before anything is done, not after it. */
export async function refuseUnwritable(what: string, path: string, flag: string): Promise<void> {
  const folder = dirname(resolve(path));
  await access(folder, constants.W_OK).catch((cause: unknown) => {
    throw new JobctlError('usage', `The ${what} ${path} cannot be written: ${whyNot(cause)}.`, {
      next: [`mkdir -p ${shellWord(folder)}`, `Or name another file after ${flag}.`],
      cause,
    });
  });
}
