import { Args, Flags } from '@oclif/core';
import { selectionFlags } from '../../cli/flags.ts';
import { targetQueues } from '../../cli/target-queues.ts';
import { WriteCommand } from '../../cli/write-command.ts';

export default class DlqPurge extends WriteCommand {
  static override summary = 'Delete the dead jobs of a queue, each saved first.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email --older-than 90d --confirm email',
    '<%= config.bin %> <%= command.id %> email --resolved --older-than 90d --confirm email',
    '<%= config.bin %> <%= command.id %> email --group g-3f9a5c21 --dry-run',
  ];
  static override args = { queue: Args.string({ required: true, description: 'Queue whose dead jobs to purge.' }) };
  static override flags = {
    ...selectionFlags,
    resolved: Flags.boolean({ summary: 'Those that are marked as handled, instead of the others.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(DlqPurge);
    return await this.act(flags, async ({ reader }) => ({
      verb: 'purge',
      queues: await targetQueues(reader, { queue: args.queue }),
      states: ['dead'],
      ...(flags.resolved ? { resolved: true } : {}),
      action: { verb: 'remove' },
    }));
  }
}
