import { ScheduleCommand, scheduleArgs } from '../../cli/schedule-command.ts';

export default class ScheduleRemove extends ScheduleCommand {
  static override summary = 'Take a schedule away.';
  static override description = 'It is saved in the journal of the run before, and undo puts it back as it was.';
  static override examples = ['<%= config.bin %> <%= command.id %> reports nightly --confirm reports'];
  static override args = scheduleArgs;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ScheduleRemove);
    return await this.change('remove', args, flags);
  }
}
