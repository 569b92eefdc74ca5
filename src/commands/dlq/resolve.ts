import { Args, Flags } from '@oclif/core';
import { selectionFlags } from '../../cli/flags.ts';
import { targetQueues } from '../../cli/target-queues.ts';
import { WriteCommand } from '../../cli/write-command.ts';

export default class DlqResolve extends WriteCommand {
  static override summary = 'Mark dead jobs as handled, with a note; they leave the list, not the table.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --id 4711 --note "address does not exist"',
    '<%= config.bin %> <%= command.id %> email --group g-3f9a5c21 --note "fixed in 4.2, not worth sending" --yes',
  ];
  static override args = {
    queue: Args.string({ description: 'Queue whose dead jobs to mark; not needed with --id.' }),
  };
  static override flags = {
    ...selectionFlags,
    note: Flags.string({ summary: 'Why the job is not run again.', helpValue: 'TEXT', required: true }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(DlqResolve);
    return await this.act({ ...flags, reason: flags.reason ?? flags.note }, async ({ reader }) => ({
      verb: 'resolve',
      queues: await targetQueues(reader, { queue: args.queue, id: flags.id }),
      states: ['dead'],
      action: { verb: 'resolve', note: flags.note },
    }));
  }
}
