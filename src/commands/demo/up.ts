import { Flags } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { programName, upText } from '../../demo/guide.ts';
import { up } from '../../demo/up.ts';
import { stateDirectory } from '../../safety/state-directory.ts';

export default class DemoUp extends JobctlCommand {
  static override summary =
    'Start a demo on this machine: a Postgres of its own, workers, and an incident to clean up.';
  static override description =
    'The server listens on this machine only, on a free port, and goes on until demo down. When the demo is up already, what is missing is started.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    { description: 'As the crash left it: nothing moves', command: '<%= config.bin %> <%= command.id %> --no-worker' },
  ];
  static override flags = {
    worker: Flags.boolean({ summary: 'Start the workers too.', default: true, allowNo: true }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(DemoUp);
    const status = await up({
      stateDirectory: stateDirectory(process.env),
      worker: flags.worker,
      say: (text) => this.say(text),
    });
    this.print(`\n${upText(status, programName(process.argv, process.env), this.page(flags).style)}`);
    return status;
  }
}
