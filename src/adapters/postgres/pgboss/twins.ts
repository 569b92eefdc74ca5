import type { Db } from '../connection.ts';
import { quotedLiterals } from '../sql.ts';
import type { Layout } from './layout.ts';
import type { RowFacts } from './places.ts';

/** A job and the place it is about to take in the unique indexes. */
export interface Candidate
  extends Pick<RowFacts, 'state' | 'policy' | 'singleton_key' | 'singleton_on' | 'upsert_by_key'> {
  readonly id: string;
  readonly queue: string;
}

/** One unique index of the library: which rows are in it, and what may be there only once. */
interface Rule {
  readonly index: string;
  /** What it takes to be in it. */
  readonly policy?: string;
  readonly states: readonly string[];
  /** True where each state has a place of its own. */
  readonly perState?: boolean;
  readonly column?: 'singleton_on' | 'upsert_by_key';
}

const soon = ['created', 'retry'];
const rules: readonly Rule[] = [
  { index: 'i1', policy: 'short', states: ['created'] },
  { index: 'i2', policy: 'singleton', states: ['active'] },
  { index: 'i3', policy: 'stately', states: [...soon, 'active'], perState: true },
  { index: 'i6', policy: 'exclusive', states: [...soon, 'active'] },
  { index: 'i8', policy: 'key_strict_fifo', states: ['active', 'retry', 'failed'] },
  { index: 'i4', states: [...soon, 'active', 'completed', 'failed'], column: 'singleton_on' },
  { index: 'i13', states: ['created'], column: 'upsert_by_key' },
];

const belongs = (rule: Rule, job: Candidate): boolean =>
  rule.states.includes(job.state) &&
  (rule.policy === undefined || rule.policy === job.policy) &&
  (rule.column === undefined || (job[rule.column] ?? false) !== false);

/** What two jobs may not share. */
const place = (rule: Rule, job: Candidate): string =>
  JSON.stringify([
    job.queue,
    job.singleton_key ?? '',
    rule.perState ? job.state : '',
    rule.column === 'singleton_on' ? job.singleton_on : '',
  ]);

/**
 * Jobs that would break a unique index in the state they are to have, with the reason: another job has the place, or an
 * earlier one of this very batch takes it. Asked before the write, because the index's refusal would undo the whole batch.
 */
export async function twins(db: Db, layout: Layout, jobs: readonly Candidate[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const rule of rules) {
    const inIt = jobs.filter((job) => belongs(rule, job));
    if (inIt.length === 0) continue;
    const holders = await holdersOf(db, layout, rule, inIt);
    for (const job of inIt) {
      const holder = holders.get(place(rule, job));
      if (holder === undefined) holders.set(place(rule, job), job.id);
      else if (holder !== job.id && !found.has(job.id)) found.set(job.id, reason(rule, job, holder));
    }
  }
  return found;
}

/** Who has these places now; of the jobs that are asked about only those that keep theirs. */
async function holdersOf(db: Db, layout: Layout, rule: Rule, jobs: readonly Candidate[]): Promise<Map<string, string>> {
  const is = [
    `j.state IN ${quotedLiterals(rule.states)}`,
    rule.policy === undefined ? '' : `j.policy = '${rule.policy}'`,
    rule.column === 'singleton_on' ? 'j.singleton_on IS NOT NULL' : '',
    rule.column === 'upsert_by_key' ? 'j.upsert_by_key' : '',
  ].filter((part) => part !== '');
  const rows = await db.query<{ id: string; queue: string; state: string; key: string; slot: string | null }>(
    `SELECT j.id::text AS id, j.name AS queue, j.state::text AS state, coalesce(j.singleton_key, '') AS key, to_json(j.singleton_on) #>> '{}' AS slot
       FROM ${layout.job} j
      WHERE j.name = ANY ($1::text[]) AND coalesce(j.singleton_key, '') = ANY ($2::text[]) AND ${is.join(' AND ')}`,
    [[...new Set(jobs.map(({ queue }) => queue))], [...new Set(jobs.map((job) => job.singleton_key ?? ''))]],
  );
  return new Map(
    rows.map(({ id, queue, state, key, slot }) => [
      place(rule, { id, queue, state, singleton_key: key, singleton_on: slot }),
      id,
    ]),
  );
}

function reason(rule: Rule, job: Candidate, holder: string): string {
  const key = job.singleton_key === null || job.singleton_key === undefined ? '' : `, key ${job.singleton_key}`;
  const because = rule.policy === undefined ? 'throttled' : `policy ${rule.policy}`;
  return `job ${holder} has its place (${because}${key}, unique index ${rule.index})`;
}
