import { boundTo, countOf, onceEach } from '../bound.ts';
import type { Db } from '../connection.ts';
import type { Dialect, DialectPause } from '../dialect.ts';
import { Parameters } from '../sql.ts';
import { adds } from './add.ts';
import { explain, pushes, where } from './conditions.ts';
import { find } from './find.ts';
import { type Layout, readLayout, warningsOn } from './layout.ts';
import { pageOf } from './page.ts';
import { permit } from './privileges.ts';
import { compare, holdForRestore, holdForRevert } from './put-back.ts';
import { countedQueues, restore } from './restore.ts';
import { revert } from './revert.ts';
import { jobsOf, savedJobsOf } from './rows.ts';
import { schedulerWrites } from './scheduler-writes.ts';
import { schedules } from './schedules.ts';
import { queues, stats } from './stats.ts';
import { workers } from './workers.ts';
import { apply } from './write.ts';

/**
 * BullMQ's own Postgres backend, by its tables and its stored functions: the library's classes would hold sessions of their
 * own, outside of the transaction in which a job is compared, saved and changed.
 */
export async function bullmq(db: Db, schema: string, place: string): Promise<Dialect> {
  const layout = await readLayout(db, schema, place);
  const permitted = onceEach((writer, verb, queue) => permit(writer, layout, verb, place, queue));
  return {
    info: {
      name: 'postgres/bullmq',
      version: layout.version,
      where: `${place} (schema ${schema})`,
      errors: 'history',
      priority: 'smaller-first',
      untold: { tenant: {}, states: { cancelled: { why: 'BullMQ takes a job that is cancelled out of the queue' } } },
      newerSchema: layout.newer,
      warnings: warningsOn(layout),
    },
    schema,
    pushes,
    lacks: {},
    caveats: {
      cancel:
        'BullMQ knows no cancelled jobs: a waiting or delayed one is taken out of the queue and is then only in the backup of the run; an active one is left alone',
      schedule:
        'BullMQ pauses no scheduler: a paused one is taken out with its next run and kept among the settings of the queue (the table meta) until it is resumed; an application that makes it again when it starts ends the pause',
    },
    cancelRemoves: true,
    queues: (reader) => queues(reader, layout),
    count: async (reader, selection) => {
      const parameters = new Parameters();
      return await countOf(reader, `${layout.job} j`, where(selection, parameters), parameters);
    },
    page: async (reader, selection, { size, order }, cursor) => {
      const page = await pageOf(reader, layout, { selection, size, order, cursor, lock: false });
      return { items: await jobsOf(reader, layout, page.items), cursor: page.cursor };
    },
    pick: async (writer, selection, size, cursor) => {
      const page = await pageOf(writer, layout, { selection, size, order: 'oldest', cursor, lock: true });
      return { items: await savedJobsOf(writer, layout, page.items), cursor: page.cursor };
    },
    ...boundTo(layout, { stats, find, explain, apply, holdForRevert, revert, holdForRestore, restore, compare }),
    holdForRestore: async (writer, saved, how) => {
      for (const queue of countedQueues(saved)) await permitted(writer, 'restore', queue);
      return await holdForRestore(writer, layout, saved, how);
    },
    workers: (reader) => workers(reader, layout),
    schedules: (reader, asked) => schedules(reader, layout, asked),
    pause: pauseOf(layout, place),
    enqueue: adds(layout),
    schedule: schedulerWrites(layout, place),
    permit: permitted,
  };
}

/** By the library's own function, which also wakes the workers of a queue that goes on. */
const pauseOf = (layout: Layout, place: string): DialectPause => ({
  look: async (db, queue) => {
    const rows = await db.query(`SELECT FROM ${layout.meta} WHERE queue = $1 AND field = 'paused' AND value = '1'`, [
      queue,
    ]);
    const paused = rows.length > 0;
    return { paused, found: { paused }, means: [`the flag in ${layout.meta}, which all workers of the queue heed`] };
  },
  set: async (db, queue, paused, found) => {
    if (!paused && found?.['paused'] === true) return;
    await permit(db, layout, 'pause', place);
    await db.query(`SELECT ${layout.call('pause')}($1, $2)`, [queue, paused]);
  },
});
