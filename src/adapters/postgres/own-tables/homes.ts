import { type JobState, jobStates } from '../../../domain/job.ts';
import type { Selection } from '../../../domain/selection.ts';
import { quotedLiterals } from '../sql.ts';
import type { Column } from './catalog.ts';
import { asText, literal, moment, ref } from './column-sql.ts';
import type { Layout, Letters } from './layout.ts';
import { activeProof } from './proof.ts';

/**
 * A table in which jobs stand, as SQL over its rows. A dead letter and its failed original are one job, under the id of
 * the original: while the letter is unresolved it stands for both.
 */
export interface Home {
  readonly name: 'job' | 'letter';
  readonly from: string;
  /** In the type of the id column. */
  readonly id: string;
  readonly created: string;
  /** The column that is paged by, as an index has it, as a time, and what an instant is in it. */
  readonly order: string;
  readonly orderTime: string;
  readonly orderValue: (instant: string) => string;
  readonly queue: string;
  readonly type: string;
  readonly native: string;
  readonly attempts: string;
  readonly maxAttempts: string;
  readonly payload: string;
  readonly bytes: string;
  readonly error: Readonly<Record<'message' | 'class' | 'stack', string>>;
  readonly since: string;
  readonly priority: string;
  readonly key: string;
  readonly lane: string;
  readonly tenant: string;
  readonly worker: string;
  /** Text that proves that the owner of a running job is gone, else NULL. */
  readonly proof: string;
  /** Whether its letters are the resolved ones. */
  readonly handled: boolean;
  /** The note on a letter that is resolved, else NULL. */
  readonly resolved: string;
  /** True of the failed job `o` that goes and comes with its letter. */
  readonly original: string;
  /** Together they cover every row that is shown once. */
  readonly states: Readonly<Record<JobState, string>>;
  readonly state: string;
  /** True of the rows that are shown. */
  readonly shown: string;
}

const NONE = 'NULL::text';

const maybe = (alias: string, column: Column | undefined, how = asText): string | undefined =>
  column === undefined ? undefined : how(alias, column);
/** The first that is not NULL of those that are mapped at all. */
const first = (otherwise: string, ...expressions: readonly (string | undefined)[]): string => {
  const there = expressions.filter((one) => one !== undefined);
  if (there.length === 0) return otherwise;
  return otherwise === NONE && there.length === 1
    ? (there[0] as string)
    : `coalesce(${[...there, otherwise].join(', ')})`;
};

export const isOpen = ({ columns }: Letters, alias: string): string =>
  columns.resolved === undefined
    ? `${ref(alias, columns.resolvedAt as Column)} IS NULL`
    : columns.resolved.notNull
      ? `NOT ${ref(alias, columns.resolved)}` // so that an index on it can be used
      : `${ref(alias, columns.resolved)} IS NOT TRUE`;

/** Whether a letter that names no job may be shown under its own id: no number, which could be that of another job. */
export const standsAlone = ({ columns: { id, jobId } }: Letters): boolean =>
  jobId === undefined || (!jobId.notNull && id.type === jobId.type && id.kind !== 'integer');

/** The id of the job that a letter stands for. */
export const letterKey = (letters: Letters, alias: string): string => {
  const { id, jobId } = letters.columns;
  if (jobId === undefined) return ref(alias, id);
  return standsAlone(letters) ? `coalesce(${ref(alias, jobId)}, ${ref(alias, id)})` : ref(alias, jobId);
};

/** True of the letters that are unresolved, or of those that are not. */
export const letterIs = (letters: Letters, alias: string, resolved: boolean): string =>
  resolved ? `NOT (${isOpen(letters, alias)})` : isOpen(letters, alias);

/** The homes in which a selection looks. */
export function homesOf(layout: Layout, selection?: Pick<Selection, 'resolved'>): Home[] {
  const { letters } = layout;
  if (selection?.resolved === true)
    return [letters === undefined ? { ...jobHome(layout), shown: 'false' } : letterHome(layout, letters, true)];
  return letters === undefined ? [jobHome(layout)] : [jobHome(layout), letterHome(layout, letters)];
}

/** Only what the status says, as a condition on `alias`, a row of the jobs table. */
export function hasStatus({ job, labels }: Layout, alias: string, ...states: readonly JobState[]): string {
  const wanted = states.flatMap((state) => labels[state]);
  return wanted.length === 0 ? 'false' : `${ref(alias, job.status)} IN ${quotedLiterals(wanted)}`;
}

/**
 * True of a failed job whose letter stands for it: an unresolved one, or one that was resolved after the job had ended. By
 * `resolved`: only such a one does, and none that is unresolved.
 */
