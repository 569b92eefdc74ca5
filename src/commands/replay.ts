import { Args, Flags } from '@oclif/core';
import { allQueuesFlag, carefulFlags, selectionFlags } from '../cli/flags.ts';
import { destinationOf, targetQueues } from '../cli/target-queues.ts';
import { type MoveFlags, moveOrder, moveQueue } from '../cli/whole-queue.ts';
import { WriteCommand, type WriteFlags } from '../cli/write-command.ts';
import { JobctlError } from '../domain/errors.ts';

export default class Replay extends WriteCommand {
  static override aliases = ['dlq replay', 'retry'];
  static override summary = 'Give dead jobs back to their workers.';
  static override description =
    'Shows the plan, asks, saves each job, then puts it back in line with its full number of attempts. A job whose twin is waiting already is left alone.';
  static override examples = [
    { description: 'One job', command: '<%= config.bin %> <%= command.id %> --id 4711' },
    {
      description: 'One cause, first looked at, then done',
      command: '<%= config.bin %> <%= command.id %> email --group g-3f9a5c21 --dry-run',
    },
    '<%= config.bin %> <%= command.id %> email --type email.send --older-than 1h --limit 50 --yes',
    {
      description: 'Five first; the others only when none of these dies again',
      command: '<%= config.bin %> <%= command.id %> email --canary 5 --canary-wait 2m',
    },
    {
      description: 'SQS moves all of them by itself',
      command: '<%= config.bin %> <%= command.id %> orders --native --rate 50/s --confirm orders',
    },
    { description: 'A whole queue, slowly', command: '<%= config.bin %> <%= command.id %> email --rate 20/s' },
  ];
  static override args = {
    queue: Args.string({ description: 'Queue whose dead jobs to replay; not needed with --id.' }),
  };
  static override flags = {
    ...selectionFlags,
    ...allQueuesFlag,
    to: Flags.string({
      summary: "Into this queue, not back into each job's own (SQS).",
      helpValue: 'QUEUE',
    }),
    native: Flags.boolean({
      summary: 'The whole queue, by a task of the backend itself (SQS: StartMessageMoveTask).',
      exclusive: ['keep-attempts'],
    }),
    backup: Flags.boolean({
      summary: '--no-backup with --native: it is known that no backup is made.',
      allowNo: true,
      default: true,
    }),
    'keep-attempts': Flags.boolean({ summary: 'Keep the count of attempts: the next failure may be the last.' }),
    ...carefulFlags,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Replay);
    if (flags.native) return await this.move(args.queue, flags);
    if (!flags.backup)
      throw new JobctlError('usage', '--no-backup goes with --native alone.', {
        next: ['Without --native each job is saved first.'],
      });
    const { 'keep-attempts': keepAttempts = false } = flags;
    return await this.act(
      flags,
      async ({ reader }) => {
        const queues = await targetQueues(reader, { queue: args.queue, allQueues: flags['all-queues'], id: flags.id });
        // one queue and where to: both are named, so nothing else can be meant
        const named = args.queue !== undefined && flags.to !== undefined;
        const of = { queues, ...(named && { takenForDead: true as const }) };
        const to = await destinationOf(reader, of, flags.to);
        return { verb: 'replay', ...of, states: ['dead'], action: { verb: 'replay', keepAttempts, ...to } };
      },
      flags,
    );
  }

  private async move(queue: string | undefined, flags: WriteFlags & MoveFlags): Promise<unknown> {
    const order = moveOrder(queue, flags);
    this.stopText = 'Detaching; the backend goes on by itself. Press Ctrl-C again to leave at once.';
    return await this.write({ ...flags, rate: undefined }, (session, ports, pace) =>
      moveQueue(session, ports, pace, order),
    );
  }
}
