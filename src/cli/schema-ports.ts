import { ExitCode, JobctlError } from '../domain/errors.ts';
import { fromDate } from '../domain/instant.ts';
import type { SchemaPorts } from '../operations/apply-schema.ts';
import type { Page } from '../output/page.ts';
import { schemaPlanText } from '../output/schema-text.ts';
import { appendAudit } from '../safety/audit.ts';
import { asker, type ConfirmOptions } from '../safety/confirm.ts';
import { operator } from '../safety/operator.ts';
import { terminalPrompt } from '../safety/terminal-prompt.ts';
import type { SchemaSession } from './session.ts';
import { isAttended } from './terminal.ts';

export interface SchemaPortOptions extends Omit<ConfirmOptions, 'tty' | 'prompt'> {
  /** The page of stderr, where the plan goes. */
  readonly page: Page;
  readonly say: (text: string) => void;
  readonly reason?: string | undefined;
}

/** The real world behind `schema apply`. */
export function schemaPorts({ context, stateDir }: SchemaSession, options: SchemaPortOptions): SchemaPorts {
  const { page, say, reason } = options;
  const ask = asker({ ...options, tty: isAttended() && !options.json, prompt: terminalPrompt() });
  return {
    show: (plan, dryRun) => say(schemaPlanText({ ...plan, dryRun }, page)),
    confirm: ({ where, library }) =>
      ask({
        name: context.name,
        question:
          library?.from === undefined
            ? `Create the queue's tables at ${where} (context ${context.name})?`
            : `Migrate the tables of ${library.dialect} at ${where} (context ${context.name})?`,
        severe: true,
      }),
    audit: (ended) =>
      appendAudit(stateDir, {
        time: fromDate(new Date()),
        ...operator(process.env),
        context: context.name,
        queues: [],
        verb: 'schema apply',
        command: process.argv.slice(2),
        reason,
        outcome: ended instanceof Error ? ended.message : `${ended.backend} ${ended.version} applied`,
        exitCode:
          ended instanceof JobctlError ? ended.exitCode : ended instanceof Error ? ExitCode.unexpected : ExitCode.done,
      }).catch((error: Error) => say(`The audit log could not be written: ${error.message}`)),
  };
}
