import { Args, Flags } from '@oclif/core';
import { allQueuesFlag, selectionFlags } from '../cli/flags.ts';
import { targetQueues } from '../cli/target-queues.ts';
import { emptyQueue } from '../cli/whole-queue.ts';
import { WriteCommand, type WriteFlags } from '../cli/write-command.ts';
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
    {
      description: 'SQS: the whole queue in one call, what can be received is saved first',
      command: '<%= config.bin %> <%= command.id %> orders-dlq --native --confirm orders-dlq',
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
    native: Flags.boolean({
      summary: 'All of the queue in one call of the backend (SQS: PurgeQueue), what others hold too; saved first.',
      exclusive: [...Object.keys(selectionFlags), 'all-queues', 'state', 'include-failed', 'limit', 'rate', 'max'],
    }),
    backup: Flags.boolean({
      summary: 'With --native: whether what can be received is saved first.',
      allowNo: true,
      default: true,
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Purge);
    if (args.queue === undefined && !flags['all-queues'])
      throw new JobctlError('usage', 'Which queue?', { next: ['Name it, or give --all-queues.'] });
    if (flags.native) return await this.empty(args.queue ?? '', flags);
    if (!flags.backup)
      throw new JobctlError('usage', '--no-backup goes with --native alone.', {
        next: ['Without --native each job is saved first.'],
      });
    const states = new Set<JobState>(flags.state ?? ['completed']);
    if (flags['include-failed']) states.add('dead').add('cancelled');
    return await this.act(flags, async ({ reader }) => ({
      verb: 'purge',
      queues: await targetQueues(reader, { queue: args.queue, allQueues: flags['all-queues'] }),
      states: [...states],
      action: { verb: 'remove' },
    }));
  }

  private async empty(queue: string, flags: WriteFlags & { readonly backup: boolean }): Promise<unknown> {
    const order = { queue, saves: flags.backup, reason: flags.reason };
    return await this.write(flags, (session, ports, pace) => emptyQueue(session, ports, pace, order));
  }
}
