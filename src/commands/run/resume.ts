import { Args } from '@oclif/core';
import { writeFlags } from '../../cli/flags.ts';
import { goOn } from '../../cli/go-on.ts';
import { RunCommand } from '../../cli/run-command.ts';

export default class RunResume extends RunCommand {
  static override summary = 'Go on with a run that was interrupted.';
  static override description =
    'Asks the backend what became of the write whose answer never came, then goes on with the same plan: jobs that arrived since are not touched, and none is done twice.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 20261124-034109-replay-email-k3f9',
    '<%= config.bin %> <%= command.id %> 20261124-034109-replay-email-k3f9 --yes --json',
  ];
  static override args = {
    run: Args.string({ required: true, description: 'Id of the run; run list shows unfinished ones first.' }),
  };
  // no --plan-out: it has a plan already
  static override flags = writeFlags;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(RunResume);
    const order = { run: args.run, timeout: flags.timeout };
    return await this.write(flags, (session, ports, pace) => goOn(session, ports, pace, order));
  }
}
