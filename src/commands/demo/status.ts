import { JobctlCommand } from '../../cli/base-command.ts';
import { programName, statusText } from '../../demo/guide.ts';
import { demoStatus } from '../../demo/status.ts';
import { stateDirectory } from '../../safety/state-directory.ts';

export default class DemoStatus extends JobctlCommand {
  static override summary = 'Tell what of the demo runs, and where.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    { description: 'Its URL, for a script', command: '<%= config.bin %> <%= command.id %> --json | jq -r .url' },
  ];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(DemoStatus);
    const status = await demoStatus(stateDirectory(process.env));
    this.print(statusText(status, programName(process.argv, process.env), this.page(flags).style));
    return status;
  }
}
