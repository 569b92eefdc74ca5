import { Flags } from '@oclif/core';
import { type GlobalFlags, JobctlCommand } from '../../cli/base-command.ts';
import { schemaIssues } from '../../cli/config-issues.ts';
import { readConfigFile } from '../../config/config-file.ts';
import { findConfigFiles, issueLine } from '../../config/load.ts';
import type { Statement } from '../../domain/adapter.ts';
import { ExitCode, JobctlError } from '../../domain/errors.ts';
import { statementsText } from '../../output/statements-text.ts';

export default class ConfigCheck extends JobctlCommand {
  static override summary = 'Check the configuration files that apply here.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --config ops/jobctl.yaml',
    {
      description: 'The SQL that a mapping of own tables leads to',
      command: '<%= config.bin %> <%= command.id %> --explain -c shop',
    },
  ];
  static override flags = {
    explain: Flags.boolean({ summary: 'Also open the context, and print the SQL of every operation.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ConfigCheck);
    const files = await findConfigFiles({ flag: flags.config, env: process.env, folder: process.cwd() });
    const read = await Promise.all(files.map(readConfigFile));
    const issues = [...read.flatMap((file) => file.issues), ...(await Promise.all(read.map(schemaIssues))).flat()];
    const clean = this.page(flags).clean;
    for (const issue of issues) this.print(clean(issueLine(issue)));
    if (issues.length === 0)
      this.print(
        files.length === 0
          ? 'There is no configuration file; write one with: jobctl config init'
          : `${files.map(clean).join(', ')}: fine.`,
      );
    if (issues.length > 0) process.exitCode = ExitCode.usage;
    const statements = flags.explain && issues.length === 0 ? await this.explained(flags) : undefined;
    return { schemaVersion: 1, ok: issues.length === 0, files, issues, ...(statements && { statements }) };
  }

  private async explained(flags: GlobalFlags): Promise<Statement[]> {
    await using session = await this.open(flags);
    const { reader } = session;
    const statements = await reader.statements?.();
    if (statements === undefined) {
      throw new JobctlError(
        'unsupported',
        `${reader.backend.name} is not mapped by the configuration: there is no SQL of yours to explain.`,
        {
          next: ['jobctl capabilities   # what it can do'],
        },
      );
    }
    this.print(statementsText({ statements }, this.page(flags)));
    return statements;
  }
}
