import { Args, Flags } from '@oclif/core';
import { drainQueues } from '../cli/drain-queues.ts';
import { waitOf } from '../cli/flags.ts';
import { pauseIntake, resumeIntake } from '../cli/intake.ts';
import type { Session } from '../cli/session.ts';
import { namedQueues } from '../cli/target-queues.ts';
import { WriteCommand, type WriteFlags } from '../cli/write-command.ts';
import { ExitCode, JobctlError } from '../domain/errors.ts';
import { drainText, waitOn } from '../output/drain-text.ts';

interface WaitFlags {
  readonly 'no-color'?: boolean;
  readonly within: string;
  readonly every: string;
  readonly 'include-delayed': boolean;
  readonly 'active-only': boolean;
}

interface Waited {
  readonly schemaVersion: 1;
  readonly drained: boolean;
}

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
      description: 'Nothing new comes in meanwhile; jobctl resume email ends it',
      command: '<%= config.bin %> <%= command.id %> email --pause-schedules --within 10m --yes',
    },
    {
      description: 'Put what waits aside',
      command: '<%= config.bin %> <%= command.id %> email --evacuate --confirm email',
    },
  ];
  static override strict = false;
  static override args = { queue: Args.string({ required: true, description: 'Queues to drain.' }) };
  static override flags = {
    within: Flags.string({
      summary: 'Wait at most this long; 30m when missing. --timeout alone says the same.',
      helpValue: 'DURATION',
    }),
    every: Flags.string({ summary: 'Time between two looks.', default: '1s', helpValue: 'DURATION' }),
    'include-delayed': Flags.boolean({ summary: 'Also wait for jobs that are not due yet.' }),
    'active-only': Flags.boolean({ summary: 'Only until no job runs: for a queue that is paused.' }),
    'pause-schedules': Flags.boolean({
      summary: 'First stop the schedules that feed the queue. resume starts them again; a wait in vain does so itself.',
      exclusive: ['evacuate'],
    }),
    evacuate: Flags.boolean({
      summary: 'Take out what waits or is delayed, into a backup.',
      exclusive: ['include-delayed', 'active-only'],
    }),
  };

  protected override readonly hangUpStops = true;

  async run(): Promise<unknown> {
    const { argv, flags: given, metadata } = await this.parse(Drain);
    const flags = { ...given, within: waitOf(given, metadata) ?? '30m' };
    const names = argv as string[];
    if (flags.evacuate) return await this.evacuate(names, flags);
    if (flags['plan-out'] !== undefined)
      throw new JobctlError('usage', 'To wait is nothing to be planned.', {
        next: ['--plan-out goes with --evacuate; without it drain only looks.'],
      });
    if (flags['dry-run'] && !flags['pause-schedules'])
      throw new JobctlError('usage', 'To wait changes nothing: there is nothing to try beforehand.', {
        next: [`jobctl stats ${names.join(' ')}   # what it would wait for`],
      });
    if (flags['pause-schedules']) return await this.closed(names, flags);
    await using session = await this.open(flags);
    return await this.wait(session, await namedQueues(session.reader, names), flags);
  }

  private async wait(
    { reader, context }: Session,
    queues: readonly string[],
    flags: WaitFlags,
    more: { readonly paused?: string | undefined } = {},
  ): Promise<Waited> {
    const { within, every } = flags;
    const order = { queues, includeDelayed: flags['include-delayed'], activeOnly: flags['active-only'] };
    const ended = await drainQueues(reader, { ...order, within, every }, (text) => this.say(text));
    const shown = { context: context.name, ...order, ...ended, ...more };
    const next = ended.drained ? [] : waitOn(this.typed(queues), ended.left);
    this.print(drainText({ ...shown, next: this.following(next) }, this.page(flags)));
    if (!ended.drained) process.exitCode = ended.stopped === 'cancelled' ? ExitCode.cancelled : ExitCode.timeout;
    return { schemaVersion: 1, ...shown };
  }

  /** Nothing comes in by itself while it waits. What it stopped stays so only when the queue was emptied. */
  private async closed(names: readonly string[], flags: WriteFlags & WaitFlags): Promise<unknown> {
    return await this.inSession(flags, async (session, ports, pace) => {
      const queues = await namedQueues(session.reader, names);
      const order = { queues, reason: flags.reason, timeout: flags.timeout };
      const paused = await pauseIntake(session, ports, pace, order);
      if (paused.dryRun || !paused.complete) {
        this.tell(paused, flags, pace.signal);
        return paused;
      }
      const reopen = async (): Promise<void> => {
        if (paused.run === undefined) return;
        const { run } = await resumeIntake(session, ports, pace, order);
        this.say(`The schedules were started again (${run}).`);
      };
      try {
        const ended = await this.wait(session, queues, flags, { paused: paused.run });
        if (!ended.drained) await reopen();
        return { ...ended, ...(ended.drained || paused.run === undefined ? {} : { resumed: true }) };
      } catch (error) {
        await reopen();
        throw error;
      }
    });
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
