import { Args, Flags } from '@oclif/core';
import { applyPlan } from '../cli/apply-plan.ts';
import { contextFor, openPlan } from '../cli/open-plan.ts';
import { RunCommand } from '../cli/run-command.ts';

export default class Apply extends RunCommand {
  static override summary = 'Carry out a plan that a command wrote with --plan-out.';
  static override description =
    'Makes the plan once more and refuses, with exit code 6, where it would come out differently: another context, jobs that moved on, too old; and where it was applied already, which a mark beside the file tells other machines. Then it asks, locks, saves and reports as the command itself would. A plan that names its jobs acts on no others.';
  static override examples = [
    {
      description: 'In the afternoon: look, and write the plan down',
      command: '<%= config.bin %> replay email --group g-3f9a5c21 --plan-out window.json',
    },
    { description: 'In the window, by whoever is on call', command: '<%= config.bin %> <%= command.id %> window.json' },
    '<%= config.bin %> <%= command.id %> window.json --dry-run',
  ];
  static override args = { file: Args.string({ required: true, description: 'The plan.' }) };
  static override flags = {
    'plan-max-age': Flags.string({
      summary: 'Refuse a plan that is older than this.',
      default: '24h',
      helpValue: 'DURATION',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Apply);
    const opened = await openPlan(args.file);
    const { rate, batch } = opened.file.pace;
    const context = await contextFor(opened, flags);
    const order = { ...opened, maxAge: flags['plan-max-age'], timeout: flags.timeout, reason: flags.reason };
    return await this.write({ ...flags, context, rate, batch }, (session, ports, pace) =>
      applyPlan(session, ports, pace, order, (text) => this.say(text)),
    );
  }
}
