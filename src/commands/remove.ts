import { Args, Flags } from '@oclif/core';
import { isNarrowed } from '../cli/criteria.ts';
import { selectionFlags } from '../cli/flags.ts';
import { targetQueues } from '../cli/target-queues.ts';
import { removable, WriteCommand } from '../cli/write-command.ts';
import { JobctlError } from '../domain/errors.ts';

export default class Remove extends WriteCommand {
  static override summary = 'Delete chosen jobs, each saved first.';
  static override description =
    'Wants a choice: an id, a type, an age … To delete all jobs in a state there is purge. Active jobs are never removed.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email --id 4711 --id 4712',
    '<%= config.bin %> <%= command.id %> email --state dead --where \'payload.tenant == "acme"\' --confirm email',
  ];
  static override args = { queue: Args.string({ description: 'Queue; not needed with --id.' }) };
  static override flags = {
    ...selectionFlags,
    state: Flags.option({ options: removable, multiple: true, summary: 'Only jobs in this state; repeatable.' })(),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Remove);
    if (!isNarrowed(flags)) {
      throw new JobctlError('refused', 'Nothing says which jobs. remove never means all of them.', {
        next: [
          'Add --id, --type, --older-than or another choice.',
          `To empty a state: jobctl purge ${args.queue ?? 'QUEUE'} --state dead`,
        ],
      });
    }
    return await this.act(flags, async ({ reader }) => ({
      verb: 'remove',
      queues: await targetQueues(reader, { queue: args.queue, id: flags.id }),
      states: flags.state ?? removable,
      action: { verb: 'remove' },
    }));
  }
}
