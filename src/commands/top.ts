import { Args, Flags } from '@oclif/core';
import { JobctlCommand } from '../cli/base-command.ts';
import { intervalOf, openDesks } from '../cli/desks.ts';
import type { globalFlags } from '../cli/flags.ts';
import { knowsUnicode, suspendSelf } from '../cli/suspend.ts';
import { ExitCode } from '../domain/errors.ts';
import { plainStyle } from '../output/page.ts';
import type { Desk } from '../top/desk.ts';
import { lookOnce, onceJson, onceText } from '../top/once.ts';
import type { Look } from '../top/views/look.ts';

/** On all other commands it is one. */
const contexts = Flags.string({
  char: 'c',
  summary: 'Context to show; repeatable.',
  helpValue: 'NAME',
  helpGroup: 'GLOBAL',
  multiple: true,
});

export default class Top extends JobctlCommand {
  static override summary = 'The queues on one screen, live; look into them and act on them.';
  static override description =
    'The worst queue first. Opens a queue, its dead jobs by cause, single jobs, and what was changed from here. Everything it changes goes the way of the commands: plan, question, backup, report, undo. Writing is locked until W. Without a terminal it prints the overview once.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    { description: 'Only some of the queues', command: '<%= config.bin %> <%= command.id %> email' },
    '<%= config.bin %> <%= command.id %> -c prod -c staging --every 5s',
    { description: 'As text, or for a script', command: '<%= config.bin %> <%= command.id %> --once --json' },
  ];
  static override args = {
    queue: Args.string({ description: 'Only queues whose name contains this; / changes it.' }),
  };
  static override flags = {
    context: contexts as unknown as typeof globalFlags.context,
    every: Flags.string({
      summary: 'Time between two looks; a slow backend is asked less often.',
      default: '2s',
      helpValue: 'DURATION',
    }),
    write: Flags.boolean({ summary: 'Unlock writing from the start, where the context allows it.' }),
    once: Flags.boolean({ summary: 'Print the overview as text and end.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Top);
    const filter = args.queue;
    const context = flags.context as unknown as string[] | undefined;
    const everyMs = intervalOf(flags.every);
    const desks: readonly Desk[] = await openDesks({ ...flags, context, json: this.jsonEnabled() });
    const page = this.page(flags);
    const { stdout, stdin, env } = process;
    const look: Look = { ...page, colour: page.style !== plainStyle, unicode: knowsUnicode(env) };
    try {
      if (flags.once || this.jsonEnabled() || !stdout.isTTY || !stdin.isTTY || env['TERM'] === 'dumb') {
        const state = await lookOnce(desks, page.width, filter);
        this.print(onceText(state, look, page));
        if (state.places.some(({ failure }) => failure !== undefined)) process.exitCode = ExitCode.unreachable;
        return onceJson(state);
      }
      const { runTop } = await import('../top/terminal.tsx');
      const { write: unlocked } = flags;
      const code = await runTop({ desks, look, everyMs, unlocked, filter, stdout, stdin, suspend: suspendSelf });
      if (code !== 0) this.exit(code); // whatever still waits for an answer is left
      return {};
    } finally {
      await Promise.all(desks.map((desk) => desk.close()));
    }
  }
}
