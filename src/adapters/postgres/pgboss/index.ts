import type { Selection } from '../../../domain/selection.ts';
import { boundTo, countOf, onceEach } from '../bound.ts';
import type { Db } from '../connection.ts';
import type { AddVerb, Dialect, Page, WriteVerb } from '../dialect.ts';
import { Parameters } from '../sql.ts';
import { adds } from './add.ts';
import { archiveWarning } from './archive.ts';
import { cautions } from './cautions.ts';
import { pushes, where } from './conditions.ts';
import { explain } from './explain.ts';
import { closeFor, newerThanKnown } from './expressions.ts';
import { find } from './find.ts';
import { type Layout, NEWEST_SCHEMA, readLayout } from './layout.ts';
import { copiesAmong } from './pairs.ts';
import { permit } from './privileges.ts';
import { compare, holdForRestore, holdForRevert, restore, revert } from './put-back.ts';
import { queues } from './queues.ts';
import { jobsOf, type PageRequest, type Place, pageOfPlaces, savedJobsOf } from './rows.ts';
import { schedules, scheduleWrites } from './schedules.ts';
import { stats } from './stats.ts';
import { workers } from './workers.ts';
import { apply } from './write.ts';

/** pg-boss 9 to 12 by its tables alone: the library is never started, and nothing is ever migrated. */
export async function pgBoss(db: Db, schema: string, place: string): Promise<Dialect> {
  const layout = await readLayout(db, schema, place);
  const { instances } = layout;
  return {
    info: {
      name: 'postgres/pg-boss',
      version: layout.version,
      where: `${place} (schema ${schema})`,
      errors: 'last',
      priority: 'larger-first',
      untold: { tenant: {}, ...(layout.has('group_id') ? {} : { lane: {} }) },
      ...(instances === undefined && {
        workersNote: 'Before 12.36 pg-boss keeps no register of them; upgraded, its processes write themselves down.',
      }),
      newerSchema: newerThanKnown(layout),
      warnings: [...warningsOn(layout), ...archiveWarning(layout)],
    },
    schema,
    pushes,
    lacks: lacksOf(layout),
    caveats: caveatsOf(layout),
    queues: (reader) => queues(reader, layout),
    copiesAmong: (reader, selection) => copiesAmong(reader, layout, selection),
    count: async (reader, selection) => {
      const parameters = new Parameters();
      return await countOf(reader, `${layout.job} j`, where(layout, selection, parameters), parameters);
    },
    page: async (reader, selection, { size, order, asClaimed = false }, cursor) => {
      const places = await placesOf(reader, layout, selection, { size, order, cursor, asClaimed });
      return { items: await jobsOf(reader, closeFor(layout, selection), places.items), cursor: places.cursor };
    },
    ...boundTo(layout, { stats, find, explain, apply, holdForRevert, revert, holdForRestore, restore, compare }),
    ...(layout.queue === undefined ? {} : { cautions: (reader, asked, verb) => cautions(reader, layout, asked, verb) }),
    ...(instances === undefined ? {} : { workers: (reader) => workers(reader, instances) }),
    enqueue: adds(layout),
    ...(layout.scheduleColumns.length === 0 ? {} : { schedules: (reader, names) => schedules(reader, layout, names) }),
    ...(layout.scheduleColumns.length === 0 ? {} : { schedule: scheduleWrites(layout) }),
    permit: onceEach((writer, verb) => permit(writer, layout, verb, place)),
    pick: async (writer, selection, size, cursor) => {
      const places = await placesOf(writer, layout, selection, {
        size,
        order: 'oldest',
        cursor,
        asClaimed: true,
        lock: true,
      });
      return { items: await savedJobsOf(writer, closeFor(layout, selection), places.items), cursor: places.cursor };
    },
  };
}

async function placesOf(db: Db, layout: Layout, selection: Selection, page: PageRequest): Promise<Page<Place>> {
  const parameters = new Parameters();
  return await pageOfPlaces(db, layout, where(layout, selection, parameters), parameters, page);
}

const writes: readonly (WriteVerb | AddVerb)[] = [
  ...(['replay', 'reset', 'remove', 'cancel', 'edit', 'restore', 'revert'] as const),
  ...(['enqueue', 'schedule'] as const),
];

/** The tables of another generation are read, not written. */
function lacksOf(layout: Layout): Dialect['lacks'] {
  if (layout.queue !== undefined) return {};
  const lack = {
    why: `pg-boss ${layout.version} is only read: its tables are those of another generation`,
    instead: 'Use its own API (cancel, resume, deleteQueue), or upgrade pg-boss to 10 or newer.',
  };
  return Object.fromEntries(writes.map((verb) => [verb, lack]));
}

function warningsOn(layout: Layout): string[] {
  const newer = newerThanKnown(layout);
  if (newer === undefined) return [];
  return [
    `This pg-boss (${newer}) is newer than jobctl knows (schema ${NEWEST_SCHEMA}): what is shown may be incomplete.`,
  ];
}

function caveatsOf(layout: Layout): Dialect['caveats'] {
  const copies = layout.has('source_id')
    ? 'what lies in a dead-letter queue goes back to the queue it came from, under the same id'
    : 'what lies in a dead-letter queue goes back only where its original is found by time and data: this version does not link them';
  return {
    enqueue:
      'as send does; in a queue whose policy keeps no keys apart, a job with that key is looked for first, which two that add at the same moment can slip past',
    replay: `by SQL, because the library's retry leaves dates by which maintenance would remove the job; ${copies}`,
    reset: layout.has('heartbeat_on')
      ? 'what has used all its runs becomes dead, as the library would end it'
      : "what has used all its runs becomes dead, as the library would end it; before 12 nothing keeps a late worker's answer off the new run",
    schedule:
      'listed, run, removed and put back: pg-boss pauses none, and an application that sets it up when it starts brings back what was removed',
    restore: 'what is past its retention comes back all the same, and the next maintenance takes it away again',
    cancel: 'only what has not started: the library cannot stop a job that runs, it would only forget it',
  };
}
