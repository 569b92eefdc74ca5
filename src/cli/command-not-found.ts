import type { Hook } from '@oclif/core';
import { ExitCode } from '../domain/errors.ts';
import { errorText } from '../output/error-text.ts';
import { safeJson } from '../safety/safe-json.ts';
import { failureJson } from './failure.ts';
import { pageFor } from './terminal.ts';
import { unknownCommand } from './unknown-command.ts';

/** Never asks, and never runs one by itself. */
const commandNotFound: Hook.CommandNotFound = async function ({ config, id, argv = [] }) {
  const failure = unknownCommand(config, id);
  const text = argv.includes('--json')
    ? safeJson(failureJson(failure, failure.next))
    : errorText(failure, pageFor(process.stderr, argv.includes('--no-color')));
  process.stderr.write(`${text}\n`);
  this.exit(ExitCode.usage);
};

export default commandNotFound;
