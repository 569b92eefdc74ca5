import { ScheduleCommand, scheduleArgs } from '../../cli/schedule-command.ts';

export default class ScheduleRun extends ScheduleCommand {
  static override summary = 'Add one job of a schedule now.';
  static override description =
    'Next to the regular ones, which stay as they are. Undo takes the job away again as long as no worker has begun it.';
  static override examples = ['<%= config.bin %> <%= command.id %> reports nightly --yes'];
  static override args = scheduleArgs;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ScheduleRun);
    return await this.change('run', args, flags);
  }
}
