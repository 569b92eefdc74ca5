import { randomUUID } from 'node:crypto';
import type { Enqueued, NewJob } from '../../../domain/enqueue.ts';
import type { Db } from '../connection.ts';
import type { DialectEnqueue } from '../dialect.ts';
import { heldKeys, type Keyed } from '../held-keys.ts';
import { quoted } from '../sql.ts';
import type { Column } from './catalog.ts';
import { asText, literal, ref } from './column-sql.ts';
import { hasStatus } from './homes.ts';
import type { Layout } from './layout.ts';
import { notifyQueues } from './notify.ts';
import { nowIn } from './set.ts';

const BATCH = 1000;

/** A row in the table of the jobs, as the mapping reads it back: waiting, no attempt made. */
export const adds = (layout: Layout): DialectEnqueue => ({
  ignores: new Set(ignored(layout)),
  refuses: (job) => missing(layout, job),
  batch: BATCH,
  add: async (db, queue, jobs) => {
    const answers = heldKeys(jobs, await holders(db, layout, jobs), 'idempotency key');
    const all: Enqueued[] = [];
    for (const [index, job] of jobs.entries()) all.push(answers[index] ?? (await insert(db, layout, queue, job)));
    if (all.some(({ result }) => result === 'done')) await notifyQueues(db, layout, [queue]);
    return all;
  },
});

const named = ['lane', 'tenant'] as const;

/** What must be filled and has no default, this very job has to tell. */
function missing({ job: columns, jobs }: Layout, job: NewJob): string | undefined {
  const name = named.find((one) => job[one] === undefined && columns[one]?.notNull && !columns[one].defaulted);
  return name && `the column ${columns[name]?.name} of ${jobs.name} must be filled: say its ${name}`;
}

function ignored({ job, queueName }: Layout): (keyof NewJob)[] {
  const fields: (keyof NewJob)[] = [];
  if (job.tenant === undefined) fields.push('tenant');
  if (job.lane === undefined) fields.push('lane');
  if (job.runAt === undefined) fields.push('delaySeconds');
  if (job.priority === undefined) fields.push('priority');
  if (job.maxAttempts === undefined) fields.push('maxAttempts');
  if (job.dedupeKey === undefined) fields.push('key');
  return job.type === undefined && queueName !== '' ? [...fields, 'type'] : fields;
}

/** Why no row can be added: a column that must be filled and that nothing here knows how to fill. */
export function lackOf(layout: Layout): { readonly why: string; readonly instead: string } | undefined {
  const filled = new Set([...valuesOf(layout).keys()]);
  const { id } = layout.job;
  const makesId = id.defaulted || id.kind === 'uuid' || id.kind === 'text';
  const unfilled = layout.jobs.columns.filter(
    ({ name, notNull, defaulted, generated }) => notNull && !defaulted && !generated && !filled.has(name),
  );
  if (makesId && unfilled.length === 0) return undefined;
  const names = makesId ? unfilled.map(({ name }) => name) : [id.name];
  return {
    why: `a new row of ${layout.jobs.name} needs ${names.join(', ')}, which the mapping does not fill`,
    instead: `Map the column, give it a default, or add the job with your application.`,
  };
}

/** Each column that is written, with its SQL. Parameters: $1 id, $2 queue, $3 type, $4 payload, $5 seconds, $6 priority, $7 tries, $8 key, $9 lane, $10 tenant. */
function valuesOf({ job, labels }: Layout): Map<string, string> {
  const cast =
    (parameter: string) =>
    ({ type }: Column): string =>
      `${parameter}::text::${type}`;
  const later = ({ kind }: Column): string =>
    kind === 'timestamp'
      ? `timezone('UTC', now() + $5::float8 * interval '1 s')`
      : `now() + $5::float8 * interval '1 s'`;
  const columns: readonly (readonly [Column | undefined, (column: Column) => string])[] = [
    [job.id.defaulted ? undefined : job.id, cast('$1')],
    [job.queue, cast('$2')],
    [job.type, cast('$3')],
    [job.status, () => literal(labels.waiting[0] as string)],
    [job.payload, cast('$4')],
    [job.runAt, later],
    [job.priority, ({ type }) => `coalesce($6::int, 0)::${type}`],
    [job.maxAttempts?.defaulted ? undefined : job.maxAttempts, ({ type }) => `coalesce($7::int, 1)::${type}`],
    [job.dedupeKey, cast('$8')],
    [job.lane, cast('$9')],
    [job.tenant, cast('$10')],
    [job.attempts, () => '0'],
    [job.createdAt, nowIn],
    [job.updatedAt, nowIn], // Prisma's @updatedAt has no default in the database
  ];
  return new Map(columns.flatMap(([column, value]) => (column === undefined ? [] : [[column.name, value(column)]])));
}

async function insert(db: Db, layout: Layout, queue: string, job: NewJob): Promise<Enqueued> {
  const values = valuesOf(layout);
  for (const name of named) if (job[name] === undefined) values.delete(layout.job[name]?.name ?? '');
  const tries = layout.job.maxAttempts;
  if (tries !== undefined && job.maxAttempts !== undefined) values.set(tries.name, `$7::int::${tries.type}`);
  const all = [
    randomUUID(),
    queue,
    job.type,
    job.payload,
    job.delaySeconds ?? 0,
    job.priority ?? null,
    job.maxAttempts ?? null,
    job.key ?? null,
    job.lane ?? null,
    job.tenant ?? null,
  ];
  // a parameter that no column takes has no type
  const used = `(VALUES ($1::text, $2::text, $3::text, $4::text, $5::float8, $6::int, $7::int, $8::text, $9::text, $10::text)) AS used`;
  const rows = await db.query<{ id: string }>(
    `INSERT INTO ${layout.jobs.sql} (${[...values.keys()].map(quoted).join(', ')})
     SELECT ${[...values.values()].join(', ')} FROM ${used} ON CONFLICT DO NOTHING RETURNING ${quoted(layout.job.id.name)}::text AS id`,
    all,
  );
  const id = rows[0]?.id;
  if (id !== undefined) return { result: 'done', ref: { queue, id } };
  return { result: 'duplicate', why: `a unique index of ${layout.jobs.name} has its place taken` };
}

const holders = (db: Db, layout: Layout, jobs: readonly NewJob[]): Promise<Keyed[]> => {
  const { dedupeKey, id, queue } = layout.job;
  const keys = jobs.flatMap(({ key }) => (key === undefined ? [] : [key]));
  if (dedupeKey === undefined || keys.length === 0) return Promise.resolve([]);
  const name = queue === undefined ? literal(layout.queueName) : asText('j', queue);
  return db.query<Keyed>(
    `SELECT ${asText('j', dedupeKey)} AS key, ${name} AS queue, ${ref('j', id)}::text AS id FROM ${layout.jobs.sql} j
      WHERE ${hasStatus(layout, 'j', 'waiting', 'delayed')} AND ${asText('j', dedupeKey)} = ANY ($1)`,
    [keys],
  );
};
