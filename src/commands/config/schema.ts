import { JobctlCommand } from '../../cli/base-command.ts';

export default class ConfigSchema extends JobctlCommand {
  static override summary = 'The JSON Schema of the configuration, for editors.';
  static override examples = ['<%= config.bin %> <%= command.id %> > jobctl.schema.json'];

  async run(): Promise<unknown> {
    await this.parse(ConfigSchema);
    const { configJsonSchema } = await import('../../config/schema.ts');
    const schema = configJsonSchema();
    this.print(JSON.stringify(schema, null, 2));
    return schema;
  }
}
