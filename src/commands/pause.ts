import { Args, Flags } from '@oclif/core';
import { planFlags } from '../cli/flags.ts';
import { endPause } from '../cli/pause-window.ts';
import { RunCommand } from '../cli/run-command.ts';
import { switchQueues } from '../cli/switch-queues.ts';
import { namedQueues } from '../cli/target-queues.ts';
import { ExitCode, JobctlError } from '../domain/errors.ts';

export default class Pause extends RunCommand {
  static override summary = 'Stop the workers from taking jobs from a queue.';
  static override description =
    'By the means of the backend, or by the commands that the configuration names for the queue. Jobs that run go on to their end; drain --active-only waits for them. With --for it waits and resumes by itself; Ctrl-C then resumes at once.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email --reason "mail provider is down" --yes',
    {
      description: 'Half an hour, resumed by itself',
      command: '<%= config.bin %> <%= command.id %> email --for 30m --yes',
    },
    {
      description: 'The same without waiting: stats says so when the time has passed',
      command: '<%= config.bin %> <%= command.id %> email --for 30m --detach --yes',
    },
  ];
  static override strict = false;
  static override args = { queue: Args.string({ required: true, description: 'Queues to pause.' }) };
  static override flags = {
    ...planFlags,
    for: Flags.string({ summary: 'Resume after this long.', helpValue: 'DURATION' }),
    detach: Flags.boolean({
      summary: 'Do not wait. Nothing resumes it, but stats and top point it out when the time is over.',
      dependsOn: ['for'],
    }),
    within: Flags.string({
      summary: 'SQS: wait at most this long until Lambda has done it; then exit code 9.',
      default: '3m',
      helpValue: 'DURATION',
    }),
    schedules: Flags.boolean({
      summary: 'Also the schedules that feed the queue; resume starts them again.',
    }),
  };

  /** Whoever closes the terminal over a wait wants the workers back. */
  protected override readonly hangUpStops = true;
  protected override stopText = 'A pause with --for is ended at once. Press Ctrl-C again to leave without that.';

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Pause);
    if (flags['plan-out'] !== undefined && flags.for !== undefined && !flags.detach)
      throw new JobctlError('usage', 'A plan cannot wait for the end of the pause.', {
        next: ['Add --detach: stats and top say when the time is over.'],
      });
    return await this.inSession(flags, async (session, ports, pace) => {
      const queues = await namedQueues(session.reader, argv as string[]);
      const order = { queues, reason: flags.reason, timeout: flags.timeout, for: flags.for };
      const paused = await switchQueues(session, ports, pace, {
        ...order,
        verb: 'pause',
        to: 'paused',
        schedules: flags.schedules,
      });
      this.tell(paused, flags, pace.signal);
      if (order.for === undefined || flags.detach || paused.outcomes.done === 0) return paused;
      const say = (text: string): void => this.say(text);
      const resumed = await endPause(session, ports, pace, { ...order, for: order.for }, say);
      this.tell(resumed, flags, pace.signal);
      if (pace.signal.aborted) process.exitCode = ExitCode.cancelled;
      return { ...paused, resumed };
    });
  }
}
