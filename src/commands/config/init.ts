import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { configTemplate } from '../../config/template.ts';
import { JobctlError } from '../../domain/errors.ts';
import { whyNot } from '../../domain/file-fault.ts';

export default class ConfigInit extends JobctlCommand {
  static override summary = 'Write a commented jobctl.yaml to start from.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --file ops/jobctl.yaml',
  ];
  static override flags = {
    file: Flags.string({ summary: 'Where to write it.', default: 'jobctl.yaml', helpValue: 'FILE' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ConfigInit);
    const path = resolve(flags.file);
    try {
      await mkdir(dirname(path), { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code !== 'EEXIST') throw cause; // a file where the folder should be: opening says so
      });
      await using file = await open(path, 'wx', 0o644);
      await file.writeFile(configTemplate);
    } catch (cause) {
      const taken = (cause as NodeJS.ErrnoException).code === 'EEXIST';
      throw new JobctlError(
        'usage',
        taken ? `${path} is there already; it was left as it is.` : `${path} cannot be written: ${whyNot(cause)}.`,
        { next: ['Choose another place: --file FILE'], cause },
      );
    }
    this.print(`Wrote ${path}.`);
    this.say('next: edit it, then: jobctl config check');
    return { schemaVersion: 1, file: path };
  }
}
