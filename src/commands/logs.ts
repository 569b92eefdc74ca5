import { Args, Flags } from '@oclif/core';
import { JobctlCommand } from '../cli/base-command.ts';
import { showFlags } from '../cli/flags.ts';
import { logsOf } from '../cli/log-lines.ts';
import { knownQueues } from '../cli/session.ts';
import { logsText } from '../output/logs-text.ts';

export default class Logs extends JobctlCommand {
  static override summary = 'What the workers of a queue have logged: on SQS the Lambda functions that consume it.';
  static override description =
    'The newest lines, in the order of time. The search is bounded; when it was cut short the answer says so. Fields that are redacted in payloads are redacted here too, where a line holds JSON.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email',
    '<%= config.bin %> <%= command.id %> email --id 8a1f0c9e-… --since 24h',
    '<%= config.bin %> <%= command.id %> email --since 1h --limit 500 --json',
  ];
  static override args = { queue: Args.string({ required: true, description: 'Queue.' }) };
  static override flags = {
    ...showFlags,
    id: Flags.string({ summary: 'Only lines that hold this text, such as the id of a job.', helpValue: 'ID' }),
    since: Flags.string({ summary: 'How far back.', default: '15m', helpValue: 'DURATION' }),
    limit: Flags.integer({ summary: 'At most this many lines, the newest.', default: 100, min: 1, max: 10_000 }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Logs);
    await using session = await this.open(flags);
    const [queue = args.queue] = await knownQueues(session.reader, [args.queue]);
    const found = await logsOf(session, { queue, id: flags.id, since: flags.since, limit: flags.limit });
    this.print(logsText({ queue, ...found }, this.page(flags)));
    return { schemaVersion: 1, queue, ...found };
  }
}
