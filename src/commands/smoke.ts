import { Args, Flags } from '@oclif/core';
import { waitOf } from '../cli/flags.ts';
import { publishSmoke, refuseUnreported } from '../cli/publish-smoke.ts';
import { RunCommand } from '../cli/run-command.ts';
import { smokeQueue } from '../cli/smoke-queue.ts';
import { pageFor } from '../cli/terminal.ts';
import { ExitCode } from '../domain/errors.ts';
import { causeOf, smokeText } from '../output/smoke-text.ts';
import { warningsText } from '../output/warning-text.ts';

export default class Smoke extends RunCommand {
  static override summary = 'Add one job, see it run, take it away again: after a deploy.';
  static override description =
    'Exit code 0 when it completed in time and nothing else died meanwhile, 9 when it did not end in time, 10 otherwise. Type, payload, time, reply queue and log pattern may stand in the configuration: queues.QUEUE.smoke. Where completed jobs are not kept (SQS), it has completed once the queue is empty and it is not among the dead; with --reply-queue once its worker has answered: the message has the attributes ReplyTo, the URL of that queue, and CorrelationId, which the answer must carry; with --log-pattern once a line with that text stands in the log of a Lambda function that consumes the queue. Appends to $GITHUB_STEP_SUMMARY where that is set.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email --yes',
    '<%= config.bin %> <%= command.id %> email --type email.ping --payload \'{"note":"{mark}"}\' --within 2m --yes',
    '<%= config.bin %> <%= command.id %> email --reply-queue smoke-replies --yes',
    '<%= config.bin %> <%= command.id %> email --log-pattern "done {mark}" --yes',
    { description: 'In CI', command: '<%= config.bin %> <%= command.id %> email --yes --json --junit smoke.xml' },
  ];
  static override args = { queue: Args.string({ required: true, description: 'Queue to try.' }) };
  static override flags = {
    type: Flags.string({ summary: 'Type of the job; the name of the queue when missing.', helpValue: 'TYPE' }),
    payload: Flags.string({ summary: 'Its payload; {mark} becomes a mark of that job alone.', helpValue: 'JSON' }),
    within: Flags.string({
      summary: 'It must end within this time; 60s when missing. --timeout alone says the same.',
      helpValue: 'DURATION',
    }),
    'reply-queue': Flags.string({
      summary: 'SQS: queue in which its worker answers, by name, URL or ARN.',
      helpValue: 'QUEUE',
    }),
    'log-pattern': Flags.string({
      summary:
        'SQS with Lambda: plain text of the line that is logged when it is done; {mark} or {id} of the job must be in it.',
      helpValue: 'TEXT',
      exclusive: ['reply-queue'],
    }),
    junit: Flags.string({ summary: 'Write a JUnit report.', helpValue: 'FILE' }),
  };

  protected override readonly hangUpStops = true;
  protected override stopText = 'Stopping to wait; the job is taken away if no worker has it.';

  async run(): Promise<unknown> {
    const { args, flags, metadata } = await this.parse(Smoke);
    const { type, payload, reason } = flags;
    const within = waitOf(flags, metadata);
    if (!flags['dry-run']) await refuseUnreported(flags.junit);
    return await this.inSession(flags, async (session, ports, pace) => {
      const signs = { replyQueue: flags['reply-queue'], logPattern: flags['log-pattern'] };
      const order = { queue: args.queue, type, payload, within, ...signs, reason };
      const smoke = await smokeQueue(session, ports, pace, order, (text) => this.say(text));
      if (!('checks' in smoke)) {
        this.tell(smoke, flags, pace.signal);
        return smoke;
      }
      this.print(
        smokeText(
          { ...smoke, next: this.following(smoke.ok ? [] : causeOf(this.typed([smoke.queue]))) },
          this.page(flags),
        ),
      );
      if (smoke.ended === 'stopped') process.exitCode = ExitCode.cancelled;
      else if (smoke.ended === 'timeout') process.exitCode = ExitCode.timeout;
      else if (!smoke.ok) process.exitCode = ExitCode.findings;
      const { warnings, reported } = await publishSmoke(smoke, flags.junit, process.env);
      if (warnings.length > 0) this.say(warningsText({ warnings }, pageFor(process.stderr, flags['no-color'])));
      if (!reported && smoke.ok) process.exitCode = ExitCode.unexpected;
      return { schemaVersion: 1, ...smoke };
    });
  }
}
