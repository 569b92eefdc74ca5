import { Args, Flags } from '@oclif/core';
import { planFlags } from '../cli/flags.ts';
import { RunCommand } from '../cli/run-command.ts';
import { switchQueues } from '../cli/switch-queues.ts';
import { namedQueues } from '../cli/target-queues.ts';

export default class Resume extends RunCommand {
  static override summary = 'Let the workers take jobs from a queue again.';
  static override description =
    'Puts back exactly what pause found: the same flag, the same number of replicas. It is verified before it is reported.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email --yes',
    '<%= config.bin %> <%= command.id %> email reports --reason "deploy done" --yes',
  ];
  static override strict = false;
  static override args = { queue: Args.string({ required: true, description: 'Queues to resume.' }) };
  static override flags = {
    ...planFlags,
    within: Flags.string({
      summary: 'SQS: wait at most this long until Lambda has done it; then exit code 9.',
      default: '3m',
      helpValue: 'DURATION',
    }),
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Resume);
    return await this.write(flags, async (session, ports, pace) =>
      switchQueues(session, ports, pace, {
        verb: 'resume',
        to: 'running',
        queues: await namedQueues(session.reader, argv as string[]),
        reason: flags.reason,
        timeout: flags.timeout,
      }),
    );
  }
}
