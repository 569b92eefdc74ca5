import { JobctlCommand } from '../../cli/base-command.ts';
import { readConfigFile } from '../../config/config-file.ts';
import { findConfigFiles, issueLine } from '../../config/load.ts';
import { ExitCode } from '../../domain/errors.ts';

export default class ConfigCheck extends JobctlCommand {
  static override summary = 'Check the configuration files that apply here.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --config ops/jobctl.yaml',
  ];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ConfigCheck);
    const files = await findConfigFiles({ flag: flags.config, env: process.env, folder: process.cwd() });
    const issues = (await Promise.all(files.map(readConfigFile))).flatMap((file) => file.issues);
    const clean = this.page(flags).clean;
    for (const issue of issues) this.print(clean(issueLine(issue)));
    if (issues.length === 0)
      this.print(
        files.length === 0
          ? 'There is no configuration file; write one with: jobctl config init'
          : `${files.map(clean).join(', ')}: fine.`,
      );
    if (issues.length > 0) process.exitCode = ExitCode.usage;
    return { schemaVersion: 1, ok: issues.length === 0, files, issues };
  }
}
