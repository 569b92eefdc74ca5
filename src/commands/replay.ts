import { Args, Flags } from '@oclif/core';
import { allQueuesFlag, carefulFlags, selectionFlags } from '../cli/flags.ts';
import { targetQueues } from '../cli/target-queues.ts';
import { WriteCommand } from '../cli/write-command.ts';

export default class Replay extends WriteCommand {
  static override aliases = ['dlq replay', 'retry'];
  static override summary = 'Give dead jobs back to their workers.';
  static override description =
    'Shows the plan, asks, saves each job, then puts it back in line with its full number of attempts. A job whose twin is waiting already is left alone.';
  static override examples = [
    { description: 'One job', command: '<%= config.bin %> <%= command.id %> --id 4711' },
    {
      description: 'One cause, first looked at, then done',
      command: '<%= config.bin %> <%= command.id %> email --group g-3f9a5c21 --dry-run',
    },
    '<%= config.bin %> <%= command.id %> email --type email.send --older-than 1h --limit 50 --yes',
    {
      description: 'Five first; the others only when none of these dies again',
      command: '<%= config.bin %> <%= command.id %> email --canary 5 --canary-wait 2m',
    },
    { description: 'A whole queue, slowly', command: '<%= config.bin %> <%= command.id %> email --rate 20/s' },
  ];
  static override args = {
    queue: Args.string({ description: 'Queue whose dead jobs to replay; not needed with --id.' }),
  };
  static override flags = {
    ...selectionFlags,
    ...allQueuesFlag,
    'keep-attempts': Flags.boolean({ summary: 'Keep the count of attempts: the next failure may be the last.' }),
    ...carefulFlags,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Replay);
    return await this.act(
      flags,
      async ({ reader }) => ({
        verb: 'replay',
        queues: await targetQueues(reader, { queue: args.queue, allQueues: flags['all-queues'], id: flags.id }),
        states: ['dead'],
        action: { verb: 'replay', keepAttempts: flags['keep-attempts'] },
      }),
      flags,
    );
  }
}
