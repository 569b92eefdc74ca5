import { Args, Flags, loadHelpClass } from '@oclif/core';
import { JobctlCommand } from '../cli/base-command.ts';
import { unknownCommand } from '../cli/unknown-command.ts';

export default class Help extends JobctlCommand {
  static override summary = 'How jobctl, or one of its commands, is used.';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> dlq groups'];
  static override enableJsonFlag = false;
  static override strict = false;
  static override args = { command: Args.string({ description: 'Command, in one word or more.' }) };
  static override baseFlags = {} as typeof JobctlCommand.baseFlags;
  static override flags = {
    'nested-commands': Flags.boolean({ char: 'n', summary: 'Also the commands below it.' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Help);
    const words = argv as string[];
    const id = words.join(':');
    if (id !== '' && !this.config.findCommand(id) && !this.config.findTopic(id)) throw unknownCommand(this.config, id);
    const HelpClass = await loadHelpClass(this.config);
    await new HelpClass(this.config, { all: flags['nested-commands'] }).showHelp(words);
  }
}
