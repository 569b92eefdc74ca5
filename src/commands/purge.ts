import { Args, Flags } from '@oclif/core';
import { allQueuesFlag, selectionFlags } from '../cli/flags.ts';
import { targetQueues } from '../cli/target-queues.ts';
import { WriteCommand } from '../cli/write-command.ts';
import { JobctlError } from '../domain/errors.ts';
import type { JobState } from '../domain/job.ts';

const purgeable = [
  'completed',
  'cancelled',
  'dead',
  'waiting',
  'delayed',
  'blocked',
] as const satisfies readonly JobState[];

export default class Purge extends WriteCommand {
  static override summary = 'Delete all jobs in a state, each saved first.';
  static override description =
    'Completed jobs unless --state says otherwise. Works in small batches while the workers go on. Active jobs are never purged.';
  static override examples = [
    {
      description: 'Weekly housekeeping',
      command: '<%= config.bin %> <%= command.id %> email --older-than 30d --confirm email',
    },
    {
      description: 'Old failures too, once they are understood',
      command: '<%= config.bin %> <%= command.id %> email --older-than 90d --include-failed',
    },
    {
      description: 'Everything that waits. It can be brought back',
      command: '<%= config.bin %> <%= command.id %> email --state waiting --dry-run',
    },
  ];
  static override args = { queue: Args.string({ description: 'Queue to purge.' }) };
  static override flags = {
    ...selectionFlags,
    ...allQueuesFlag,
    state: Flags.option({
      options: purgeable,
      multiple: true,
      summary: 'Jobs in this state; repeatable. Completed when missing.',
    })(),
    'include-failed': Flags.boolean({ summary: 'Dead and cancelled jobs too.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Purge);
    if (args.queue === undefined && !flags['all-queues'])
      throw new JobctlError('usage', 'Which queue?', { next: ['Name it, or give --all-queues.'] });
    const states = new Set<JobState>(flags.state ?? ['completed']);
    if (flags['include-failed']) states.add('dead').add('cancelled');
    return await this.act(flags, async ({ reader }) => ({
      verb: 'purge',
      queues: await targetQueues(reader, { queue: args.queue, allQueues: flags['all-queues'] }),
      states: [...states],
      action: { verb: 'remove' },
    }));
  }
}
