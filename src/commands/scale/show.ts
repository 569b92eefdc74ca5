import { Args } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { namedQueues } from '../../cli/target-queues.ts';
import { listScales } from '../../operations/scaling.ts';
import { scalesText } from '../../output/scale-text.ts';

export default class ScaleShow extends JobctlCommand {
  static override summary = 'How much of a queue its consumers work on at once, and what limits them.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email',
    '<%= config.bin %> <%= command.id %> email --json',
  ];
  static override args = { queue: Args.string({ required: true, description: 'Queue.' }) };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ScaleShow);
    await using session = await this.open(flags);
    const [queue = args.queue] = await namedQueues(session.reader, [args.queue]);
    const consumers = await listScales(session.reader, queue);
    this.print(scalesText({ queue, consumers }, this.page(flags)));
    return { schemaVersion: 1, queue, consumers };
  }
}
