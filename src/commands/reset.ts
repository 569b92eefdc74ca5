import { Args, Flags } from '@oclif/core';
import { allQueuesFlag, selectionFlags } from '../cli/flags.ts';
import { targetQueues } from '../cli/target-queues.ts';
import { WriteCommand } from '../cli/write-command.ts';
import { JobctlError } from '../domain/errors.ts';

export default class Reset extends WriteCommand {
  static override summary = 'Give jobs whose worker is gone back to the queue.';
  static override description =
    'Takes active jobs only, and only with proof that their worker is gone: no sign of life, no registration. Age alone counts only with --assume-dead, because a slow job would run twice.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email --dry-run',
    '<%= config.bin %> <%= command.id %> email --yes',
    { description: 'One job', command: '<%= config.bin %> <%= command.id %> --id 4711' },
    {
      description: 'By age, when you know that no worker runs',
      command: '<%= config.bin %> <%= command.id %> email --assume-dead --older-than 10m',
    },
  ];
  static override args = {
    queue: Args.string({ description: 'Queue whose stuck jobs to reset; not needed with --id.' }),
  };
  static override flags = {
    ...selectionFlags,
    ...allQueuesFlag,
    'assume-dead': Flags.boolean({
      summary: 'No proof needed: what is --older-than this counts as stuck.',
      dependsOn: ['older-than'],
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Reset);
    return await this.act(flags, async ({ reader, adapter }) => {
      const { reset } = adapter.can;
      if (reader.backend.stuckBy === 'age' && reset.level !== 'none' && !flags['assume-dead']) {
        throw new JobctlError(
          'refused',
          `${reader.backend.name} ${reader.backend.version} gives no proof that a worker is gone${reset.level === 'emulated' ? `: ${reset.caveat}` : ''}.`,
          {
            next: [
              'Stop the workers, or make sure that none runs these jobs; then add --assume-dead --older-than 10m.',
            ],
          },
        );
      }
      return {
        verb: 'reset',
        queues: await targetQueues(reader, { queue: args.queue, allQueues: flags['all-queues'], id: flags.id }),
        states: ['active'],
        stuck: flags['assume-dead'] ? undefined : true,
        action: { verb: 'reset' },
      };
    });
  }
}
