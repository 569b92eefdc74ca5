import type { Action, Resolution } from '../../domain/action.ts';
import type { Locks, QueueAdapter, QueueReader } from '../../domain/adapter.ts';
import type { Capability } from '../../domain/capability.ts';
import type { Claims } from '../../domain/claim.ts';
import { JobctlError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Pauses } from '../../domain/pause.ts';
import { recreatingReverts, removingCancels } from './cancel-removes.ts';
import { claims } from './claim.ts';
import { Connections, type Db, type Writer } from './connection.ts';
import { choose, detect, onlyOwn, type Wanted } from './detect.ts';
import type { AddVerb, Dialect, WriteVerb } from './dialect.ts';
import { enqueueing } from './enqueue.ts';
import { toJobctlError } from './errors.ts';
import { identityOf } from './identity.ts';
import { acquire } from './lock.ts';
import type { TablesMapping } from './own-tables/mapping.ts';
import { pain } from './pain.ts';
import { pausing } from './pause.ts';
import { restoring, reverting } from './returns.ts';
import { lackOf } from './rights.ts';
import { scheduling } from './scheduling.ts';
import { settle } from './settle.ts';
import { instant } from './sql.ts';

export interface PostgresOptions extends Wanted {
  readonly url: string;
  /** The URL without its secrets, for messages. */
  readonly where: string;
  /** A team's own tables, in place of a library's. */
  readonly tables?: TablesMapping | undefined;
  /** Seconds after its last sign of life that a worker counts as gone. */
  readonly staleAfter?: number | undefined;
  /** Bound of one statement, milliseconds. */
  readonly timeoutMs?: number | undefined;
}

const DEFAULT_TIMEOUT_MS = 15_000;

/** Loaders, so that a context pays only for the dialect it uses. */
const dialects: Readonly<Record<string, (db: Db, schema: string, options: PostgresOptions) => Promise<Dialect>>> = {
  procrastinate: async (db, schema, { where, staleAfter }) =>
    (await import('./procrastinate/index.ts')).procrastinate(db, schema, where, staleAfter),
  'pg-boss': async (db, schema, { where }) => (await import('./pgboss/index.ts')).pgBoss(db, schema, where),
  'graphile-worker': async (db, schema, { where }) => (await import('./graphile/index.ts')).graphile(db, schema, where),
  bullmq: async (db, schema, { where }) => (await import('./bullmq/index.ts')).bullmq(db, schema, where),
};

/** Connects, finds out which library's tables are there, and answers as its adapter. */
export async function openPostgres(options: PostgresOptions): Promise<QueueAdapter> {
  const connections = connect(options);
  try {
    if (options.tables !== undefined) {
      onlyOwn(options);
      const { ownTables } = await import('./own-tables/index.ts');
      const dialect = await ownTables(connections.reader, options.tables, options.schema, options.where);
      return adapterOf(connections, dialect, options.where);
    }
    const found = choose(await detect(connections.reader), options, options.where);
    const load = dialects[found.dialect];
    if (load === undefined) {
      throw new JobctlError(
        'unsupported',
        `The tables of ${found.dialect} (schema ${found.schema}) are not supported yet.`,
        { next: ['Another queue in the same database? Choose it with --schema or --dialect.'] },
      );
    }
    return adapterOf(connections, await load(connections.reader, found.schema, options), options.where);
  } catch (error) {
    await connections.close();
    throw toJobctlError(error, options.where);
  }
}

export const connect = (options: PostgresOptions): Connections =>
  new Connections({
    url: options.url,
    where: options.where,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    applicationName: 'jobctl',
  });

function adapterOf(connections: Connections, dialect: Dialect, place: string): QueueAdapter {
  const { where } = dialect.info;
  const reader = connections.reader;
  const writer = (): Promise<Writer> => connections.writer();
  const asked = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw toJobctlError(error, where);
    }
  };
  return {
    backend: { ...dialect.info, readOnlyServer: connections.replica },
    reads: 'peek',
    pushes: dialect.pushes,
    can: capabilities(connections, dialect, writer),
    now: () =>
      asked(
        async () =>
          (await reader.query<{ now: Instant }>(`SELECT ${instant('clock_timestamp()')} AS now`))[0]?.now ?? '',
      ),
    queues: () => asked(() => dialect.queues(reader)),
    stats: (request) => asked(() => dialect.stats(reader, request)),
    count: (selection) => asked(() => dialect.count(reader, selection)),
    find: (id, queue) => asked(() => dialect.find(reader, id, queue)),
    async *browse(selection, options) {
      let cursor: string | undefined;
      do {
        const page = await asked(() => dialect.page(reader, selection, options, cursor));
        if (page.items.length > 0) yield [...page.items];
        cursor = page.cursor;
      } while (cursor !== undefined);
    },
    ...rareReads(dialect, reader, asked),
    pain: () => asked(() => pain(reader)),
    lacksRight: (deed) => asked(() => lackOf(dialect, reader, deed)),
    identity: () => identityOf(reader, where.slice(place.length)), // of all that the database holds, the part that is ours
    close: () => connections.close(),
  };
}

