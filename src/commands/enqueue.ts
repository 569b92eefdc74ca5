import { Args, Flags } from '@oclif/core';
import { addJobs } from '../cli/add-jobs.ts';
import { planFlags, writeFlags } from '../cli/flags.ts';
import { newJobs } from '../cli/new-jobs.ts';
import { RunCommand } from '../cli/run-command.ts';

export default class Enqueue extends RunCommand {
  static override summary = 'Add jobs to a queue, checked against their type.';
  static override description =
    'Checks each payload against the JSON Schema that jobTypes gives its type, before anything is sent: one bad job and none is added. A job whose idempotency key waits already is left out. What was added can be taken back with undo until a worker begins it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email email.send --payload \'{"to":"ada@example.org"}\' --yes',
    {
      description: 'A payload a line',
      command: '<%= config.bin %> <%= command.id %> email email.send --file payloads.ndjson --dry-run',
    },
    {
      description: 'A job a line: {"type":"email.send","payload":{…},"delay":"5m"}',
      command: 'cat jobs.ndjson | <%= config.bin %> <%= command.id %> email --file - --skip-invalid --yes',
    },
  ];
  static override args = {
    queue: Args.string({ required: true, description: 'Queue to add to.' }),
    type: Args.string({
      description: 'Type of the jobs; the name of the queue, or what each line says, when missing.',
    }),
  };
  static override flags = {
    ...planFlags,
    payload: Flags.string({ summary: 'Payload of one job; {} when missing.', helpValue: 'JSON', exclusive: ['file'] }),
    file: Flags.string({ summary: 'File with a payload, or a job, a line; - is stdin.', helpValue: 'FILE' }),
    delay: Flags.string({ summary: 'Not before this long from now.', helpValue: 'DURATION' }),
    priority: Flags.integer({ summary: 'Priority, in the direction of the backend.' }),
    lane: Flags.string({ summary: 'Lane: lock, named queue or group.', helpValue: 'NAME' }),
    tenant: Flags.string({ summary: 'Tenant, where the backend keeps one.', helpValue: 'NAME' }),
    key: Flags.string({ summary: 'Idempotency key, in place of that of the type.', helpValue: 'KEY' }),
    'max-attempts': Flags.integer({ summary: 'How often it is tried.', min: 1 }),
    'skip-invalid': Flags.boolean({ summary: 'Leave out what cannot be added, and add the rest.' }),
    'new-queue': Flags.boolean({ summary: 'The queue may be new.' }),
    max: writeFlags.max,
    rate: writeFlags.rate,
    batch: writeFlags.batch,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Enqueue);
    return await this.write(flags, (session, ports, pace) =>
      addJobs(session, ports, pace, {
        verb: 'enqueue',
        queue: args.queue,
        jobs: newJobs(args.queue, args.type, flags),
        skipInvalid: flags['skip-invalid'],
        newQueue: flags['new-queue'],
        reason: flags.reason,
      }),
    );
  }
}
