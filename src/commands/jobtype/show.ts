import { Args } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { jobTypeNamed } from '../../cli/named-types.ts';
import { jobTypeText } from '../../output/job-type-text.ts';

export default class JobtypeShow extends JobctlCommand {
  static override summary = 'One job type: the fields of its payload, its key, its attempts.';
  static override examples = ['<%= config.bin %> <%= command.id %> email.send'];
  static override args = { type: Args.string({ required: true, description: 'Name of the type.' }) };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(JobtypeShow);
    const type = await jobTypeNamed(flags, args.type);
    this.print(jobTypeText(type, this.page(flags)));
    return { schemaVersion: 1, ...type };
  }
}
