import { Args } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { detailFlags } from '../../cli/flags.ts';
import { showJob } from '../../cli/show-job.ts';

export default class DlqShow extends JobctlCommand {
  static override summary = 'Everything that is known of one dead job.';
  static override examples = ['<%= config.bin %> <%= command.id %> 4711'];
  static override args = { id: Args.string({ required: true, description: 'Id of the job.' }) };
  static override flags = detailFlags;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(DlqShow);
    await using session = await this.openToLook(flags);
    const { text, json } = await showJob(
      session,
      args.id,
      { queue: flags.queue, full: flags.full, state: 'dead' },
      this.page(flags),
      (next) => this.following(next),
    );
    this.print(text);
    return json;
  }
}
