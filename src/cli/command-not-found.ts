import type { Hook } from '@oclif/core';
import { ExitCode, JobctlError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { errorText } from '../output/error-text.ts';
import { safeJson } from '../safety/safe-json.ts';
import { failureJson } from './failure.ts';
import { pageFor } from './terminal.ts';

/** Says which commands come near. Never asks, and never runs one by itself. */
const commandNotFound: Hook.CommandNotFound = async function ({ config, id, argv = [] }) {
  const words = (name: string): string => name.replaceAll(':', ' ');
  const known = [...config.commandIDs, ...config.commands.flatMap(({ aliases }) => aliases)].map(words);
  const failure = new JobctlError('usage', `There is no command "${words(id)}".`, {
    next: [...nearest(words(id), known).map((name) => `jobctl ${name}`), 'jobctl --help'],
  });
  const text = argv.includes('--json')
    ? safeJson(failureJson(failure))
    : errorText(failure, pageFor(process.stderr, argv.includes('--no-color')));
  process.stderr.write(`${text}\n`);
  this.exit(ExitCode.usage);
};

export default commandNotFound;
