import { Flags } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { runsPlace } from '../../cli/places.ts';
import { fromDate } from '../../domain/instant.ts';
import { runsText } from '../../output/runs-text.ts';
import { listRuns } from '../../safety/run-list.ts';

export default class RunList extends JobctlCommand {
  static override summary = 'What jobctl has done from this machine, unfinished runs first.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json | jq \'.runs[] | select(.state == "unfinished")\'',
  ];
  static override flags = {
    limit: Flags.integer({ summary: 'At most this many.', default: 20, min: 1 }),
    queue: Flags.string({ char: 'q', summary: 'Only runs on this queue.', helpValue: 'QUEUE' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(RunList);
    const all = (await listRuns(await runsPlace(flags))).filter(
      (run) =>
        (flags.queue === undefined || run.queues.includes(flags.queue)) &&
        (flags.context === undefined || run.context === flags.context),
    );
    const runs = all.slice(0, flags.limit);
    const open = runs.find((run) => run.state === 'unfinished' && !run.running);
    const next = open === undefined ? [] : this.following([`jobctl run resume ${open.id}`]);
    const more = all.length > runs.length;
    const { queue } = flags;
    this.print(runsText({ runs, more, queue, now: fromDate(new Date()), next }, this.page(flags)));
    return { schemaVersion: 1, runs, more };
  }
}
