import { Args, Flags } from '@oclif/core';
import { backupNamed } from '../../cli/backup-name.ts';
import { describe } from '../../cli/backups.ts';
import { JobctlCommand } from '../../cli/base-command.ts';
import { showFlags } from '../../cli/flags.ts';
import { runsPlace } from '../../cli/places.ts';
import { redactorFor } from '../../cli/redaction.ts';
import { fromDate } from '../../domain/instant.ts';
import { savedIn } from '../../operations/plan-return.ts';
import { backupHeadText } from '../../output/backups-text.ts';
import { type JobView, jobView } from '../../output/job-view.ts';
import { jobsText } from '../../output/jobs-text.ts';

export default class BackupShow extends JobctlCommand {
  static override summary = 'The jobs in a backup.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 20261124-034109-purge-email-k3f9',
    '<%= config.bin %> <%= command.id %> ./backup.ndjson.zst --id 4711 --json',
  ];
  static override args = {
    backup: Args.string({ required: true, description: 'The run that saved it, or the file.' }),
  };
  static override flags = {
    ...showFlags,
    id: Flags.string({ summary: 'Only this job; repeatable.', multiple: true, helpValue: 'ID' }),
    limit: Flags.integer({ summary: 'At most this many.', default: 50, min: 1 }),
    salvage: Flags.boolean({ summary: 'Show what can be read of a damaged backup.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BackupShow);
    const stateDir = await runsPlace(flags);
    const named = await backupNamed(args.backup, stateDir);
    const backup = await describe(named, stateDir);
    const redact = await redactorFor(flags, stateDir);
    const jobs: JobView[] = [];
    let more = false;
    for await (const batch of savedIn({ backup: named.path, ids: flags.id, salvage: flags.salvage }, 1)) {
      for (const { job } of batch.jobs) {
        if (jobs.length < flags.limit) jobs.push(jobView(job, redact));
        else more = true;
      }
      if (more) break;
    }
    const page = this.page(flags);
    const list = jobsText(
      {
        jobs,
        more,
        what: 'jobs in this backup that match',
        now: fromDate(new Date()),
        next: this.following([`jobctl restore ${args.backup} --dry-run`]),
      },
      page,
    );
    this.print(`${backupHeadText(backup, page)}\n\n${list}`);
    return { schemaVersion: 1, backup, jobs, more };
  }
}
