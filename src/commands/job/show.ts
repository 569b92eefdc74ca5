import { Args } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { detailFlags } from '../../cli/flags.ts';
import { showJob } from '../../cli/show-job.ts';

export default class JobShow extends JobctlCommand {
  static override summary = 'Everything that is known of one job.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 4711',
    '<%= config.bin %> <%= command.id %> 4711 --show-sensitive --full',
  ];
  static override args = { id: Args.string({ required: true, description: 'Id of the job.' }) };
  static override flags = detailFlags;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(JobShow);
    await using session = await this.openToLook(flags);
    const { text, json } = await showJob(
      session,
      args.id,
      { queue: flags.queue, full: flags.full },
      this.page(flags),
      (next) => this.following(next),
    );
    this.print(text);
    return json;
  }
}
