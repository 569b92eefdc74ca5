import { Args, type Interfaces } from '@oclif/core';
import type { Report } from '../domain/plan.ts';
import { changeSchedule } from './change-schedule.ts';
import { planFlags } from './flags.ts';
import { RunCommand } from './run-command.ts';
import { namedQueues } from './target-queues.ts';

export const scheduleArgs = {
  queue: Args.string({ required: true, description: 'Queue that it adds jobs to.' }),
  id: Args.string({ required: true, description: 'Id of the schedule; schedule list has them.' }),
};

/** What the writes on a schedule share. */
export abstract class ScheduleCommand extends RunCommand {
  static override baseFlags = { ...RunCommand.baseFlags, ...planFlags };

  protected async change(
    deed: 'pause' | 'resume' | 'run' | 'remove',
    { queue, id }: Interfaces.InferredArgs<typeof scheduleArgs>,
    flags: Parameters<RunCommand['write']>[0],
  ): Promise<Report> {
    return await this.write(flags, async (session, ports, pace) => {
      const [known = queue] = await namedQueues(session.reader, [queue]);
      const order = { verb: `schedule-${deed}`, deed, queue: known, id, reason: flags.reason } as const;
      return await changeSchedule(session, ports, pace, order);
    });
  }
}
