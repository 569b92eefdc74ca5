import { Flags } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { writeFlags } from '../../cli/flags.ts';
import { libraries } from '../../cli/library-schema.ts';
import { schemaPorts } from '../../cli/schema-ports.ts';
import { readSchemaScript } from '../../cli/schema-script.ts';
import { openSchemaSession, type SchemaSession } from '../../cli/session.ts';
import { pageFor } from '../../cli/terminal.ts';
import type { SchemaProgram, SchemaScript } from '../../domain/schema.ts';
import { applySchema, refuseReadOnly } from '../../operations/apply-schema.ts';
import { schemaReportText } from '../../output/schema-text.ts';

export default class SchemaApply extends JobctlCommand {
  static override summary = "Create the queue's tables, or let the library bring them up to date.";
  static override description =
    "Applies what the installed procrastinate prints, or a script, to the database of the context: in one transaction, and only where no queue tables are yet. With --dialect pg-boss or graphile-worker it takes the library's own migrations, as they are installed in this folder, also for tables of an older version.";
  static override examples = [
    '<%= config.bin %> <%= command.id %> -c new --app shop.queue.app --dry-run',
    '<%= config.bin %> <%= command.id %> -c new --file schema.sql --confirm new',
    {
      description: 'Upgrade the tables of pg-boss to the version that is installed in this folder',
      command: '<%= config.bin %> <%= command.id %> -c shop --dialect pg-boss --dry-run',
    },
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
    refuseReadOnly(session.context);
    const work = await this.work(session, flags);
    const report = await applySchema(session.admin, work, session.context.name, ports, Boolean(flags['dry-run']));
    this.print(schemaReportText(report, this.page(flags)));
    return report;
  }
  private async work(
    { admin, context }: SchemaSession,
    flags: {
      app?: string | undefined;
      file?: string | undefined;
      dialect?: string | undefined;
      schema?: string | undefined;
      timeout: string;
    },
  ): Promise<SchemaScript | SchemaProgram> {
    const dialect = flags.dialect ?? context.dialect ?? 'procrastinate';
    const schema = flags.schema ?? context.schema;
    const library = libraries[dialect];
    if (context.tables !== undefined) await admin.present(dialect, schema ?? 'public'); // refuses
    if (flags.file !== undefined || library === undefined) return await readSchemaScript(flags);
    return await library({ admin, url: context.url, schema, folder: process.cwd() });
  }
}
