import { Flags } from '@oclif/core';
import { backupOf } from '../../cli/backups.ts';
import { JobctlCommand } from '../../cli/base-command.ts';
import { runsPlace } from '../../cli/places.ts';
import { fromDate } from '../../domain/instant.ts';
import { type BackupRow, backupsText } from '../../output/backups-text.ts';
import { runsFolder } from '../../safety/run-folder.ts';
import { listRuns } from '../../safety/run-list.ts';

export default class BackupList extends JobctlCommand {
  static override summary = 'What was saved before each change, newest first.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --queue email',
  ];
  static override flags = {
    limit: Flags.integer({ summary: 'At most this many.', default: 20, min: 1 }),
    queue: Flags.string({ char: 'q', summary: 'Only backups of this queue.', helpValue: 'QUEUE' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(BackupList);
    const stateDir = await runsPlace(flags);
    const runs = (await listRuns(stateDir)).filter(
      (run) => flags.queue === undefined || run.queues.includes(flags.queue),
    );
    const all = (await Promise.all(runs.map((run) => backupOf(stateDir, run)))).filter(
      (row): row is BackupRow => row !== undefined,
    );
    const backups = all.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, flags.limit);
    const more = all.length > backups.length;
    const folder = runsFolder(stateDir);
    const next =
      backups[0] === undefined
        ? []
        : this.following([`jobctl backup show ${backups[0].run}`, `jobctl restore ${backups[0].run} --dry-run`]);
    const { queue } = flags;
    this.print(backupsText({ backups, more, folder, queue, now: fromDate(new Date()), next }, this.page(flags)));
    return { schemaVersion: 1, folder, backups, more };
  }
}
