import { Flags } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { writeFlags } from '../../cli/flags.ts';
import { schemaPorts } from '../../cli/schema-ports.ts';
import { readSchemaScript } from '../../cli/schema-script.ts';
import { openSchemaSession } from '../../cli/session.ts';
import { pageFor } from '../../cli/terminal.ts';
import { applySchema } from '../../operations/apply-schema.ts';
import { schemaReportText } from '../../output/schema-text.ts';

export default class SchemaApply extends JobctlCommand {
  static override summary = "Create the queue's tables in a new environment.";
  static override description =
    'Applies what the installed procrastinate prints, or a script, to the database of the context: in one transaction, and only where no queue tables are yet.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> -c new --app shop.queue.app --dry-run',
    '<%= config.bin %> <%= command.id %> -c new --file schema.sql --confirm new',
  ];
  static override flags = {
    app: Flags.string({
      summary: 'Your procrastinate App, where it is needed to print the script.',
      helpValue: 'MODULE.APP',
      exclusive: ['file'],
    }),
    file: Flags.string({ summary: 'Script to apply instead; - reads it from stdin.', helpValue: 'FILE' }),
    'dry-run': writeFlags['dry-run'],
    yes: writeFlags.yes,
    confirm: Flags.string({
      summary: 'Name of the context, in place of the question.',
      helpValue: 'CONTEXT',
      helpGroup: 'SAFETY',
    }),
    reason: writeFlags.reason,
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SchemaApply);
    const json = this.jsonEnabled();
    await using session = await openSchemaSession({ ...flags, json });
    const ports = schemaPorts(session, {
      json,
      input: !flags['no-input'],
      yes: flags.yes,
      confirm: flags.confirm,
      reason: flags.reason,
      page: pageFor(process.stderr, flags['no-color']),
      say: (text) => this.say(text),
    });
    const script = await readSchemaScript(flags);
    const report = await applySchema(session.admin, script, session.context, ports, Boolean(flags['dry-run']));
    this.print(schemaReportText(report, this.page(flags)));
    return report;
  }
}
