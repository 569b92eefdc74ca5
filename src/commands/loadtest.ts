import { Args, Flags } from '@oclif/core';
import { loadTest } from '../cli/load-test.ts';
import { RunCommand } from '../cli/run-command.ts';
import { ExitCode } from '../domain/errors.ts';
import { loadText } from '../output/load-text.ts';

export default class LoadTest extends RunCommand {
  static override summary = 'Add jobs at a steady rate, time them, take them away again.';
  static override description =
    'For a queue whose workers may be loaded: never in a protected context. Follows some of the jobs to their ends and tells how long they waited and ran. What it added and no worker has is removed at the end, also after Ctrl-C. Exit code 0 when the workers kept up, 9 when they did not within the time, 10 when jobs died.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email --rate 200/s --duration 60s --confirm email',
    '<%= config.bin %> <%= command.id %> email --type email.ping --payload \'{"note":"{mark}"}\' --rate 20/s --duration 10s',
    '<%= config.bin %> <%= command.id %> email --rate 50/s --duration 30s --confirm email --json',
  ];
  static override args = { queue: Args.string({ required: true, description: 'Queue to load.' }) };
  static override flags = {
    rate: Flags.string({ summary: 'So many jobs: 200/s, 600/m.', default: '10/s', helpValue: 'RATE' }),
    duration: Flags.string({ summary: 'For this long.', default: '30s', helpValue: 'DURATION' }),
    type: Flags.string({ summary: 'Type of the jobs; the name of the queue when missing.', helpValue: 'TYPE' }),
    payload: Flags.string({
      summary: 'Their payload; {mark} becomes a mark of each job.',
      default: '{}',
      helpValue: 'JSON',
    }),
    within: Flags.string({
      summary: 'The workers must be done so long after the last job.',
      default: '60s',
      helpValue: 'DURATION',
    }),
  };

  protected override readonly hangUpStops = true;
  protected override readonly stopText = 'Stopping; what no worker has is taken away again.';

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(LoadTest);
    const { rate, duration, type, payload, within, reason } = flags;
    // the rate is that of the jobs that are added, not of what is taken away afterwards
    return await this.inSession({ ...flags, rate: undefined }, async (session, ports, pace) => {
      const order = { queue: args.queue, type, payload, rate, duration, within, reason };
      const load = await loadTest(session, ports, pace, order, (text) => this.say(text));
      if (!('times' in load)) {
        this.tell(load, flags, pace.signal);
        return load;
      }
      this.print(loadText(load, this.page(flags)));
      if (load.ended === 'stopped') process.exitCode = ExitCode.cancelled;
      else if (load.added < load.asked.jobs) process.exitCode = ExitCode.partial;
      else if (load.ended === 'timeout') process.exitCode = ExitCode.timeout;
      else if (load.died > 0) process.exitCode = ExitCode.findings;
      else if (!load.ok) process.exitCode = ExitCode.partial;
      return { schemaVersion: 1, ...load };
    });
  }
}
