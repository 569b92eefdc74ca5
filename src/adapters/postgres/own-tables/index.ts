import type { Selection } from '../../../domain/selection.ts';
import { boundTo, onceEach } from '../bound.ts';
import type { Db } from '../connection.ts';
import type { AddVerb, Dialect, Page, WriteVerb } from '../dialect.ts';
import { Parameters } from '../sql.ts';
import { adds, lackOf } from './add.ts';
import type { Table } from './catalog.ts';
import { ref } from './column-sql.ts';
import { isOneOf, pushes, where } from './conditions.ts';
import { explain } from './explain.ts';
import { find } from './find.ts';
import { homesOf } from './homes.ts';
import { keylessOf, keylessWarning } from './keyless.ts';
import { type Layout, readLayout } from './layout.ts';
import { cautions } from './left-alone.ts';
import { resolve } from './letters.ts';
import type { TablesMapping } from './mapping.ts';
import { namelessWarnings } from './nameless.ts';
import { pauseOf } from './pause.ts';
import { permit } from './permit.ts';
import { canProve } from './proof.ts';
import { compare, holdForRestore, holdForRevert, restore, revert } from './put-back.ts';
import { queues } from './queues.ts';
import { jobsAt, type Place, placesOf, savedAt } from './rows.ts';
import { unseenSequence } from './sequence.ts';
import { statements } from './statements.ts';
import { stats } from './stats.ts';
import { untoldBy } from './untold.ts';
import { workers } from './workers.ts';
import { apply } from './write.ts';

/** A team's own tables, read as the configuration maps them. */
export async function ownTables(
  db: Db,
  mapping: TablesMapping,
  schemaFlag: string | undefined,
  place: string,
): Promise<Dialect> {
  const layout = await readLayout(db, mapping, schemaFlag);
  const dialect: Dialect = {
    info: {
      name: 'postgres/own-tables',
      version: mapping.preset ?? 'mapped',
      where: `${place} (${layout.schema}.${layout.jobs.name})`,
      ...(layout.job.error === undefined && layout.letters?.columns.error === undefined
        ? { errors: 'none', errorsNote: 'No column is mapped to error: look in the log of the worker.' }
        : { errors: 'last' }),
      ...(canProve(layout) ? {} : { stuckBy: 'age' }),
      priority: layout.job.priority === undefined ? 'none' : layout.largerFirst ? 'larger-first' : 'smaller-first',
      untold: untoldBy(layout),
      ...(layout.heartbeats === undefined && {
        workersNote: 'No table of heartbeats is mapped: name it in tables.heartbeats, if there is one.',
      }),
      warnings: [...layout.warnings, ...keylessOf(layout).map(keylessWarning), ...(await namelessWarnings(db, layout))],
    },
    schema: layout.schema,
    pushes,
    lacks: { ...lacksOf(layout), ...(layout.pause === undefined && { pause: noFlag }) },
    caveats: caveatsOf(layout),
    cautions: async (_reader, _selection, verb) => cautions(layout, verb),
    queues: (reader) => queues(reader, layout),
    count: async (reader, selection) => {
      const parameters = new Parameters();
      const counts = homesOf(layout, selection).map(
        (home) => `(SELECT count(*) FROM ${home.from} WHERE ${where(home, layout.job.id, selection, parameters)})`,
      );
      const [row] = await reader.query<{ count: number }>(
        `SELECT (${counts.join(' + ')})::float8 AS count`,
        parameters.values,
      );
      return { value: row?.count ?? 0, exact: true };
    },
    page: async (reader, selection, options, cursor) => {
      const places = await placesOf(reader, layout, selection, { ...options, cursor });
      return { items: await jobsAt(reader, layout, places.items, selection), cursor: places.cursor };
    },
    ...(layout.heartbeats === undefined ? {} : { workers: (reader) => workers(reader, layout) }),
    ...boundTo(layout, { stats, find, explain, apply, holdForRevert, revert, holdForRestore, restore, compare }),
    pause: pauseOf(layout),
    enqueue: adds(layout),
    besides: async (reader, deed) => (deed === 'restore' ? await unseenSequence(reader, layout) : undefined),
    permit: onceEach((writer, verb) => permit(writer, layout, verb, place)),
    pick: async (writer, selection, size, cursor) => {
      const places = await placesOf(writer, layout, selection, { size, order: 'oldest', cursor });
      return await held(writer, layout, selection, places);
    },
    ...(layout.letters === undefined ? {} : { resolve: (writer, note, jobs) => resolve(writer, layout, note, jobs) }),
  };
  // also before anything may be written: it is read to decide about that
  return { ...dialect, statements: () => statements(layout, dialect, lacksOf({ ...layout, write: true })) };
}

