import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { JobctlError } from '../domain/errors.ts';
import { type ConfigIssue, type ReadConfig, readConfigFile } from './config-file.ts';
import type { ConfigFile, ContextEntry, JobTypeEntry, NotifyEntry, QueueEntry, RedactEntry } from './schema.ts';

export type { ContextEntry, JobTypeEntry, NotifyEntry, QueueEntry, RedactEntry };

export interface Places {
  /** The value of `--config`. */
  readonly flag?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Where the search upwards begins. */
  readonly folder: string;
}

/** All configuration that applies. Values are as written: `${VARIABLE}` is filled in when a context is used. */
export interface Config {
  readonly default?: string | undefined;
  readonly contexts: Readonly<Record<string, ContextEntry>>;
  readonly redact: RedactEntry;
  readonly jobTypes: Readonly<Record<string, JobTypeEntry>>;
  readonly notify?: NotifyEntry | undefined;
  readonly backups: NonNullable<ConfigFile['backups']>;
  /** The files that were read, the strongest last. */
  readonly files: readonly string[];
  /** `contexts.prod.url` → `/srv/shop/jobctl.yaml:4`. */
  readonly origins: ReadonlyMap<string, string>;
}

export const emptyConfig: Config = {
  contexts: {},
  redact: {},
  jobTypes: {},
  backups: {},
  files: [],
  origins: new Map(),
};

/**
 * The files that apply, the weakest first. A file that was asked for by name stands alone; otherwise the user's own comes
 * before the project's.
 */
export async function findConfigFiles(places: Places): Promise<string[]> {
  const asked = places.flag ?? (places.env['JOBCTL_CONFIG'] || undefined);
  if (asked !== undefined) return [resolve(places.folder, asked)];
  const found: string[] = [];
  const user = userConfigFile(places.env);
  if (await exists(user)) found.push(user);
  for (let folder = resolve(places.folder); ; folder = dirname(folder)) {
    const project = join(folder, 'jobctl.yaml');
    if (await exists(project)) return [...found, project];
    if (folder === dirname(folder)) return found;
  }
}

/** A relative XDG_CONFIG_HOME is ignored, as its specification demands. */
export function userConfigFile(env: NodeJS.ProcessEnv): string {
  const xdg = env['XDG_CONFIG_HOME'];
  const base = xdg && isAbsolute(xdg) ? xdg : join(env['HOME'] || homedir(), '.config');
  return join(base, 'jobctl', 'config.yaml');
}

/** Throws `usage` with every fault of every file. */
export async function loadConfig(places: Places): Promise<Config> {
  const read = await Promise.all((await findConfigFiles(places)).map(readConfigFile));
  const issues = read.flatMap((file) => file.issues);
  if (issues.length > 0) throw configError(issues);
  return read.reduce(merge, emptyConfig);
}

export function configError(issues: readonly ConfigIssue[]): JobctlError {
  return new JobctlError('usage', issues.map(issueLine).join('\n'), {
    next: ['jobctl config schema   # all keys, for your editor'],
  });
}

export const issueLine = ({ file, line, column, path, message }: ConfigIssue): string =>
  `${file}:${line}:${column}: ${message.startsWith('unknown key') || path === '' ? '' : `${path} `}${message}`;

/** A context comes whole from one file: half of one and half of another would be a third that nobody wrote. */
function merge(weak: Config, { file, value, lines }: ReadConfig): Config {
  const origins = new Map(weak.origins);
  const replaced = Object.keys(value?.contexts ?? {}).map((name) => `contexts.${name}`);
  for (const path of origins.keys())
    if (replaced.some((context) => path === context || path.startsWith(`${context}.`))) origins.delete(path);
  for (const [path, line] of lines) if (path !== '') origins.set(path, `${file}:${line}`);
  return {
    default: value?.default ?? weak.default,
    contexts: { ...weak.contexts, ...value?.contexts },
    redact: addRedaction(weak.redact, value?.redact),
    jobTypes: { ...weak.jobTypes, ...value?.jobTypes },
    notify: value?.notify ?? weak.notify,
    backups: { ...weak.backups, ...backupsOf(file, value) },
    files: [...weak.files, file],
    origins,
  };
}

const backupsOf = (file: string, value: ConfigFile | undefined): Config['backups'] => {
  const folder = value?.backups?.folder;
  return { ...value?.backups, ...(folder !== undefined && { folder: resolve(dirname(file), folder) }) };
};

/** Lists of what is hidden add up: no file can uncover what another hides. */
export const addRedaction = (weak: RedactEntry, strong: RedactEntry = {}): RedactEntry => ({
  fields: [...new Set([...(weak.fields ?? []), ...(strong.fields ?? [])])],
  paths: [...new Set([...(weak.paths ?? []), ...(strong.paths ?? [])])],
  email: weak.email === true || strong.email === true,
});

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