/** Reads that only some dialects have. */
function rareReads(
  dialect: Dialect,
  reader: Db,
  asked: <T>(work: () => Promise<T>) => Promise<T>,
): Pick<QueueReader, 'workers' | 'schedules' | 'statements' | 'cautions' | 'copiesAmong' | 'lacksBeside'> {
  const { workers, schedules, statements, cautions, copiesAmong, besides } = dialect;
  return {
    ...(workers === undefined ? {} : { workers: () => asked(() => workers(reader)) }),
    ...(schedules === undefined ? {} : { schedules: (queues) => asked(() => schedules(reader, queues)) }),
    ...(statements === undefined ? {} : { statements: () => asked(() => statements()) }),
    ...(copiesAmong === undefined ? {} : { copiesAmong: (selection) => asked(() => copiesAmong(reader, selection)) }),
    ...(cautions === undefined
      ? {}
      : {
          cautions: async (selection, verb) => ({
            lines: await asked(() => cautions(reader, selection, verb)),
            endsAtCount: false,
          }),
        }),
    ...(besides === undefined
      ? {}
      : { lacksBeside: (deed) => asked(async () => (deed === 'resolve' ? undefined : await besides(reader, deed))) }),
  };
}

function capabilities(connections: Connections, dialect: Dialect, writer: () => Promise<Writer>): QueueAdapter['can'] {
  const shut = shutBy(connections);
  const offer = <Ops>(verb: WriteVerb | AddVerb, ops: Ops): Capability<Ops> => {
    if (shut !== undefined) return { level: 'none', refused: true, ...shut };
    const lack = dialect.lacks[verb];
    if (lack !== undefined) return { level: 'none', ...lack };
    const caveat = dialect.caveats[verb];
    return caveat === undefined ? { level: 'native', ops } : { level: 'emulated', caveat, ops };
  };
  const acts: Claims = {
    claim: (request) => claims(dialect, writer, request),
    settle: (intent) => settle(dialect, writer, intent),
  };
  const marks: Claims<Resolution> = {
    claim: (request) => claims(dialect, writer, request),
    settle: (intent) => settle(dialect, writer, intent),
  };
  const act = (verb: Action['verb']): Capability<Claims> => offer(verb, acts);
  const locks: Locks = {
    acquire: (request) => acquire(connections, dialect.info.where, dialect.schema, request),
  };
  const restores = restoring(dialect, writer);
  const reverts = reverting(dialect, writer);
  return {
    replay: act('replay'),
    reset: act('reset'),
    remove: act('remove'),
    cancel: dialect.cancelRemoves === true ? offer('cancel', removingCancels(acts)) : act('cancel'),
    edit: act('edit'),
    ...(dialect.resolve === undefined ? {} : { resolve: offer('edit', marks) }),
    ...pauseOf(connections, dialect, offer),
    ...(dialect.enqueue === undefined
      ? {}
      : { enqueue: offer('enqueue', enqueueing(dialect, dialect.enqueue, writer)) }),
    ...(dialect.schedule === undefined
      ? {}
      : { schedule: offer('schedule', scheduling(dialect, dialect.schedule, writer)) }),
    restore: offer('restore', restores),
    revert: offer('revert', dialect.cancelRemoves === true ? recreatingReverts(reverts, restores) : reverts),
    lock: shut === undefined ? { level: 'native', ops: locks } : { level: 'none', refused: true, ...shut },
  };
}

/** Without means of its own a hook may pause it, over whatever connection: nothing is then refused here. */
function pauseOf(
  connections: Connections,
  dialect: Dialect,
  offer: (verb: 'pause', ops: Pauses) => Capability<Pauses>,
): Pick<QueueAdapter['can'], 'pause'> {
  const { pause, lacks } = dialect;
  if (pause !== undefined) return { pause: offer('pause', pausing(dialect, pause, connections)) };
  return lacks.pause === undefined ? {} : { pause: { level: 'none', ...lacks.pause } };
}

/** Why nothing at all is written over these connections. */
function shutBy({ pooled, replica }: Connections): { why: string; instead: string } | undefined {
  if (replica) {
    return { why: 'This server is a read-only replica.', instead: 'Point the context at the primary.' };
  }
  if (!pooled) return undefined;
  return {
    why: 'A connection pooler lies between, and the lock on a queue could not be held through it.',
    instead: 'Point the context at the server itself, past the pooler.',
  };
}
