import { Args, Flags } from '@oclif/core';
import { ListCommand } from '../../cli/list.ts';
import { groupsOf } from '../../operations/next-steps.ts';

export default class DlqList extends ListCommand {
  static override summary = 'List dead jobs: those that will never run again by themselves.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email',
    '<%= config.bin %> <%= command.id %> email --newer-than 1h --type email.send',
    '<%= config.bin %> <%= command.id %> email --error "/timeout|refused/" --limit 10',
  ];
  static override args = { queue: Args.string({ description: 'Queue; all queues when missing.' }) };

  static override flags = {
    resolved: Flags.boolean({ summary: 'Those that are marked as handled, instead of the others.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(DlqList);
    const found = await this.list(flags, {
      queue: args.queue,
      states: ['dead'],
      ...(flags.resolved ? { resolved: true } : {}),
      what: `dead jobs${args.queue === undefined ? '' : ` in ${args.queue}`} that match`,
      next: ['jobctl dlq show ID', groupsOf(args.queue === undefined ? [] : [args.queue])],
    });
    return { schemaVersion: 1, queue: args.queue, ...found };
  }
}
