import { Args, Flags } from '@oclif/core';
import { ListCommand } from '../../cli/list.ts';
import { jobStates } from '../../domain/job.ts';

export default class JobList extends ListCommand {
  static override summary = 'List jobs in any state.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email --state active --older-than 5m',
    '<%= config.bin %> <%= command.id %> email --type email.send --state waiting --state delayed',
    {
      description: 'All that match, for a script',
      command: '<%= config.bin %> <%= command.id %> email --state dead --ndjson > dead.ndjson',
    },
  ];
  static override args = { queue: Args.string({ description: 'Queue; all queues when missing.' }) };
  static override flags = {
    state: Flags.option({ options: jobStates, multiple: true, summary: 'Only jobs in this state; repeatable.' })(),
    stuck: Flags.boolean({ summary: 'Only active jobs whose worker is provably gone.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(JobList);
    const states = flags.stuck ? (['active'] as const) : (flags.state ?? jobStates);
    const found = await this.list(flags, {
      queue: args.queue,
      states,
      stuck: flags.stuck,
      what: `${states.length === jobStates.length ? '' : `${states.join(' or ')} `}jobs${args.queue === undefined ? '' : ` in ${args.queue}`} that match`,
      next: ['jobctl job show ID'],
    });
    return { schemaVersion: 1, queue: args.queue, ...found };
  }
}
