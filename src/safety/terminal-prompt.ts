import type { Readable, Writable } from 'node:stream';
import type { Prompt } from './confirm.ts';

export interface TerminalStreams {
  readonly input: Readable;
  readonly output: Writable;
}

/** Asks on stderr, so that stdout stays the result's own. The library is loaded with the first question. */
export function terminalPrompt(streams: TerminalStreams = { input: process.stdin, output: process.stderr }): Prompt {
  return {
    async yesNo(question) {
      const { confirm, isCancel } = await import('@clack/prompts');
      const answer = await confirm({ message: question, initialValue: false, ...streams });
      return isCancel(answer) ? undefined : answer;
    },
    async text(question) {
      const { text, isCancel } = await import('@clack/prompts');
      const answer = await text({ message: question, ...streams });
      // An empty line comes back as no value at all.
      return isCancel(answer) ? undefined : (answer ?? '');
    },
  };
}
