import { loadConfig } from '../config/load.ts';
import { fromDate } from '../domain/instant.ts';
import type { Redact } from '../output/job-view.ts';
import { appendAudit } from '../safety/audit.ts';
import { operator } from '../safety/operator.ts';
import { type RedactOptions, redactor } from '../safety/redact.ts';

interface Asked {
  readonly 'show-sensitive'?: boolean | undefined;
}

/** What hides secrets. Seeing them is recorded before anything is shown. */
export async function redaction(
  flags: Asked,
  options: RedactOptions,
  context: string,
  stateDir: string,
): Promise<Redact> {
  if (flags['show-sensitive'] !== true) return redactor(options);
  const when = fromDate(new Date());
  await appendAudit(stateDir, {
    time: when,
    ...operator(process.env),
    context,
    queues: [],
    verb: 'show',
    command: process.argv.slice(2),
    outcome: 'shown',
    exitCode: 0,
    showSensitive: true,
  });
  return (value) => value;
}

/** The same where no context is opened: the rules of the configuration as a whole. */
export async function redactorFor(
  flags: Asked & { readonly config?: string | undefined },
  stateDir: string,
): Promise<Redact> {
  const config = await loadConfig({ flag: flags.config, env: process.env, folder: process.cwd() });
  return await redaction(flags, config.redact, '-', stateDir);
}
