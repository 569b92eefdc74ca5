import type { Config } from '@oclif/core';
import { JobctlError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';

/** Says which commands come near. */
export function unknownCommand(
  { commandIDs, commands }: Pick<Config, 'commandIDs' | 'commands'>,
  id: string,
): JobctlError {
  const words = (name: string): string => name.replaceAll(':', ' ');
  const known = [...commandIDs, ...commands.flatMap(({ aliases }) => aliases)].map(words);
  return new JobctlError('usage', `There is no command "${words(id)}".`, {
    next: [...nearest(words(id), known).map((name) => `jobctl ${name}`), 'jobctl --help'],
  });
}
