import { ScheduleCommand, scheduleArgs } from '../../cli/schedule-command.ts';

export default class SchedulePause extends ScheduleCommand {
  static override summary = 'Keep a schedule from adding jobs.';
  static override description =
    'Jobs that it has added already are not touched. Where the backend knows no pause it is taken out and kept beside the queue until it is resumed.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> reports nightly --reason "data is being moved" --yes',
  ];
  static override args = scheduleArgs;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(SchedulePause);
    return await this.change('pause', args, flags);
  }
}
