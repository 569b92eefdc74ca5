import type { QueueAdapter } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import type { SchemaAdmin } from '../domain/schema.ts';
import type { DeadLetter } from './bullmq/letters.ts';
import type { TablesMapping } from './postgres/own-tables/mapping.ts';
import { knownLayout } from './wrap/known-layout.ts';

/** What an adapter must know to open its backend. */
export interface Opening {
  /** With its secrets. */
  readonly url: string;
  /** Without them, for messages. */
  readonly where: string;
  readonly schema?: string | undefined;
  readonly dialect?: string | undefined;
  /** Postgres: how a team's own tables are to be read. */
  readonly tables?: TablesMapping | undefined;
  /** Write also to tables that are newer than this program knows. */
  readonly newerSchema?: boolean | undefined;
  /** SQS: instead of the region of the URL, a profile of the AWS configuration, and where SQS is if not at AWS. */
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpoint?: string | undefined;
  /** SQS: look also where each look counts towards a redrive policy. */
  readonly receive?: boolean | undefined;
  /** Redis: what the keys of all queues begin with. */
  readonly prefix?: string | undefined;
  /** BullMQ: queues whose dead jobs lie in a queue of their own, by name. */
  readonly deadLetters?: Readonly<Record<string, DeadLetter>> | undefined;
  /** Seconds after its last sign of life that a worker counts as gone; where missing, the backend's own. */
  readonly staleAfter?: number | undefined;
  /** Bound of one call to the backend, milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** How long a change that was accepted may take to take effect. */
  readonly waitMs?: number | undefined;
  /** Hears how far a long look has come, before there is anything to show. */
  readonly tell?: ((text: string) => void) | undefined;
}

type Open = (opening: Opening) => Promise<QueueAdapter>;

const openBullmq: Open = async (opening) => (await import('./bullmq/index.ts')).openBullmq(opening);
const openPostgres: Open = async (opening) => (await import('./postgres/index.ts')).openPostgres(opening);

/** By URL scheme. A driver is loaded only when a context uses it. */
const byScheme: Readonly<Record<string, Open>> = {
  postgres: openPostgres,
  postgresql: openPostgres,
  sqs: async (opening) => (await import('./sqs/index.ts')).openSqs(opening),
  redis: openBullmq,
  rediss: openBullmq,
  memory: async ({ url }) => (await import('./memory/seed-file.ts')).openMemory(url),
};

const schemeOf = ({ url }: Opening): string => url.slice(0, url.indexOf(':')).toLowerCase();

export async function openAdapter(opening: Opening): Promise<QueueAdapter> {
  const scheme = schemeOf(opening);
  const open = byScheme[scheme];
  if (open === undefined) {
    throw new JobctlError('unsupported', `There is no adapter for ${scheme}:`, {
      next: ['Supported now: postgres://, redis://, rediss://, sqs://, memory:'],
    });
  }
  const [name] = Object.keys(opening.deadLetters ?? {});
  // counted as a queue of its own, its jobs would be taken for waiting ones
  if (name !== undefined && open !== openBullmq) {
    throw new JobctlError('usage', `queues.${name}.deadLetter is for BullMQ in Redis; this is ${scheme}:.`, {
      next: ['Take the key out of this context: here `jobctl capabilities` tells where the dead jobs are.'],
    });
  }
  return knownLayout(await open(opening), opening.newerSchema === true);
}

/** Only where the queue lives in tables. */
export async function openSchemaAdmin(opening: Opening): Promise<SchemaAdmin> {
  const scheme = schemeOf(opening);
  if (scheme !== 'postgres' && scheme !== 'postgresql') {
    throw new JobctlError('unsupported', `${scheme}: has no database schema to check or to apply.`, {
      next: ['jobctl capabilities   # what this backend can do'],
    });
  }
  return (await import('./postgres/schema.ts')).openSchemaAdmin(opening);
}
