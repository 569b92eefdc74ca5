import { Args } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { knownQueues } from '../../cli/session.ts';
import { listSchedules } from '../../operations/plan-schedule.ts';
import { schedulesText } from '../../output/schedules-text.ts';

export default class ScheduleList extends JobctlCommand {
  static override summary = 'What adds jobs by itself, and when it does so next.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'Those that are paused',
      command: '<%= config.bin %> <%= command.id %> --json | jq ".schedules[] | select(.paused)"',
    },
  ];
  static override strict = false;
  static override args = { queue: Args.string({ description: 'Only these queues.' }) };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(ScheduleList);
    await using session = await this.open(flags);
    const { reader } = session;
    const queues = argv.length === 0 ? undefined : await knownQueues(reader, argv as string[]);
    const schedules = await listSchedules(reader, queues);
    this.print(schedulesText({ schedules, now: await reader.now() }, this.page(flags)));
    return { schemaVersion: 1, schedules };
  }
}
