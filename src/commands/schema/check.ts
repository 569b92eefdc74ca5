import { JobctlCommand } from '../../cli/base-command.ts';
import { openSchemaSession } from '../../cli/session.ts';
import { ExitCode } from '../../domain/errors.ts';
import { needsAction } from '../../domain/schema.ts';
import { schemaCheckText } from '../../output/schema-text.ts';

export default class SchemaCheck extends JobctlCommand {
  static override summary = "Are the queue's tables there, whole, fast, and may this role use them?";
  static override description = 'Only looks. Exit code 10 when something needs to be done.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> -c staging --schema jobs --json',
  ];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SchemaCheck);
    await using session = await openSchemaSession({ ...flags, json: this.jsonEnabled() });
    const { context, admin } = session;
    const found = { context: context.name, ...(await admin.check({ writes: !context.readOnly })) };
    this.print(schemaCheckText(found, this.page(flags)));
    const ok = !needsAction(found);
    if (!ok) process.exitCode = ExitCode.findings;
    return { schemaVersion: 1, ...found, ok };
  }
}
