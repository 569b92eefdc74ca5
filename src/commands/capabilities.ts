import { JobctlCommand } from '../cli/base-command.ts';
import { allOf } from '../operations/missing.ts';
import { capabilitiesText, capabilityRows } from '../output/capabilities-text.ts';

export default class Capabilities extends JobctlCommand {
  static override summary = 'What this backend can do: natively, with a caveat, or not at all and what to do instead.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> -c staging --json',
  ];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Capabilities);
    await using session = await this.open(flags);
    const { name: backend, version, where } = session.adapter.backend;
    const view = { backend, version, where, capabilities: capabilityRows(allOf(session.adapter.can)) };
    this.print(capabilitiesText(view, this.page(flags)));
    return { schemaVersion: 1, ...view };
  }
}
