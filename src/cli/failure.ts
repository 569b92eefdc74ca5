import { Errors } from '@oclif/core';
import { JobctlError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { maskSecrets } from '../safety/mask.ts';

/** Lines of oclif's own that say nothing. */
const noise = /^(The following errors? occurred:|See more help with --help)$/;

/** Anything thrown, as the operator should meet it. What is not expected is a bug of ours, and says so. */
export function asFailure(error: unknown): JobctlError {
  if (error instanceof JobctlError) return error;
  if (error instanceof Errors.CLIError) {
    const lines = error.message
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !noise.test(line));
    return new JobctlError('usage', asTyped(lines.join('\n')), {
      next: [...nearFlags(error), 'Add --help to see how it is used.'],
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new JobctlError('unexpected', `jobctl met something it did not expect: ${message}`, {
    next: ['Run it again with --debug and report what it prints.'],
    cause: error,
  });
}

/** oclif names a flag in ways of its own; here it stands as it is typed. */
const asTyped = (message: string): string =>
  message.replace(/^Parsing (--\S+)\s+Expected/m, '$1: expected').replace(/^Missing required flag (?=\w)/m, '$&--');

/** For a flag that does not exist: those of the command that it was most likely meant to be. */
function nearFlags(error: Error): string[] {
  const { flags, parse } = error as Error & { flags?: unknown; parse?: { input?: { flags?: object } } };
  if (!Array.isArray(flags)) return [];
  const known = Object.keys(parse?.input?.flags ?? {}).map((name) => `--${name}`);
  const close = (flags as string[]).flatMap((flag) => nearest(flag.replace(/=.*$/s, ''), known, 2));
  return close.length === 0 ? [] : [`Did you mean ${close.join(' or ')}?`];
}

/** What `--json` prints on stderr. */
export const failureJson = (error: JobctlError, next: readonly string[]) => ({
  schemaVersion: 1,
  error: {
    code: error.code,
    message: maskSecrets(error.message),
    next: next.map(maskSecrets),
    exitCode: error.exitCode,
  },
});

/** A reader that went away (`| head`), or a terminal that was closed (EIO), is not an error of ours. */
export const isReaderGone = (error: unknown): boolean =>
  ['EPIPE', 'EIO'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');