export function isHidden({ letters, job }: Layout, alias: string, by: 'any' | 'resolved' = 'any'): string {
  if (letters?.columns.jobId === undefined) return 'false';
  const { jobId, resolvedAt } = letters.columns;
  const times = [job.finishedAt, job.startedAt].flatMap((column) =>
    column === undefined ? [] : [moment(alias, column)],
  );
  const covers =
    resolvedAt === undefined || times.length === 0
      ? 'true'
      : `coalesce(${moment('l', resolvedAt)} >= greatest(${times.join(', ')}), true)`;
  const has = (condition: string): string =>
    `EXISTS (SELECT FROM ${letters.table.sql} l WHERE ${ref('l', jobId)} = ${ref(alias, job.id)} AND ${condition})`;
  const open = isOpen(letters, 'l');
  return by === 'any' ? has(`(${open} OR ${covers})`) : `(${has(`NOT (${open}) AND ${covers}`)} AND NOT ${has(open)})`;
}

function statesOf(layout: Layout): Record<JobState, string> {
  const { job, labels } = layout;
  const status = ref('j', job.status);
  const is = (state: JobState): string => hasStatus(layout, 'j', state);
  const ahead = job.runAt === undefined ? 'false' : `coalesce(${moment('j', job.runAt)} > now(), false)`;
  const known = jobStates.flatMap((state) => labels[state]);
  const strange =
    job.status.kind === 'enum' ? job.status.labels.filter((label) => !known.includes(label)).map(literal) : undefined;
  const unheard =
    strange === undefined
      ? `coalesce(${status} NOT IN ${quotedLiterals(known)}, true)`
      : strange.length === 0
        ? `${status} IS NULL`
        : `coalesce(${status} IN (${strange.join(', ')}), true)`;
  return {
    waiting: `(${is('waiting')} AND NOT ${ahead})`,
    delayed: `((${is('waiting')} AND ${ahead}) OR ${is('delayed')})`,
    active: `(${is('active')})`,
    completed: `(${is('completed')})`,
    dead: `(${is('dead')} AND NOT ${isHidden(layout, 'j')})`,
    cancelled: `(${is('cancelled')})`,
    blocked: `(${is('blocked')} OR ${unheard})`,
  };
}

const orderBy = (alias: string, column: Column | undefined): Pick<Home, 'order' | 'orderTime' | 'orderValue'> => ({
  order: maybe(alias, column, ref) ?? 'NULL',
  orderTime: maybe(alias, column, moment) ?? 'NULL::timestamptz',
  orderValue: (instant) => (column?.kind === 'timestamp' ? `(${instant} AT TIME ZONE 'UTC')` : instant),
});

function errorOf(...columns: readonly (readonly [alias: string, column: Column | undefined])[]): Home['error'] {
  const part = (name: string) => first(NONE, ...columns.map(([alias, column]) => jsonField(alias, column, name)));
  const messages = columns.map(([alias, column]) => {
    if (column === undefined || column.kind === 'text') return maybe(alias, column);
    return `coalesce(${jsonField(alias, column, 'message')}, ${ref(alias, column)}::text)`;
  });
  return { message: first(NONE, ...messages), class: part('name'), stack: part('stack') };
}

/** A field of an error that is kept as a JSON object. */
const jsonField = (alias: string, column: Column | undefined, name: string): string | undefined =>
  column === undefined || column.kind === 'text'
    ? undefined
    : `CASE WHEN ${column.kind}_typeof(${ref(alias, column)}) = 'object' THEN ${ref(alias, column)} ->> '${name}' END`;

export function jobHome(layout: Layout): Home {
  const { job } = layout;
  const states = statesOf(layout);
  const { createdAt, runAt, startedAt, finishedAt, updatedAt, payload } = job;
  const at = (...columns: readonly (Column | undefined)[]): string =>
    first('NULL::timestamptz', ...columns.map((column) => maybe('j', column, moment)));
  const ready = [createdAt, runAt].flatMap((column) => (column === undefined ? [] : [moment('j', column)]));
  const is = (...wanted: readonly JobState[]): string => hasStatus(layout, 'j', ...wanted);
  /** The bare column where it can be: that is what an index has. */
  const text = (column: Column | undefined, otherwise: string): string =>
    column?.notNull ? asText('j', column) : first(literal(otherwise), maybe('j', column));
  return {
    name: 'job',
    from: `${layout.jobs.sql} j`,
    id: ref('j', job.id),
    created: at(createdAt),
    ...orderBy('j', createdAt),
    queue: text(job.queue, layout.queueName),
    type: text(job.type, 'job'),
    native: text(job.status, 'null'),
    attempts: first('0', maybe('j', job.attempts, ref)),
    maxAttempts: maybe('j', job.maxAttempts, ref) ?? 'NULL::int',
    payload: `coalesce(${maybe('j', payload) ?? NONE}, 'null')`,
    bytes: payload === undefined ? '0' : `coalesce(pg_column_size(${ref('j', payload)}), 0)`,
    error: errorOf(['j', job.error]),
    since: `CASE WHEN ${is('active')} THEN ${at(startedAt)}
      WHEN ${is('completed', 'dead', 'cancelled')} THEN ${at(finishedAt, updatedAt)}
      WHEN ${states.delayed} THEN ${at(runAt)}
      WHEN ${is('waiting')} THEN ${ready.length === 0 ? 'NULL' : `greatest(${ready.join(', ')})`}
      ELSE ${at(updatedAt, createdAt)} END`,
    priority: maybe('j', job.priority, ref) ?? 'NULL::int',
    key: maybe('j', job.dedupeKey) ?? NONE,
    lane: maybe('j', job.lane) ?? NONE,
    tenant: maybe('j', job.tenant) ?? NONE,
    worker: maybe('j', job.workerId) ?? NONE,
    proof: activeProof(layout, 'j', is('active')),
    handled: false,
    resolved: NONE,
    original: 'false',
    states,
    state: `CASE ${(['waiting', 'delayed', 'active', 'completed', 'cancelled'] as const)
      .map((state) => `WHEN ${states[state]} THEN '${state}'`)
      .join(' ')} WHEN ${is('dead')} THEN 'dead' ELSE 'blocked' END`,
    shown: layout.letters === undefined ? 'true' : `NOT (${is('dead')} AND ${isHidden(layout, 'j')})`,
  };
}

