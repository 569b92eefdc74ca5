import { Args, Flags } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { compileTests, readSelection } from '../../cli/criteria.ts';
import { selectionFlags, showFlags } from '../../cli/flags.ts';
import { targetQueues } from '../../cli/target-queues.ts';
import { exportJobs } from '../../operations/export-jobs.ts';
import { plural } from '../../output/count-text.ts';
import { jobView } from '../../output/job-view.ts';

export default class DlqExport extends JobctlCommand {
  static override summary = 'Write dead jobs to a file, one JSON job a line.';
  static override description =
    'For people and other tools; redacted unless --show-sensitive. What restore reads are the backups that every write makes.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email --output dead.ndjson',
    '<%= config.bin %> <%= command.id %> email --older-than 7d | gzip > dead.ndjson.gz',
  ];
  static override args = { queue: Args.string({ required: true, description: 'Queue whose dead jobs to export.' }) };
  static override flags = {
    ...selectionFlags,
    ...showFlags,
    output: Flags.string({
      char: 'o',
      summary: 'File, readable by you alone; stdout when missing.',
      helpValue: 'FILE',
    }),
    limit: Flags.integer({ summary: 'At most this many.', min: 1 }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(DlqExport);
    await using session = await this.openToLook(flags);
    const { reader, redact } = session;
    const queues = await targetQueues(reader, { queue: args.queue });
    const selection = await readSelection(flags, queues, ['dead'], reader);
    const tests = await compileTests(selection);
    const written = await exportJobs(reader, selection, tests, (job) => jobView(job, redact), {
      path: flags.output,
      limit: flags.limit,
    });
    const missed = !written.more && (await this.missedSome(reader, selection, flags));
    const exported = { ...written, more: written.more || missed };
    const to = flags.output === undefined ? '' : ` to ${flags.output}`;
    const isLimit = exported.jobs === flags.limit;
    const why = missed ? 'they were not met' : isLimit ? 'the limit was reached' : 'the reader went away';
    const more = exported.more ? ` More match: ${why}.` : '';
    this.say(this.page(flags).clean(`${plural(exported.jobs, 'dead job')} of ${args.queue} exported${to}.${more}`));
    return { schemaVersion: 1, queue: args.queue, ...exported };
  }
}
