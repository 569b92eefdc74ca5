import { Errors, Help } from '@oclif/core';

/** oclif's own pages; only that a command is not there is said in our words: `jobctl nonsense --help`. */
export default class HelpPage extends Help {
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
