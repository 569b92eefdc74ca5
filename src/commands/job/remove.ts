import { Args } from '@oclif/core';
import { queueFlag } from '../../cli/flags.ts';
import { targetQueues } from '../../cli/target-queues.ts';
import { WriteCommand } from '../../cli/write-command.ts';
import { jobStates } from '../../domain/job.ts';

export default class JobRemove extends WriteCommand {
  static override summary = 'Delete single jobs, each saved first.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 4711',
    '<%= config.bin %> <%= command.id %> 4711 4712 --confirm email',
  ];
  static override strict = false;
  static override args = { id: Args.string({ required: true, description: 'Ids of the jobs.' }) };
  static override flags = queueFlag;

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(JobRemove);
    const id = argv as string[];
    return await this.act({ ...flags, id }, async ({ reader }) => ({
      verb: 'remove',
      queues: await targetQueues(reader, { queue: flags.queue, id }),
      states: jobStates.filter((state) => state !== 'active'),
      action: { verb: 'remove' },
    }));
  }
}
