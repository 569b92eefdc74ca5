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
  // what follows the command was taken for a part of it: the most words that come near to one are it
  const typed = words(id).split(' ');
  const near = typed
    .map((_, last) => typed.slice(0, typed.length - last))
    .map((some) =>
      nearest(
        some.join(' '),
        known.filter((name) => name.split(' ').length === some.length),
      ),
    )
    .find((names) => names.length > 0);
  return new JobctlError('usage', `There is no command "${words(id)}".`, {
    next: [...(near ?? []).map((name) => `jobctl ${name}`), 'jobctl --help'],
  });
}
