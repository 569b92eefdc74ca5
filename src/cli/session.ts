import { setTimeout as sleep } from 'node:timers/promises';
import { type Opening, openAdapter, openSchemaAdmin } from '../adapters/registry.ts';
import { paced } from '../adapters/wrap/paced.ts';
import { readOnly } from '../adapters/wrap/read-only.ts';
import { timed } from '../adapters/wrap/timed.ts';
import { placeOf } from '../config/backend-url.ts';
import { type Context, inRegion, resolveContext } from '../config/context.ts';
import { readCurrentContext } from '../config/current-context.ts';
import { parseDuration } from '../config/duration.ts';
import { type Config, loadConfig } from '../config/load.ts';
import type { QueueAdapter, QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import type { SchemaAdmin } from '../domain/schema.ts';
import type { Redact } from '../output/job-view.ts';
import { stateDirectory } from '../safety/state-directory.ts';
import { currentContextFile } from './places.ts';
import { redaction } from './redaction.ts';

export interface SessionFlags {
  readonly context?: string | undefined;
  readonly url?: string | undefined;
  readonly schema?: string | undefined;
  readonly dialect?: string | undefined;
  readonly config?: string | undefined;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly 'endpoint-url'?: string | undefined;
  readonly receive?: boolean | undefined;
  readonly timeout: string;
  /** How long a change that was accepted may take to take effect. */
  readonly within?: string | undefined;
  readonly json: boolean;
  readonly 'show-sensitive'?: boolean | undefined;
  readonly 'newer-schema'?: boolean | undefined;
}

export interface SessionOptions {
  /** Jobs a second, for writes. */
  readonly perSecond?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each call that gives work to workers. */
  readonly record?: ((jobs: number, seconds: number) => void) | undefined;
  /** Told how far a long look has come, before there is anything to show. */
  readonly tell?: ((text: string) => void) | undefined;
}

/** A context with its backend opened: all that a command needs of the world. Closing it closes the backend. */
export interface Session extends AsyncDisposable {
  readonly context: Context;
  /** For inspection: it has no write methods. */
  readonly reader: QueueReader;
  /** For the pipeline. In a readOnly context it has no write methods either. */
  readonly adapter: QueueAdapter;
  /** The same, writing at most so many jobs a second. */
  slowed(perSecond: number): QueueAdapter;
  readonly stateDir: string;
  /** Seconds that finished runs are kept; for ever when missing. */
  readonly retention?: number | undefined;
  /** Takes secrets out of what is shown, unless they were asked for. */
  readonly redact: Redact;
}

/** The composition root: context → lazy adapter → wrappers. */
export async function openSession(flags: SessionFlags, options: SessionOptions = {}): Promise<Session> {
  const { context, config, stateDir } = await findContext(flags);
  const { perSecond, signal, record, tell } = options;
  const opened = await openAdapter({ ...openingOf(flags, context), tell });
  const slowed = (most: number): QueueAdapter =>
    paced(allowed, {
      perSecond: most,
      signal,
      sleep: (ms, stop) => sleep(ms, undefined, stop === undefined ? {} : { signal: stop }),
    });
  const allowed = context.readOnly
    ? readOnly(opened, `the context ${context.name} is readOnly`, 'Use a context that may write: jobctl context list')
    : record === undefined
      ? opened
      : timed(opened, { record, now: () => performance.now() / 1000 });
  const redact = await redaction(flags, context.redact, context.name, stateDir).catch(async (error: unknown) => {
    await opened.close(); // what stays open would keep the program from ending
    throw error;
  });
  return {
    context,
    reader: readOnly(opened, 'this command only reads'),
    adapter: perSecond === undefined ? allowed : slowed(perSecond),
    slowed,
    stateDir,
    retention: config.backups.retention === undefined ? undefined : parseDuration(config.backups.retention),
    redact,
    [Symbol.asyncDispose]: () => opened.close(),
  };
}

/** What looks after the backend's own tables: opened also where there are none yet. */
export interface SchemaSession extends AsyncDisposable {
  readonly context: Context;
  readonly admin: SchemaAdmin;
  readonly stateDir: string;
}

export async function openSchemaSession(flags: SessionFlags): Promise<SchemaSession> {
  const { context, stateDir } = await findContext(flags);
  const admin = await openSchemaAdmin(openingOf(flags, context));
  return { context, admin, stateDir, [Symbol.asyncDispose]: () => admin.close() };
}

const openingOf = (flags: SessionFlags, context: Context): Opening => ({
  url: context.url,
  where: placeOf(context.url),
  schema: flags.schema ?? context.schema,
  dialect: flags.dialect ?? context.dialect,
  tables: context.tables,
  newerSchema: flags['newer-schema'],
  region: flags.region,
  profile: flags.profile ?? context.profile,
  endpoint: flags['endpoint-url'] ?? context.endpoint,
  receive: flags.receive,
  prefix: context.prefix,
  deadLetters: deadLettersOf(context),
  staleAfter: context.staleAfterSeconds,
  timeoutMs: parseDuration(flags.timeout) * 1000,
  waitMs: flags.within === undefined ? undefined : parseDuration(flags.within) * 1000,
});

const deadLettersOf = ({ queues }: Context): Opening['deadLetters'] =>
  Object.fromEntries(
    Object.entries(queues).flatMap(([name, { deadLetter }]) => {
      if (deadLetter === undefined) return [];
      return [[name, typeof deadLetter === 'string' ? { queue: deadLetter } : deadLetter]];
    }),
  );

/** The context alone, without a connection. */
export async function findContext(
  flags: Pick<SessionFlags, 'context' | 'url' | 'config' | 'region'>,
): Promise<{ context: Context; config: Config; stateDir: string }> {
  const config = await loadConfig({ flag: flags.config, env: process.env, folder: process.cwd() });
  const current = await readCurrentContext(currentContextFile(process.env));
  return {
    config,
    stateDir: stateDirectory(process.env, config.backups.folder),
    context: inRegion(flags.region, resolveContext({ flags, env: process.env, config, current })),
  };
}

/** Throws `usage`, with the nearest names, when a queue does not exist. */
export async function knownQueues(reader: QueueReader, given: readonly string[]): Promise<string[]> {
  // one that is said twice, be it by another of its names, is one queue: its jobs are counted once
  const asked = [...new Set(given)];
  const named = asked.length === 0 ? undefined : await namedOnes(reader, asked);
  if (named?.every((queue) => queue !== undefined)) return [...new Set(named as string[])];
  // where names are looked up one by one, listing them may be forbidden
  const listed = named === undefined ? reader.queues() : reader.queues().catch(() => []);
  const known = (await listed).map(({ queue }) => queue);
  const unknown = asked.find((queue, index) =>
    named === undefined ? !known.includes(queue) : named[index] === undefined,
  );
  if (unknown === undefined) return asked.length > 0 ? asked : known;
  const close = nearest(unknown, known);
  const hint =
    close.length > 0
      ? ` Did you mean ${close.join(' or ')}?`
      : known.length > 0
        ? ` There are: ${known.slice(0, 10).join(', ')}.`
        : ' There is none yet.';
  throw new JobctlError('usage', `There is no queue "${unknown}" in ${reader.backend.where}.${hint}`, {
    next: ['jobctl stats   # lists the queues'],
  });
}

/** Undefined where the backend lists its queues instead. */
async function namedOnes(reader: QueueReader, asked: readonly string[]): Promise<(string | undefined)[] | undefined> {
  if (reader.queueNamed === undefined) return undefined;
  const found: (string | undefined)[] = [];
  for (const name of asked) found.push((await reader.queueNamed(name))?.queue);
  return found;
}
