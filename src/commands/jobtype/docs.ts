import { Flags } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { jobTypesOf, writeDocument } from '../../cli/named-types.ts';
import { plural } from '../../output/count-text.ts';
import { jobTypesMarkdown } from '../../output/job-type-text.ts';

export default class JobtypeDocs extends JobctlCommand {
  static override summary = 'Write the document of the job types for a team, in Markdown.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --out docs/apis/jobs.md',
    {
      description: 'Is it up to date? In CI',
      command: '<%= config.bin %> <%= command.id %> | diff - docs/apis/jobs.md',
    },
  ];
  static override flags = {
    out: Flags.string({ summary: 'Write it here; to stdout when missing.', helpValue: 'FILE' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(JobtypeDocs);
    const types = await jobTypesOf(flags);
    const markdown = jobTypesMarkdown(types);
    if (flags.out === undefined) this.print(markdown.trimEnd());
    else this.print(`${await writeDocument(flags.out, markdown)}: ${plural(types.length, 'type')}.`);
    return {
      schemaVersion: 1,
      types: types.map(({ type }) => type),
      ...(flags.out ? { out: flags.out } : { markdown }),
    };
  }
}
