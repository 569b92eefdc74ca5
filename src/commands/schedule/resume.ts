import { ScheduleCommand, scheduleArgs } from '../../cli/schedule-command.ts';

export default class ScheduleResume extends ScheduleCommand {
  static override summary = 'Let a schedule add jobs again.';
  static override description =
    'It goes on with the next time that is to come; what was missed while it was paused stays missed.';
  static override examples = ['<%= config.bin %> <%= command.id %> reports nightly --yes'];
  static override args = scheduleArgs;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ScheduleResume);
    return await this.change('resume', args, flags);
  }
}
