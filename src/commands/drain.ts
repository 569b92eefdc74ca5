import { Args, Flags } from '@oclif/core';
import { drainQueues } from '../cli/drain-queues.ts';
import { namedQueues } from '../cli/target-queues.ts';
import { WriteCommand, type WriteFlags } from '../cli/write-command.ts';
import { ExitCode } from '../domain/errors.ts';
import { drainText } from '../output/drain-text.ts';

export default class Drain extends WriteCommand {
  static override summary = 'Wait until the workers have emptied a queue, or take its jobs out.';
  static override description =
    'Only looks: it waits until nothing waits and nothing runs, and says by its exit code whether that came in time (0 or 9). With --evacuate the jobs that would run are taken out into a backup at once; restore --as-was brings them back.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email --within 10m',
    {
      description: 'A maintenance window: after pause, until the running jobs have ended',
      command: '<%= config.bin %> <%= command.id %> email --active-only && ./migrate',
    },
    {
      description: 'Put what waits aside',
      command: '<%= config.bin %> <%= command.id %> email --evacuate --confirm email',
    },
  ];
  static override strict = false;
  static override args = { queue: Args.string({ required: true, description: 'Queues to drain.' }) };
  static override flags = {
    within: Flags.string({ summary: 'Wait at most this long.', default: '30m', helpValue: 'DURATION' }),
    every: Flags.string({ summary: 'Time between two looks.', default: '1s', helpValue: 'DURATION' }),
    'include-delayed': Flags.boolean({ summary: 'Also wait for jobs that are not due yet.' }),
    'active-only': Flags.boolean({ summary: 'Only until no job runs: for a queue that is paused.' }),
    evacuate: Flags.boolean({
      summary: 'Take out what waits or is delayed, into a backup.',
      exclusive: ['include-delayed', 'active-only'],
    }),
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Drain);
    const names = argv as string[];
    if (flags.evacuate) return await this.evacuate(names, flags);
    await using session = await this.open(flags);
    const { reader, context } = session;
    const queues = await namedQueues(reader, names);
    const { within, every } = flags;
    const order = { queues, includeDelayed: flags['include-delayed'], activeOnly: flags['active-only'] };
    const ended = await drainQueues(reader, { ...order, within, every }, (text) => this.say(text));
    const shown = { context: context.name, ...order, ...ended };
    this.print(drainText(shown, this.page(flags)));
    if (!ended.drained) process.exitCode = ended.stopped === 'cancelled' ? ExitCode.cancelled : ExitCode.timeout;
    return { schemaVersion: 1, ...shown };
  }

  private async evacuate(names: readonly string[], flags: WriteFlags): Promise<unknown> {
    return await this.act(flags, async ({ reader }) => {
      const queues = await namedQueues(reader, names);
      const stats = await reader.stats({ queues });
      // what is in a state that nobody here knows is never written to
      const isKnown = stats.every(({ other }) => Object.keys(other).length === 0);
      const states = ['waiting', 'delayed', ...(isKnown ? (['blocked'] as const) : [])] as const;
      return { verb: 'evacuate', queues, states, action: { verb: 'remove' } };
    });
  }
}
