import { Args, Flags } from '@oclif/core';
import { queueFlag } from '../../cli/flags.ts';
import { editedText, readPayload } from '../../cli/payload-source.ts';
import { targetQueues } from '../../cli/target-queues.ts';
import { pageFor } from '../../cli/terminal.ts';
import { WriteCommand } from '../../cli/write-command.ts';
import { JobctlError } from '../../domain/errors.ts';
import { payloadValue } from '../../domain/payload.ts';
import { diffText } from '../../output/diff-text.ts';
import { payloadText } from '../../output/job-view.ts';

export default class JobEdit extends WriteCommand {
  static override summary = 'Change the payload of a dead job.';
  static override description =
    'Opens $EDITOR, or takes the payload from a file or stdin; shows the difference, asks, saves the job, changes it. The job stays dead: replay it afterwards.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 4711',
    '<%= config.bin %> <%= command.id %> 4711 --set \'address.zip="10115"\' --yes',
    '<%= config.bin %> <%= command.id %> 4711 --file payload.json --dry-run',
  ];
  static override args = { id: Args.string({ required: true, description: 'Id of the dead job.' }) };
  static override flags = {
    ...queueFlag,
    file: Flags.string({
      summary: 'File with the whole new payload; - is stdin.',
      helpValue: 'FILE',
      exclusive: ['set'],
    }),
    set: Flags.string({
      multiple: true,
      summary: 'One field: path.to.field=JSON; repeatable.',
      helpValue: 'PATH=JSON',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(JobEdit);
    return await this.act({ ...flags, id: [args.id] }, async ({ reader, redact }) => {
      const { queue } = flags;
      const queues = queue === undefined ? undefined : await targetQueues(reader, { queue });
      const detail = await reader.find(args.id, queue);
      if (detail === undefined)
        throw new JobctlError('usage', `There is no job ${args.id} in ${reader.backend.where}.`, {
          next: ['jobctl dlq list'],
        });
      const before = detail.job.payload;
      const payload =
        flags.file === undefined && flags.set === undefined
          ? await editedText(before, !flags['no-input'])
          : await readPayload(before, flags);
      const shown = (text: string): string => payloadText(redact(payloadValue(text)));
      this.say(diffText({ before: shown(before), after: shown(payload) }, pageFor(process.stderr, flags['no-color'])));
      return {
        verb: 'edit',
        queues: queues ?? [detail.job.queue],
        states: ['dead'],
        action: { verb: 'edit', payload },
      };
    });
  }
}
