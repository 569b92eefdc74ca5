import { Args } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { currentContextFile } from '../../cli/places.ts';
import { findContext } from '../../cli/session.ts';
import { variableBefore } from '../../config/context.ts';
import { writeCurrentContext } from '../../config/current-context.ts';
import { diskError } from '../../safety/disk-error.ts';

export default class ContextUse extends JobctlCommand {
  static override summary = 'Use this context from now on, until a flag or a variable says otherwise.';
  static override examples = ['<%= config.bin %> <%= command.id %> staging'];
  static override args = { context: Args.string({ required: true, description: 'Name of the context.' }) };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ContextUse);
    const { context } = await findContext({ context: args.context, config: flags.config });
    const file = currentContextFile(process.env);
    await writeCurrentContext(file, context.name).catch(async (cause: unknown) => {
      throw await diskError(file, cause);
    });
    const before = variableBefore(process.env);
    if (before !== undefined) this.say(`${before} is set in this shell and comes first.`);
    this.print(`The context is now ${context.name}${context.protected ? ', which is protected' : ''}.`);
    return { schemaVersion: 1, context: context.name };
  }
}
