import { Args, Flags } from '@oclif/core';
import { undoRun } from '../cli/undo-run.ts';
import { WriteCommand } from '../cli/write-command.ts';

export default class Undo extends WriteCommand {
  static override summary = 'Take back what a run did.';
  static override description =
    'Removed jobs are recreated, changed jobs get back what they were, unless a worker or a person has touched them since: those are left alone and listed. An undo is a run itself, with its own backup, and can be undone.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 20261124-034109-replay-email-k3f9 --dry-run',
    '<%= config.bin %> <%= command.id %> 20261124-034109-purge-email-k3f9 --as-was --yes',
  ];
  static override args = { run: Args.string({ required: true, description: 'Id of the run; run list has them.' }) };
  static override flags = {
    'as-was': Flags.boolean({
      summary: 'Removed jobs that were waiting or active come back so, and may start at once.',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Undo);
    const { limit, reason, timeout } = flags;
    const order = { run: args.run, asWas: flags['as-was'], limit, reason, timeout };
    return await this.write(flags, (session, ports, pace) => undoRun(session, ports, pace, order));
  }
}
