import { CommandHelp, Errors, Help } from '@oclif/core';

/** oclif joins a flag to all that it excludes, also to those that stand in another group by then. */
class CommandPage extends CommandHelp {
  protected override defaultUsage(): string {
    return super.defaultUsage().replaceAll(/ \| (?= \| |\])/g, '');
  }
}

/** oclif's own pages; only that a command is not there is said in our words: `jobctl nonsense --help`. */
export default class HelpPage extends Help {
  protected override CommandHelpClass = CommandPage;

  override async showHelp(argv: string[]): Promise<void> {
    try {
      await super.showHelp(argv);
    } catch (error) {
      if (!(error instanceof Errors.CLIError)) throw error;
      const id = argv.filter((word) => !word.startsWith('-')).join(':');
      await this.config.runHook('command_not_found', { id, argv });
    }
  }
}
