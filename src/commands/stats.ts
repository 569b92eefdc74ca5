import { Args, Flags } from '@oclif/core';
import { JobctlCommand } from '../cli/base-command.ts';
import { overdueText, pauseNotes } from '../cli/pauses.ts';
import { knownQueues, type Session } from '../cli/session.ts';
import { pageFor } from '../cli/terminal.ts';
import { everyOf, watch } from '../cli/watch.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Breakdown } from '../domain/stats.ts';
import { type StatsView, statsText } from '../output/stats-text.ts';
import { warningsText } from '../output/warning-text.ts';

export default class Stats extends JobctlCommand {
  static override summary = 'How many jobs are where, and how old the oldest are.';
  static override description =
    'Counts per state and queue, the age of the oldest waiting and the longest running job, what ended lately.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> email --by type',
    '<%= config.bin %> <%= command.id %> --watch --every 5s',
    {
      description: 'Dead jobs of one queue, for a script',
      command: "<%= config.bin %> <%= command.id %> email --json | jq '.queues[0].counts.dead'",
    },
  ];
  static override strict = false;
  static override args = { queue: Args.string({ description: 'Queues; all of them when none is named.' }) };
  static override flags = {
    by: Flags.option({ options: ['type', 'lane', 'tenant'] as const, summary: 'Break each queue down.' })(),
    metrics: Flags.boolean({
      summary:
        'Also what a monitoring service measured, with the time of each point: on SQS the oldest age and the throughput from CloudWatch.',
    }),
    watch: Flags.boolean({ char: 'w', summary: 'Show it again and again, until Ctrl-C.', exclusive: ['json'] }),
    every: Flags.string({ summary: 'Time between two looks.', default: '2s', helpValue: 'DURATION' }),
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Stats);
    const every = everyOf(flags.every); // also where it is not used: a typo is told
    await using session = await this.open(flags);
    const page = this.page(flags);
    const { by, metrics, region } = flags;
    const look = (): Promise<StatsView> => this.look(session, argv as string[], { by, metrics, region });
    if (flags.watch) {
      await watch(
        async () => statsText(await look(), page),
        every,
        (text) => this.print(text),
      );
      return {};
    }
    const stats = await look();
    if (flags.by !== undefined && stats.queues.length > 0 && stats.queues.every(({ by }) => by === undefined))
      this.say(
        warningsText(
          { warnings: [`${stats.backend} does not tell the ${flags.by} of its jobs: nothing is broken down.`] },
          pageFor(process.stderr, flags['no-color']),
        ),
      );
    this.print(statsText(stats, page));
    for (const pause of stats.pauses ?? [])
      if (pause.overdue) {
        const warnings = [overdueText(pause, stats.asOf, this.argv)];
        this.say(warningsText({ warnings }, pageFor(process.stderr, flags['no-color'])));
      }
    return { schemaVersion: 1, ...stats };
  }

  private async look(
    session: Session,
    asked: readonly string[],
    { by, metrics, region }: { by: Breakdown | undefined; metrics: boolean; region: string | undefined },
  ): Promise<StatsView> {
    const { context, reader } = session;
    const queues = asked.length === 0 ? undefined : await knownQueues(reader, asked);
    if (metrics && reader.measures === undefined) throw unmeasured(reader.backend.name);
    const stats = await reader.stats({ queues, by, metrics });
    const asOf = await reader.now();
    const pauses = await pauseNotes(session, stats, asOf);
    return {
      context: context.name,
      backend: reader.backend.name,
      ...(region === undefined || reader.backend.name !== 'sqs' ? {} : { region }),
      asOf,
      queues: stats,
      pauses,
      measuredBy: metrics ? reader.measures : undefined,
    };
  }
}

const unmeasured = (backend: string): JobctlError =>
  new JobctlError('unsupported', `Nothing measures the queues of ${backend} besides jobctl.`, {
    next: ['jobctl stats   # counts, ages and rates come from the backend itself'],
  });
