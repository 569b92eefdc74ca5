import { isDeepStrictEqual } from 'node:util';
import { JobctlError } from '../../../domain/errors.ts';
import type { Schedule } from '../../../domain/schedule.ts';
import type { Db } from '../connection.ts';
import type { DialectSchedules } from '../dialect.ts';
import { nowMs } from './expressions.ts';
import type { Layout } from './layout.ts';
import { templateOptions } from './next-run.ts';
import { permit } from './privileges.ts';
import { addRun, exists, putIn } from './put-scheduler.ts';
import { liveScheduler, PAUSED, pausedScheduler, type SavedScheduler } from './saved-scheduler.ts';
import { schedules } from './schedules.ts';

export const schedulerWrites = (layout: Layout, place: string): DialectSchedules => ({
  async pause(db, id, queue) {
    await permit(db, layout, 'schedule', place);
    const found = await liveScheduler(db, layout, queue, id);
    if (found !== undefined) {
      await out(db, layout, queue, id);
      await keep(db, layout, queue, found);
    }
    return await shown(db, layout, queue, id);
  },
  async resume(db, id, queue) {
    await permit(db, layout, 'schedule', place);
    const found = await pausedScheduler(db, layout, queue, id);
    if (found !== undefined) {
      await putIn(db, layout, queue, found);
      await forget(db, layout, queue, id);
    }
    return await shown(db, layout, queue, id);
  },
  async run(db, id, queue) {
    await permit(db, layout, 'schedule run', place, queue);
    const found = await savedNow(db, layout, queue, id);
    if (found === undefined) throw gone(queue, id);
    const [clock] = await db.query<{ ms: number }>(`SELECT ${nowMs}::float8 AS ms`);
    return await addRun(db, layout, queue, found, {
      id: '',
      scheduler: null,
      options: templateOptions(found),
      nowMs: clock?.ms ?? 0,
      delay: 0,
    });
  },
  async save(db, id, queue) {
    await permit(db, layout, 'schedule', place);
    return plain(await savedNow(db, layout, queue, id));
  },
  async remove(db, id, queue, as) {
    await permit(db, layout, 'schedule', place);
    const found = await savedNow(db, layout, queue, id);
    if (found === undefined) throw gone(queue, id);
    if (as !== undefined && !isDeepStrictEqual(plain(found), as)) throw moved(queue, id);
    await (found.paused === true ? forget(db, layout, queue, id) : out(db, layout, queue, id));
  },
  async put(db, one, queue) {
    await permit(db, layout, 'schedule', place);
    const saved = one as unknown as SavedScheduler;
    if ((await savedNow(db, layout, queue, saved.id)) !== undefined) throw exists(queue, saved.id);
    await (saved.paused === true ? keep(db, layout, queue, saved) : putIn(db, layout, queue, saved));
  },
});

/** At work, or paused; an application that made it anew has ended its pause. */
const savedNow = async (db: Db, layout: Layout, queue: string, id: string): Promise<SavedScheduler | undefined> =>
  (await liveScheduler(db, layout, queue, id)) ?? (await pausedScheduler(db, layout, queue, id));

/** As a journal gives it back. */
const plain = (found: SavedScheduler | undefined): Readonly<Record<string, unknown>> | undefined =>
  found === undefined ? undefined : JSON.parse(JSON.stringify(found));

/** As the library removes one: with its next run while that is to come. A run that is due is left to the workers. */
const out = (db: Db, { call }: Layout, queue: string, id: string): Promise<unknown> =>
  db.query(`SELECT ${call('remove_job_scheduler')}($1, $2)`, [queue, id]);

async function keep(db: Db, { meta }: Layout, queue: string, { paused: _, ...saved }: SavedScheduler): Promise<void> {
  await db.query(
    `INSERT INTO ${meta} (queue, field, value) VALUES ($1, $2, $3) ON CONFLICT (queue, field) DO UPDATE SET value = excluded.value`,
    [queue, `${PAUSED}${saved.id}`, JSON.stringify(saved)],
  );
}

const forget = (db: Db, { meta }: Layout, queue: string, id: string): Promise<unknown> =>
  db.query(`DELETE FROM ${meta} WHERE queue = $1 AND field = $2`, [queue, `${PAUSED}${id}`]);

async function shown(db: Db, layout: Layout, queue: string, id: string): Promise<Schedule> {
  const found = (await schedules(db, layout, [queue])).find((one) => one.id === id);
  if (found === undefined) throw gone(queue, id);
  return found;
}

const listed = (queue: string) => ({ next: [`jobctl schedule list ${queue}`] });

const gone = (queue: string, id: string): JobctlError =>
  new JobctlError('stale', `The scheduler ${id} of ${queue} is not there any more.`, listed(queue));

const moved = (queue: string, id: string): JobctlError =>
  new JobctlError(
    'stale',
    `The scheduler ${id} of ${queue} was changed while it was looked at: it has run, or its application was started.`,
    listed(queue),
  );
