import { Args } from '@oclif/core';
import { JobctlCommand } from '../cli/base-command.ts';
import { examine } from '../cli/examine.ts';
import { knownQueues, openSession } from '../cli/session.ts';
import { ExitCode } from '../domain/errors.ts';
import { doctorText } from '../output/doctor-text.ts';

export default class Doctor extends JobctlCommand {
  static override summary = 'What is set up in a way that will hurt: time-outs, retention, batches, tables.';
  static override description =
    'Only looks, and receives nothing. It judges the set-up, not the jobs of this hour. Exit code 10 when something was found.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> email',
    {
      description: 'What a CI step stumbles over',
      command: '<%= config.bin %> <%= command.id %> --json | jq \'.findings[] | select(.severity == "problem")\'',
    },
  ];
  static override strict = false;
  static override args = { queue: Args.string({ description: 'Queues; all of them when none is named.' }) };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Doctor);
    const all = { ...flags, json: this.jsonEnabled() };
    await using session = await openSession(all, { tell: this.sayHowFar });
    const { context, reader } = session;
    const queues = argv.length === 0 ? undefined : await knownQueues(reader, argv as string[]);
    const { name: backend, where } = reader.backend;
    const found = { context: context.name, backend, where, ...(await examine(session, all, queues)) };
    this.print(doctorText(found, this.page(flags)));
    if (found.findings.length > 0) process.exitCode = ExitCode.findings;
    return { schemaVersion: 1, ...found, ok: found.findings.length === 0 };
  }
}
