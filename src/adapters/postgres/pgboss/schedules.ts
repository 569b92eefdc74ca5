import { isDeepStrictEqual } from 'node:util';
import { JobctlError } from '../../../domain/errors.ts';
import type { Schedule } from '../../../domain/schedule.ts';
import type { Db } from '../connection.ts';
import type { DialectSchedules } from '../dialect.ts';
import type { Layout } from './layout.ts';
import { timeAfter } from './next-run.ts';
import { addOne } from './scheduled-job.ts';

const MOST = 1000;

/** A schedule as its row has it, as JSON text: numbers in its data stay what they are. */
interface Row {
  readonly row: string;
}

interface Timed extends Row {
  /** The server's clock. */
  readonly now: number;
}

/** What is understood of it; `key` since 11, `kind` since schema 41. */
interface Facts {
  readonly name: string;
  readonly key?: string;
  readonly cron: string;
  readonly timezone: string | null;
}

const factsIn = ({ row }: Row): Facts => JSON.parse(row) as Facts;

/** A queue has one schedule without a key, which goes by the queue's name, and since 11 any number with a key. */
const idOf = ({ name, key }: Facts): string => (key === undefined || key === '' ? name : key);

/** The library keeps no time of the next run, which its cron line tells, and knows no pause. */
export async function schedules(db: Db, layout: Layout, queues: readonly string[] | undefined): Promise<Schedule[]> {
  const rows = await db.query<Timed>(
    `SELECT to_jsonb(s)::text AS row, (extract(epoch FROM now()) * 1000)::float8 AS now FROM ${layout.schedule} s WHERE $1::text[] IS NULL OR s.name = ANY ($1) ORDER BY s.name LIMIT ${MOST}`,
    [queues ?? null],
  );
  return await Promise.all(rows.map(shown));
}

async function shown(row: Timed): Promise<Schedule> {
  const facts = factsIn(row);
  const { name: queue, cron, timezone } = facts;
  return {
    id: idOf(facts),
    queue,
    when: timezone === null ? cron : `${cron} (${timezone})`,
    nextAt: await timeAfter(cron, timezone, row.now),
  };
}

export const scheduleWrites = (layout: Layout): DialectSchedules => ({
  pausable: false,
  pause: refusePause,
  resume: refusePause,
  async run(db, id, queue) {
    const found = await locked(db, layout, id, queue);
    if (found === undefined) throw gone(id, queue);
    return await addOne(db, layout, queue, found.row);
  },
  async save(db, id, queue) {
    const found = await locked(db, layout, id, queue);
    return found === undefined ? undefined : { row: found.row };
  },
  async remove(db, id, queue, as) {
    const found = await locked(db, layout, id, queue);
    if (found === undefined) throw gone(id, queue);
    if (as !== undefined && !isDeepStrictEqual({ row: found.row }, as)) throw moved(id, queue);
    await db.query(`DELETE FROM ${layout.schedule} s WHERE s.ctid = $1::tid`, [found.place]);
  },
  async put(db, saved, queue) {
    const { row } = saved as unknown as Row;
    const facts = factsIn({ row });
    if ((await locked(db, layout, idOf(facts), queue)) !== undefined) throw exists(idOf(facts), queue);
    // from before a migration it lacks columns: those get their defaults
    const columns = layout.scheduleColumns.filter((column) => column in facts);
    await db.query(
      `INSERT INTO ${layout.schedule} (${columns.join(', ')})
       SELECT ${columns.map((column) => `r.${column}`).join(', ')} FROM jsonb_populate_record(NULL::${layout.schedule}, $1::jsonb) r`,
      [row],
    );
  },
});

/** The one that goes by this id, locked: neither the application nor another operator changes it meanwhile. */
async function locked(
  db: Db,
  layout: Layout,
  id: string,
  queue: string,
): Promise<(Row & { readonly place: string }) | undefined> {
  const named = layout.scheduleColumns.includes('key')
    ? `(s.key = $2 OR (coalesce(s.key, '') = '' AND s.name = $2))`
    : 's.name = $2';
  const found = await db.query<Row & { readonly place: string }>(
    `SELECT to_jsonb(s)::text AS row, s.ctid::text AS place FROM ${layout.schedule} s WHERE s.name = $1 AND ${named} FOR UPDATE`,
    [queue, id],
  );
  if (found.length > 1)
    throw new JobctlError(
      'refused',
      `${queue} has a schedule without a key and one whose key is ${id}: which is meant?`,
      {
        next: [`boss.unschedule('${queue}') is about the one without a key.`],
      },
    );
  return found[0];
}

const refusePause = async (_db: Db, id: string, queue: string): Promise<never> => {
  throw new JobctlError('unsupported', `pg-boss knows no pause of the schedule ${id} of ${queue}.`, listed(queue));
};

const listed = (queue: string) => ({ next: [`jobctl schedule list ${queue}`] });

const gone = (id: string, queue: string): JobctlError =>
  new JobctlError('stale', `The schedule ${id} of ${queue} is not there any more.`, listed(queue));

const moved = (id: string, queue: string): JobctlError =>
  new JobctlError('stale', `The schedule ${id} of ${queue} was changed while it was looked at.`, listed(queue));

const exists = (id: string, queue: string): JobctlError =>
  new JobctlError('refused', `A schedule ${id} of ${queue} is there again: it is left alone.`, listed(queue));
