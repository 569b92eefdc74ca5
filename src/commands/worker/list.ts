import { JobctlCommand } from '../../cli/base-command.ts';
import { JobctlError } from '../../domain/errors.ts';
import { giveBack, workersText } from '../../output/workers-text.ts';

export default class WorkerList extends JobctlCommand {
  static override summary = 'List the workers: their last sign of life, and the jobs they have.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'The silent ones',
      command: '<%= config.bin %> <%= command.id %> --json | jq ".workers[] | select(.silent)"',
    },
  ];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(WorkerList);
    await using session = await this.open(flags);
    const { reader } = session;
    const workers = await reader.workers?.();
    const { name, workersNote: note } = reader.backend;
    if (workers === undefined) {
      const why = note === undefined ? '' : ` ${note}`;
      throw new JobctlError('unsupported', `${name} does not tell of its workers.${why}`, {
        next: ['jobctl job list --state active   # the jobs that they have'],
      });
    }
    this.print(
      workersText({ workers, note, now: await reader.now(), next: this.following([giveBack]) }, this.page(flags)),
    );
    return { schemaVersion: 1, workers, note };
  }
}
