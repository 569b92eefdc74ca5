import { Args, Flags } from '@oclif/core';
import { queueFlag } from '../../cli/flags.ts';
import { targetQueues } from '../../cli/target-queues.ts';
import { WriteCommand } from '../../cli/write-command.ts';

export default class JobCancel extends WriteCommand {
  static override summary = 'Cancel jobs that have not run yet.';
  static override description =
    'The jobs stay, marked as cancelled. With --abort an active job is asked to stop; whether it does is up to its code.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 4711',
    '<%= config.bin %> <%= command.id %> 4711 --abort',
  ];
  static override strict = false;
  static override args = { id: Args.string({ required: true, description: 'Ids of the jobs.' }) };
  static override flags = { ...queueFlag, abort: Flags.boolean({ summary: 'Active jobs too: ask them to stop.' }) };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(JobCancel);
    const id = argv as string[];
    return await this.act({ ...flags, id }, async ({ reader }) => ({
      verb: 'cancel',
      queues: await targetQueues(reader, { queue: flags.queue, id }),
      states: flags.abort ? ['waiting', 'delayed', 'blocked', 'active'] : ['waiting', 'delayed', 'blocked'],
      action: { verb: 'cancel' },
    }));
  }
}
