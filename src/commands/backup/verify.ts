import { Args } from '@oclif/core';
import { backupNamed } from '../../cli/backup-name.ts';
import { JobctlCommand } from '../../cli/base-command.ts';
import { runsPlace } from '../../cli/places.ts';
import { ExitCode } from '../../domain/errors.ts';
import { backupCheckText } from '../../output/backups-text.ts';
import { verifyBackup } from '../../safety/backup-reader.ts';

export default class BackupVerify extends JobctlCommand {
  static override summary = 'Read a whole backup and check every checksum.';
  static override description = 'Exit code 10 when something in it is lost.';
  static override examples = ['<%= config.bin %> <%= command.id %> 20261124-034109-purge-email-k3f9'];
  static override args = {
    backup: Args.string({ required: true, description: 'The run that saved it, or the file.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BackupVerify);
    const { path } = await backupNamed(args.backup, await runsPlace(flags));
    const check = await verifyBackup(path);
    const next = check.ok ? [] : this.following([`jobctl restore ${args.backup} --salvage --dry-run`]);
    this.print(backupCheckText({ path, ...check, next }, this.page(flags)));
    if (!check.ok && !check.torn) process.exitCode = ExitCode.findings;
    return { schemaVersion: 1, path, ...check };
  }
}