/** The newest letter of each job, of the unresolved or of the resolved ones; its failed original, where it is still there, is `o`. */
export function letterHome(layout: Layout, letters: Letters, resolved = false): Home {
  const { job } = layout;
  const { columns, table } = letters;
  const from =
    columns.jobId === undefined
      ? `${table.sql} d LEFT JOIN ${layout.jobs.sql} o ON false`
      : `${table.sql} d LEFT JOIN ${layout.jobs.sql} o ON ${ref('o', job.id)} = ${ref('d', columns.jobId)}`;
  const nothing = Object.fromEntries(jobStates.map((state) => [state, 'false'])) as Record<JobState, string>;
  const shown = `(${letterIs(letters, 'd', resolved)} AND ${letterKey(letters, 'd')} IS NOT NULL${isNewest(letters, resolved)})`;
  return {
    name: 'letter',
    from,
    id: letterKey(letters, 'd'),
    created: first('NULL::timestamptz', maybe('o', job.createdAt, moment), maybe('d', columns.createdAt, moment)),
    ...orderBy('d', columns.createdAt),
    queue: first(literal(layout.queueName), maybe('d', columns.queue), maybe('o', job.queue)),
    type: first(`'job'`, maybe('d', columns.type), maybe('o', job.type)),
    native: `'dead letter'`,
    attempts: first('0', maybe('d', columns.attempts, ref), maybe('o', job.attempts, ref)),
    maxAttempts: maybe('o', job.maxAttempts, ref) ?? 'NULL::int',
    payload: first(`'null'`, maybe('d', columns.payload), maybe('o', job.payload)),
    bytes: first(
      '0',
      ...[maybe('d', columns.payload, ref), maybe('o', job.payload, ref)].map((one) => one && `pg_column_size(${one})`),
    ),
    error: errorOf(['d', columns.error], ['o', job.error]),
    since: first(
      'NULL::timestamptz',
      resolved ? maybe('d', columns.resolvedAt, moment) : undefined,
      maybe('d', columns.createdAt, moment),
      maybe('o', job.finishedAt, moment),
    ),
    priority: maybe('o', job.priority, ref) ?? 'NULL::int',
    key: maybe('o', job.dedupeKey) ?? NONE,
    lane: first(NONE, maybe('d', columns.lane), maybe('o', job.lane)),
    tenant: first(NONE, maybe('d', columns.tenant), maybe('o', job.tenant)),
    worker: NONE,
    proof: NONE,
    handled: resolved,
    resolved: resolved ? first(`''`, maybe('d', columns.notes)) : NONE,
    original: isOriginal(layout, letters, resolved),
    states: { ...nothing, dead: shown },
    state: `'dead'`,
    shown,
  };
}

/** With a resolved letter goes only a job that nothing else stands for: it would turn up as dead again. */
function isOriginal(layout: Layout, letters: Letters, resolved: boolean): string {
  const dead = hasStatus(layout, 'o', 'dead');
  const { jobId } = letters.columns;
  if (!resolved || jobId === undefined) return dead;
  const open = `EXISTS (SELECT FROM ${letters.table.sql} n WHERE ${ref('n', jobId)} = ${ref('o', layout.job.id)} AND ${isOpen(letters, 'n')})`;
  return `(${dead} AND ${isHidden(layout, 'o')} AND NOT ${open})`;
}

function isNewest(letters: Letters, resolved: boolean): string {
  const { jobId, createdAt, id } = letters.columns;
  if (jobId === undefined) return '';
  const place = (alias: string): string =>
    `(${[...(createdAt === undefined ? [] : [ref(alias, createdAt)]), ref(alias, id)].join(', ')})`;
  return ` AND NOT EXISTS (SELECT FROM ${letters.table.sql} n WHERE ${ref('n', jobId)} = ${ref('d', jobId)} AND ${letterIs(letters, 'n', resolved)} AND ${place('n')} > ${place('d')})`;
}
