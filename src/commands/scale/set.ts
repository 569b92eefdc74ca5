import { Args, Flags } from '@oclif/core';
import { planFlags } from '../../cli/flags.ts';
import { RunCommand } from '../../cli/run-command.ts';
import { limitOf, wantedScale, windowOf } from '../../cli/scale-flags.ts';
import { scaleQueue } from '../../cli/scale-queue.ts';
import { namedQueues } from '../../cli/target-queues.ts';

export default class ScaleSet extends RunCommand {
  static override summary = 'Change how much of a queue its consumers work on at once.';
  static override description =
    'The old values stay in the journal of the run: undo puts them back, unless somebody has changed them since. What the infrastructure code says holds again with the next deploy.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email --max-concurrency 50 --reason backlog --yes',
    '<%= config.bin %> <%= command.id %> email --max-concurrency none --batch-size 10 --yes',
    '<%= config.bin %> <%= command.id %> email --batch-size 100 --batch-window 5s --yes',
  ];
  static override args = { queue: Args.string({ required: true, description: 'Queue.' }) };
  static override flags = {
    ...planFlags,
    'max-concurrency': Flags.string({ summary: 'So many runs at once for this queue.', helpValue: 'N|none' }),
    'batch-size': Flags.integer({ summary: 'So many jobs are handed over together.', min: 1, helpValue: 'N' }),
    'batch-window': Flags.string({
      summary: 'It is waited so long for a batch to fill.',
      helpValue: 'DURATION|none',
    }),
    'reserved-concurrency': Flags.string({
      summary: 'So many runs at once of the function, whatever calls it.',
      helpValue: 'N|none',
    }),
    mapping: Flags.string({ summary: 'The consumer, where there are several.', helpValue: 'UUID' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ScaleSet);
    const change = wantedScale({
      maxConcurrency: limitOf('max-concurrency', flags['max-concurrency']),
      batchSize: flags['batch-size'],
      batchWindowSeconds: windowOf(flags['batch-window']),
      reservedConcurrency: limitOf('reserved-concurrency', flags['reserved-concurrency']),
    });
    return await this.write(flags, async (session, ports, pace) => {
      const [queue = args.queue] = await namedQueues(session.reader, [args.queue]);
      return await scaleQueue(session, ports, pace, {
        verb: 'scale',
        queue,
        id: flags.mapping,
        change,
        reason: flags.reason,
      });
    });
  }
}
