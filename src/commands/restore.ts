import { Args, Flags } from '@oclif/core';
import { backupNamed } from '../cli/backup-name.ts';
import { lostIn } from '../cli/lost-batches.ts';
import { putBack } from '../cli/put-back.ts';
import { WriteCommand } from '../cli/write-command.ts';

export default class Restore extends WriteCommand {
  static override summary = 'Bring removed jobs back from a backup.';
  static override description =
    'Recreates what is missing and never overwrites: a job that is there is left alone. What was waiting or active comes back dead, so that nothing starts by itself, unless --as-was.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 20261124-034109-purge-email-k3f9 --dry-run',
    '<%= config.bin %> <%= command.id %> ./backup.ndjson.zst --id 4711 --as-was --yes',
  ];
  static override args = {
    backup: Args.string({ required: true, description: 'The run that saved it, or the file.' }),
  };
  static override flags = {
    id: Flags.string({ summary: 'Only this job; repeatable.', multiple: true, helpValue: 'ID' }),
    'as-was': Flags.boolean({ summary: 'Jobs that were waiting or active come back so, and may start at once.' }),
    salvage: Flags.boolean({ summary: 'Take what can be read of a damaged backup.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Restore);
    return await this.write(flags, async (session, ports, pace) => {
      const { path } = await backupNamed(args.backup, session.stateDir);
      const request = {
        verb: 'restore' as const,
        via: 'restore' as const,
        asWas: flags['as-was'],
        from: { backup: path, ids: flags.id, salvage: flags.salvage },
        reason: flags.reason,
        limit: flags.limit,
        warnings: [...session.reader.backend.warnings, ...(flags.salvage ? await lostIn(path) : [])],
      };
      return await putBack(session, ports, pace, request);
    });
  }
}
