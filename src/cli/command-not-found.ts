import type { Hook } from '@oclif/core';
import { ExitCode } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';

/** Says which commands come near. Never asks, and never runs one by itself. */
const commandNotFound: Hook.CommandNotFound = async function ({ config, id }) {
  const words = (name: string): string => name.replaceAll(':', ' ');
  const known = [...config.commandIDs, ...config.commands.flatMap(({ aliases }) => aliases)].map(words);
  const close = nearest(words(id), known);
  const next = [...close.map((name) => `jobctl ${name}`), 'jobctl --help'];
  process.stderr.write(`There is no command "${words(id)}".\n${next.map((line) => `  ${line}\n`).join('')}`);
  this.exit(ExitCode.usage);
};

export default commandNotFound;