/** Locks what can be locked of these rows, then reads them once more: what moved on meanwhile is left out. */
async function held(writer: Db, layout: Layout, selection: Selection, places: Page<Place>) {
  if (places.items.length === 0) return { items: [], cursor: places.cursor };
  const locked = new Set<string>();
  for (const home of homesOf(layout, selection)) {
    const own = places.items.filter((place) => place.home === home.name).map(({ id }) => id);
    if (own.length === 0) continue;
    const parameters = new Parameters();
    const alias = home.name === 'job' ? 'j' : 'd';
    const rows = await writer.query<{ id: string }>(
      `SELECT ${home.id}::text AS id FROM ${home.from} WHERE ${isOneOf(home, layout.job.id, own, parameters)} AND ${home.shown}
         FOR UPDATE OF ${alias} SKIP LOCKED`,
      parameters.values,
    );
    const ids = rows.map(({ id }) => id);
    const free = home.name === 'job' ? ids : await lockOriginals(writer, layout, ids);
    for (const id of free) locked.add(`${home.name} ${id}`);
  }
  const free = places.items.filter(({ home, id }) => locked.has(`${home} ${id}`));
  return { items: await savedAt(writer, layout, free, selection), cursor: places.cursor };
}

/** The failed originals of letters that are held. Answers the letters whose original is free, or gone. */
async function lockOriginals(writer: Db, layout: Layout, ids: readonly string[]): Promise<string[]> {
  const id = ref('j', layout.job.id);
  const parameters = new Parameters();
  const chosen = isOneOf({ id }, layout.job.id, ids, parameters);
  const query = `SELECT ${id}::text AS id FROM ${layout.jobs.sql} j WHERE ${chosen}`;
  const there = await writer.query<{ id: string }>(query, parameters.values);
  const locked = await writer.query<{ id: string }>(`${query} FOR UPDATE OF j SKIP LOCKED`, parameters.values);
  const free = new Set(locked.map((row) => row.id));
  const busy = new Set(there.map((row) => row.id).filter((one) => !free.has(one)));
  return ids.filter((one) => !busy.has(one));
}

const verbs: readonly (WriteVerb | AddVerb)[] = [
  'replay',
  'reset',
  'remove',
  'cancel',
  'edit',
  'restore',
  'revert',
  'pause',
  'enqueue',
];

const noFlag = {
  why: 'no flag is mapped that the workers look at',
  instead:
    'Name in tables.pause the one that they look at ({ table, queue, paused }), or in queues.QUEUE.pause the commands that stop and start them.',
};

function lacksOf(layout: Layout): Dialect['lacks'] {
  if (!layout.write) {
    const lack = {
      why: 'these tables are mapped for reading only',
      instead: 'Set write: true under tables: once jobctl config check --explain shows what you mean.',
    };
    return Object.fromEntries(verbs.map((verb) => [verb, lack]));
  }
  const [keyless] = keylessOf(layout);
  if (keyless !== undefined) {
    const lack = {
      why: `${keyless.what}: by its id a write could hit another row`,
      instead: `Map a column that is unique (${keyless.mapped}), or make this one so: ${keyless.index}`,
    };
    return Object.fromEntries(verbs.filter((verb) => verb !== 'pause').map((verb) => [verb, lack]));
  }
  const lacks: Dialect['lacks'] = {};
  const unaddable = lackOf(layout);
  const cascade = cascadeOf(layout.jobs) ?? (layout.letters && cascadeOf(layout.letters.table));
  return {
    ...lacks,
    ...(cascade === undefined ? {} : { remove: cascade }),
    ...(unaddable === undefined ? {} : { enqueue: unaddable }),
    ...(layout.labels.cancelled.length > 0
      ? {}
      : {
          cancel: {
            why: 'no status means cancelled',
            instead: 'jobctl job remove ID   # takes the job away, with a backup',
          },
        }),
    ...(layout.job.payload === undefined && layout.letters?.columns.payload === undefined
      ? { edit: { why: 'no column is mapped to payload', instead: 'Set tables.columns.payload.' } }
      : {}),
  };
}

/** What would be deleted along with a row could not be brought back. */
function cascadeOf({ name, incoming }: Table) {
  const keys = incoming.filter(({ onDelete }) => onDelete === 'cascade');
  if (keys.length === 0) return undefined;
  return {
    why: `deleting from ${name} would delete rows of ${[...new Set(keys.map(({ from }) => from))].join(', ')} with it (${keys.map((key) => key.name).join(', ')})`,
    instead: 'Nothing saves those rows. Delete them yourself, or make the foreign key ON DELETE RESTRICT.',
  };
}

function caveatsOf(layout: Layout): Dialect['caveats'] {
  const pause = 'only workers that look at the flag are stopped by it';
  if (canProve(layout)) {
    if (layout.job.workerId === undefined || layout.heartbeats?.certain) return { pause };
    return {
      pause,
      reset:
        'only a heartbeat that is there and too old proves that a worker is gone: a missing one may bear another name',
    };
  }
  const missing =
    layout.heartbeats === undefined ? 'no table of heartbeats is mapped' : 'no column is mapped to startedAt';
  return {
    pause,
    reset: `${missing}, so nothing proves that a worker is gone: only with --assume-dead and --older-than`,
  };
}
