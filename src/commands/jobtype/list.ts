import { JobctlCommand } from '../../cli/base-command.ts';
import { jobTypesOf } from '../../cli/named-types.ts';
import { jobTypesText } from '../../output/job-type-text.ts';

export default class JobtypeList extends JobctlCommand {
  static override summary = 'The job types that the configuration names, and what it says of each.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> -c shop --json',
  ];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(JobtypeList);
    const types = await jobTypesOf(flags);
    this.print(jobTypesText({ types }, this.page(flags)));
    return { schemaVersion: 1, types };
  }
}
