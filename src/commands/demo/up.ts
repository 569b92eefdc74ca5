import { Flags } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { programName, upText } from '../../demo/guide.ts';
import { up } from '../../demo/up.ts';
import { stateDirectory } from '../../safety/state-directory.ts';

export default class DemoUp extends JobctlCommand {
  static override summary = 'Start a demo on this machine: servers of its own, workers, and incidents to clean up.';
  static override description =
    'Postgres always; BullMQ where there is a redis-server, Amazon SQS where its emulator (the package fauxqs) is installed. They listen on this machine only, on free ports, and go on until demo down. When the demo is up already, what is missing is started.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    { description: 'As the crash left it: nothing moves', command: '<%= config.bin %> <%= command.id %> --no-worker' },
  ];
  static override flags = {
    worker: Flags.boolean({ summary: 'Start the workers too.', default: true, allowNo: true }),
    'postgres-only': Flags.boolean({ summary: 'Without BullMQ on Redis and the SQS emulator.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(DemoUp);
    const status = await up({
      stateDirectory: stateDirectory(process.env),
      worker: flags.worker,
      guests: !flags['postgres-only'],
      say: (text) => this.say(text),
    });
    this.print(`\n${upText(status, programName(process.argv, process.env), this.page(flags).style)}`);
    return status;
  }
}
