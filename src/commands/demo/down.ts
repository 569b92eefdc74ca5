import { JobctlCommand } from '../../cli/base-command.ts';
import { down } from '../../demo/down.ts';
import { stateDirectory } from '../../safety/state-directory.ts';

export default class DemoDown extends JobctlCommand {
  static override summary = 'Stop the demo and remove its data.';
  static override description =
    'Ends exactly the processes that demo up started. Runs and backups made meanwhile are kept.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<unknown> {
    await this.parse(DemoDown);
    const result = await down(stateDirectory(process.env));
    this.print(result.stopped ? 'The demo is stopped, and its data is removed.' : 'No demo was running.');
    return result;
  }
}
