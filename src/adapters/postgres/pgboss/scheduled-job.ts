import type { NewJob } from '../../../domain/enqueue.ts';
import { JobctlError } from '../../../domain/errors.ts';
import type { Db } from '../connection.ts';
import { adds } from './add.ts';
import type { Layout } from './layout.ts';

type Options = Readonly<Record<string, unknown>>;

/** They say when and how often the schedule itself sends: a run out of turn is not about them. */
const aboutTime = /^(tz|key|missed|startAfter|singleton(On|NextSlot|Offset|Seconds|Minutes|Hours|Days))$/;
/** What a new job can say itself. */
const ofNewJob = /^(priority|singletonKey|retryLimit|group)$/;
/** The rest of what `send` takes, each with its column. */
const columns: Readonly<Record<string, string>> = {
  retryDelay: 'retry_delay',
  retryBackoff: 'retry_backoff',
  retryDelayMax: 'retry_delay_max',
  deadLetter: 'dead_letter',
  deleteAfterSeconds: 'deletion_seconds',
  heartbeatSeconds: 'heartbeat_seconds',
};
const units: Readonly<Record<string, number>> = { Seconds: 1, Minutes: 60, Hours: 3600, Days: 86_400 };

/** One job as the schedule would send it now. With an option that nothing here knows it would be another job: refused. */
export async function addOne(db: Db, layout: Layout, queue: string, row: string): Promise<string> {
  const [read] = await db.query<{ data: string | null; options: string | null }>(
    `SELECT (r -> 'data')::text AS data, (r -> 'options')::text AS options FROM (SELECT $1::jsonb AS r) s`,
    [row],
  );
  const given = Object.entries((JSON.parse(read?.options ?? 'null') ?? {}) as Options);
  const options = given.filter(([name, value]) => value !== null && !aboutTime.test(name));
  // 11 takes the dead-letter queue from the queue alone
  const passed = layout.number === 26 ? /^deadLetter$/ : /^$/;
  const sets = options
    .filter(([name]) => !ofNewJob.test(name) && !passed.test(name))
    .map((option) => setOf(layout, queue, option));
  const job = newJob(queue, read?.data ?? 'null', Object.fromEntries(options));
  const [made] = (await adds(layout)?.add(db, queue, [job])) ?? [];
  if (made?.result !== 'done')
    throw refused(queue, made !== undefined && 'why' in made ? made.why : 'this version takes none', 'refused');
  const { id } = made.ref;
  if (sets.length > 0)
    await db.query(
      `UPDATE ${layout.job} j SET ${sets.map(({ sql }, at) => sql(`$${at + 3}`)).join(', ')} WHERE j.name = $1 AND j.id = $2::uuid`,
      [queue, id, ...sets.map(({ value }) => value)],
    );
  return id;
}

function newJob(queue: string, payload: string, options: Options): NewJob {
  const { priority, singletonKey, retryLimit, group } = options as {
    readonly priority?: number;
    readonly singletonKey?: string;
    readonly retryLimit?: number;
    readonly group?: { readonly id: string };
  };
  return {
    type: queue,
    payload,
    priority,
    key: singletonKey,
    lane: group?.id,
    maxAttempts: retryLimit === undefined ? undefined : retryLimit + 1,
  };
}

function setOf(layout: Layout, queue: string, [name, value]: readonly [string, unknown]) {
  const column = columns[name];
  if (column !== undefined && layout.has(column)) return { value, sql: (place: string) => `${column} = ${place}` };
  const [, what, unit = ''] = /^(expireIn|retention)(Seconds|Minutes|Hours|Days)$/.exec(name) ?? [];
  if (what === undefined) throw refused(queue, `its option ${name} is not known to jobctl`, 'unsupported');
  const seconds = Number(value) * (units[unit] ?? 1);
  const interval = (place: string): string => `${place}::float8 * interval '1 s'`;
  const sql = (place: string): string =>
    what === 'retention'
      ? `keep_until = j.start_after + ${interval(place)}`
      : layout.has('expire_in')
        ? `expire_in = ${interval(place)}`
        : `expire_seconds = ${place}::int`;
  return { value: seconds, sql };
}

const refused = (queue: string, why: string, kind: 'refused' | 'unsupported'): JobctlError =>
  new JobctlError(kind, `No job of this schedule is added to ${queue}: ${why}.`, {
    next: [`jobctl enqueue ${queue} --payload JSON   # adds a job like it`],
  });
