import { JobctlError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { faultOfScheme, hasLiteralPassword, placeOf, schemeOf } from './backend-url.ts';
import { parseDuration } from './duration.ts';
import {
  addRedaction,
  type Config,
  type ContextEntry,
  type JobTypeEntry,
  type NotifyEntry,
  type QueueEntry,
  type RedactEntry,
} from './load.ts';
import { expand } from './reference.ts';
import { type Tables, tablesOf } from './tables.ts';

/** A backend and its manners, ready to be opened. */
export interface Context {
  /** As configured; without a configuration the place itself, `postgres://db:5432/jobs`. */
  readonly name: string;
  /** With its secrets: for the adapter only. */
  readonly url: string;
  /** Who decided: `--context`, `JOBCTL_URL`, `default in /srv/jobctl.yaml:2` … */
  readonly origin: string;
  readonly protected: boolean;
  readonly readOnly: boolean;
  readonly schema?: string | undefined;
  readonly dialect?: string | undefined;
  /** Redis: what the keys of all queues begin with. */
  readonly prefix?: string | undefined;
  /** SQS: profile of the AWS configuration, and where it is if not at AWS. */
  readonly profile?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly staleAfterSeconds?: number | undefined;
  /** A team's own job tables, in place of a library's. */
  readonly tables?: Tables | undefined;
  readonly redact: RedactEntry;
  readonly queues: Readonly<Record<string, QueueEntry>>;
  readonly jobTypes: Readonly<Record<string, JobTypeEntry>>;
  /** Whom to tell of runs. */
  readonly notify?: NotifyEntry | undefined;
}

export interface ContextRequest {
  readonly flags: {
    readonly context?: string | undefined;
    readonly url?: string | undefined;
    readonly region?: string | undefined;
  };
  readonly env: NodeJS.ProcessEnv;
  readonly config: Config;
  /** What `context use` chose. */
  readonly current?: string | undefined;
}

/** The variable that comes before what the configuration or `context use` chose. */
export const variableBefore = (env: NodeJS.ProcessEnv): 'JOBCTL_CONTEXT' | 'JOBCTL_URL' | undefined =>
  (['JOBCTL_CONTEXT', 'JOBCTL_URL'] as const).find((name) => env[name]);

/** Only when nothing else tells: applications set these for themselves. */
const ambient = ['JOB_QUEUE_DATABASE_URL', 'DATABASE_URL', 'REDIS_URL'];

/** Where an application's SQS is. The SDKs of AWS differ in which of them they read. */
const regions = ['AWS_REGION', 'AWS_DEFAULT_REGION'];

/** Its name alone: what follows it in a URL chooses among the queues. */
const isRegion = (name = ''): boolean => !name.includes('/') && faultOfScheme(`sqs://${name}`) === undefined;

/** flag > JOBCTL_… > `context use` > default of the configuration > its only context > --region > the application's own variables. */
export function resolveContext(request: ContextRequest): Context {
  const { flags, env, config, current } = request;
  if (flags.context && flags.url)
    throw new JobctlError('usage', '--context and --url name two backends. Give one of them.');
  if (flags.url) return fromFlag(flags.url, request);
  if (flags.context) return named(flags.context, '--context', request);
  if (env['JOBCTL_CONTEXT'] && env['JOBCTL_URL']) {
    throw new JobctlError('usage', 'JOBCTL_CONTEXT and JOBCTL_URL name two backends.', {
      next: ['unset JOBCTL_URL', 'unset JOBCTL_CONTEXT'],
    });
  }
  if (env['JOBCTL_CONTEXT']) return named(env['JOBCTL_CONTEXT'], 'JOBCTL_CONTEXT', request);
  if (env['JOBCTL_URL']) return fromUrl(env['JOBCTL_URL'], 'JOBCTL_URL', config);
  if (current) return named(current, 'context use', request);
  if (config.default)
    return named(config.default, `default in ${config.origins.get('default') ?? 'the configuration'}`, request);
  const names = Object.keys(config.contexts);
  if (names.length === 1) return named(names[0] as string, 'the only context', request);
  if (names.length > 1) {
    throw new JobctlError('usage', `Which context? There are ${names.join(', ')}.`, {
      next: names.slice(0, 3).map((name) => `jobctl context use ${name}`),
    });
  }
  if (flags.region) {
    if (!isRegion(flags.region)) throw noRegion(flags.region);
    return fromUrl(`sqs://${flags.region}`, '--region', config);
  }
  const variable = ambient.find((name) => env[name] && faultOfScheme(env[name]) === undefined);
  if (variable !== undefined) return fromUrl(env[variable] as string, variable, config);
  const region = regions.find((name) => isRegion(env[name]));
  if (region !== undefined) return fromUrl(`sqs://${env[region]}`, region, config);
  throw new JobctlError('usage', 'No backend is configured.', {
    next: [
      'jobctl config init                # writes a commented jobctl.yaml',
      'jobctl stats --url sqs://REGION   # or postgres://…, redis://…',
      'jobctl demo up                    # a throw-away server to try it on',
      'Or set JOBCTL_URL.',
    ],
  });
}

/** A flag stands in the process list and in the shell's history for all to see. */
function fromFlag(url: string, { env, config }: ContextRequest): Context {
  if (hasLiteralPassword(url)) {
    throw new JobctlError(
      'usage',
      'The password in --url would be visible in the process list and the shell history.',
      {
        next: [
          "Put the whole URL into JOBCTL_URL, or write --url 'postgres://app:${DB_PASSWORD}@db/jobs' in single quotes.",
        ],
      },
    );
  }
  return fromUrl(expand(url, env, '--url', 'flag'), '--url', config);
}

const HOW_TO_WRITE =
  'Write it like postgres://app@db.internal:5432/jobs, redis://cache.internal:6379 or sqs://eu-central-1.';

function fromUrl(url: string, origin: string, config: Config): Context {
  const fault = faultOfScheme(url);
  if (fault !== undefined) throw new JobctlError('usage', `${origin} ${fault}.`, { next: [HOW_TO_WRITE] });
  return {
    name: placeOf(url),
    url,
    origin,
    protected: false,
    readOnly: false,
    redact: addRedaction(config.redact),
    queues: {},
    jobTypes: config.jobTypes,
    notify: config.notify,
  };
}

function named(name: string, origin: string, { config, env }: ContextRequest): Context {
  const entry = Object.hasOwn(config.contexts, name) ? config.contexts[name] : undefined;
  if (entry === undefined) throw unknownContext(name, origin, config);
  const at = (key: string): string => config.origins.get(`contexts.${name}.${key}`) ?? 'the configuration';
  const filled = (key: 'url' | 'schema' | 'dialect' | 'profile' | 'endpoint', text: string): string =>
    expand(text, env, `contexts.${name}.${key}`, at(key));
  const url = filled('url', entry.url);
  const fault = faultOfScheme(url);
  if (fault !== undefined) {
    throw new JobctlError('usage', `contexts.${name}.url ${fault} (${at('url')}).`, { next: [HOW_TO_WRITE] });
  }
  return {
    name,
    url,
    origin,
    protected: entry.protected ?? false,
    readOnly: entry.readOnly ?? false,
    schema: entry.schema === undefined ? undefined : filled('schema', entry.schema),
    dialect: entry.dialect,
    prefix: entry.prefix,
    profile: entry.profile === undefined ? undefined : filled('profile', entry.profile),
    endpoint: entry.endpoint === undefined ? undefined : filled('endpoint', entry.endpoint),
    staleAfterSeconds: entry.reset?.staleAfter === undefined ? undefined : parseDuration(entry.reset.staleAfter),
    tables: entry.tables === undefined ? undefined : tablesOf(entry.tables),
    redact: addRedaction(config.redact, entry.redact),
    queues: entry.queues ?? {},
    jobTypes: { ...config.jobTypes, ...entry.jobTypes },
    notify: entry.notify ?? config.notify,
  };
}

/** The same in the region that is asked for. Where nobody gave it a name it is called by its place, and so by another. */
export function inRegion(region: string | undefined, context: Context): Context {
  const { name, url } = context;
  if (region === undefined || schemeOf(url) !== 'sqs') return context;
  if (!/^[\w-]+$/.test(region)) throw noRegion(region);
  const there = url.replace(/^(sqs:\/\/)[^/]+/i, `$1${region}`);
  return { ...context, url: there, name: name === placeOf(url) ? placeOf(there) : name };
}

const noRegion = (region: string): JobctlError =>
  new JobctlError('usage', `--region ${region} is no region of AWS.`, { next: ['Write it like eu-central-1.'] });

function unknownContext(name: string, origin: string, config: Config): JobctlError {
  const names = Object.keys(config.contexts);
  if (names.length === 0) {
    return new JobctlError('usage', `There is no context "${name}" (${origin}): no configuration file defines one.`, {
      next: ['jobctl config init', 'jobctl config check'],
    });
  }
  const close = nearest(name, names);
  const hint = close.length > 0 ? `Did you mean ${close.join(' or ')}?` : `There are ${names.join(', ')}.`;
  return new JobctlError('usage', `There is no context "${name}" (${origin}). ${hint}`, {
    next: ['jobctl context list', ...close.map((other) => `jobctl context use ${other}`)],
  });
}

/** One line of `context list`. The URL is as written, so it holds no secret. */
export interface ContextRow {
  readonly name: string;
  readonly backend: string;
  readonly url: string;
  readonly protected: boolean;
  readonly readOnly: boolean;
  readonly current: boolean;
  readonly origin: string;
}

export function contextRows(config: Config, current?: string): ContextRow[] {
  const chosen = current ?? config.default;
  return Object.entries(config.contexts).map(([name, entry]: [string, ContextEntry]) => ({
    name,
    backend:
      (entry.url.startsWith('${') ? undefined : schemeOf(entry.url)?.replace('postgresql', 'postgres')) ??
      'unknown until used',
    url: entry.url,
    protected: entry.protected ?? false,
    readOnly: entry.readOnly ?? false,
    current: name === chosen,
    origin: config.origins.get(`contexts.${name}`) ?? '',
  }));
}
