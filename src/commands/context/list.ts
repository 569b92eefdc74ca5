import { JobctlCommand } from '../../cli/base-command.ts';
import { currentContextFile } from '../../cli/places.ts';
import { contextRows, variableBefore } from '../../config/context.ts';
import { readCurrentContext } from '../../config/current-context.ts';
import { loadConfig } from '../../config/load.ts';
import { contextsText } from '../../output/contexts-text.ts';

export default class ContextList extends JobctlCommand {
  static override summary = 'The backends that the configuration names.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ContextList);
    const config = await loadConfig({ flag: flags.config, env: process.env, folder: process.cwd() });
    const before = variableBefore(process.env);
    const chosen =
      before === undefined
        ? await readCurrentContext(currentContextFile(process.env))
        : (process.env['JOBCTL_CONTEXT'] ?? ''); // a URL has no name
    const contexts = contextRows(config, chosen);
    this.print(contextsText({ contexts, next: contexts.length === 0 ? ['jobctl config init'] : [] }, this.page(flags)));
    if (before !== undefined) this.say(`${before} is set in this shell and comes first.`);
    return { schemaVersion: 1, contexts };
  }
}
