import { JobctlCommand } from '../../cli/base-command.ts';
import { findContext } from '../../cli/session.ts';
import { facts } from '../../output/facts.ts';
import { maskUrl } from '../../safety/mask.ts';

export default class ContextShow extends JobctlCommand {
  static override summary = 'Which backend a command would use here, and who decided that.';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> -c staging'];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ContextShow);
    const { context, config } = await findContext(flags);
    const { name, origin, schema, dialect } = context;
    const shown = {
      name,
      url: maskUrl(context.url),
      origin,
      schema,
      dialect,
      protected: context.protected,
      readOnly: context.readOnly,
      files: config.files,
    };
    const page = this.page(flags);
    const rows = Object.entries(shown).map(([label, value]): [string, string | undefined] => [
      label,
      Array.isArray(value) ? value.join(', ') : value === undefined ? undefined : page.clean(String(value)),
    ]);
    this.print(facts(rows, page, ''));
    return { schemaVersion: 1, ...shown };
  }
}
