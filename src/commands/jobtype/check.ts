import { Args, Flags } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { payloadCheck } from '../../cli/job-types.ts';
import { knownQueues } from '../../cli/session.ts';
import { ExitCode, JobctlError } from '../../domain/errors.ts';
import { auditPayloads } from '../../operations/payloads.ts';
import { payloadAuditText } from '../../output/payload-audit-text.ts';

export default class JobtypeCheck extends JobctlCommand {
  static override summary = 'Do the payloads of waiting and dead jobs fit the schemas of their types?';
  static override description =
    'Exit code 10 when one does not. It names the path of what is wrong, never a value. Before a deploy it tells what the new workers will choke on; afterwards replay --valid-only leaves those alone.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> email --limit 500 --json',
  ];
  static override args = { queue: Args.string({ description: 'Only this queue.' }) };
  static override flags = {
    limit: Flags.integer({ summary: 'Name at most this many jobs.', min: 1, default: 50 }),
    'max-scan': Flags.integer({ summary: 'Look at no more jobs than this.', min: 1, default: 100_000 }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(JobtypeCheck);
    await using session = await this.openToLook(flags);
    const { reader, context } = session;
    if (!Object.values(context.jobTypes).some(({ payload }) => payload !== undefined)) {
      throw new JobctlError('usage', 'No job type of the configuration has a payload schema.', {
        next: ['Write one under jobTypes.TYPE.payload in jobctl.yaml.', 'jobctl jobtype list'],
      });
    }
    const check = await payloadCheck(context.jobTypes);
    const queues = await knownQueues(reader, args.queue === undefined ? [] : [args.queue]);
    const selection = { queues, states: ['waiting', 'delayed', 'blocked', 'dead'] as const };
    const bounds = { limit: flags.limit, maxScan: flags['max-scan'] };
    const looked = await auditPayloads(reader, selection, check, bounds);
    const audit = { ...looked, complete: looked.complete && !(await this.missedSome(reader, selection, flags)) };
    const shown = { context: context.name, queues, ...audit, more: audit.invalid > audit.findings.length };
    this.print(payloadAuditText(shown, this.page(flags)));
    const ok = audit.invalid === 0;
    if (!ok) process.exitCode = ExitCode.findings;
    return { schemaVersion: 1, ok, ...shown };
  }
}
