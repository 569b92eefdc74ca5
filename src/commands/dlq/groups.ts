import { Args, Flags } from '@oclif/core';
import { afterGroups } from '../../cli/after-groups.ts';
import { JobctlCommand } from '../../cli/base-command.ts';
import { compileTests, readSelection } from '../../cli/criteria.ts';
import { selectionFlags } from '../../cli/flags.ts';
import { knownQueues } from '../../cli/session.ts';
import { refuseUntoldGroups } from '../../cli/untold.ts';
import { groupDead } from '../../operations/group-dead.ts';
import { groupsOf } from '../../operations/next-steps.ts';
import { groupsText } from '../../output/groups-text.ts';

export default class DlqGroups extends JobctlCommand {
  static override summary = 'Dead jobs by cause: what they have in common, how many, since when.';
  static override description =
    'A group has a stable id, the same tomorrow and on any machine; every command that selects jobs takes it as --group.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> email',
    '<%= config.bin %> <%= command.id %> email --by type --newer-than 1h',
    { description: 'Then act on one of them', command: '<%= config.bin %> replay email --group g-3f9a5c21 --dry-run' },
  ];
  static override args = { queue: Args.string({ description: 'Queue; all queues when missing.' }) };
  static override flags = {
    ...selectionFlags,
    by: Flags.option({
      options: ['error', 'type', 'tenant', 'lane'] as const,
      default: 'error' as const,
      summary: 'What to group by.',
    })(),
    scan: Flags.integer({ summary: 'Look at no more than this many dead jobs.', min: 1 }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(DlqGroups);
    await using session = await this.openToLook(flags);
    const { reader, adapter } = session;
    refuseUntoldGroups(reader.backend, flags.by);
    const queues = await knownQueues(reader, args.queue === undefined ? [] : [args.queue]);
    const selection = await readSelection(flags, queues, ['dead'], reader);
    const bounds = { by: flags.by, scan: flags.scan };
    const { unmet, ...found } = await groupDead(reader, selection, await compileTests(selection), bounds);
    if (unmet !== undefined) this.warned(unmet, flags);
    const { errorsNote } = reader.backend;
    if (errorsNote !== undefined && found.groups.length > 0) this.say(errorsNote);
    const queue = args.queue ?? 'all queues';
    const next = this.following([
      ...afterGroups(found.groups, adapter.can.replay.level === 'none' ? undefined : args.queue, flags.by),
      ...(unmet === undefined || args.queue === undefined || found.groups.length === 0 ? [] : [again(args.queue)]),
    ]);
    this.print(groupsText({ ...found, by: flags.by, queue, now: await reader.now(), next }, this.page(flags)));
    return { schemaVersion: 1, queue: args.queue, ...found };
  }
}

/** What was met stands before the rest. */
const again = (queue: string): string =>
  `${groupsOf([queue])}   # once a part of them went (replay or dlq purge, with --limit or --group): it meets others then`;
