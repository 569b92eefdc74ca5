import { Args, Flags } from '@oclif/core';
import { putBack } from '../cli/put-back.ts';
import { runHere } from '../cli/run-here.ts';
import { WriteCommand } from '../cli/write-command.ts';
import { wayBack } from '../operations/plan-return.ts';

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
    return await this.write(flags, async (session, ports, pace) => {
      const run = await runHere(session, args.run);
      return await putBack(session, ports, pace, {
        verb: 'undo',
        via: wayBack(run),
        asWas: flags['as-was'],
        from: { backup: run.backupPath ?? '', run: run.id },
        reason: flags.reason,
        limit: flags.limit,
        warnings: session.reader.backend.warnings,
      });
    });
  }
}
