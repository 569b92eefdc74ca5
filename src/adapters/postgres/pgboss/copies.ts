import { createHash } from 'node:crypto';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Instant } from '../../../domain/instant.ts';
import type { JobRef } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import { instant } from '../sql.ts';
import { early } from './expressions.ts';
import type { Layout } from './layout.ts';
import { factsOf, idsOf, namesOf } from './places.ts';
import { everyName } from './queues.ts';

/**
 * A dead-lettered job exists twice: the failed original in its own queue, and a new job in the dead-letter queue. Since
 * 12.34 the copy says where it came from. Before, only this tells: both rows were written by one statement, so that the
 * copy was made at the very moment at which the original ended, with the same data.
 */
export const sameDeath = (original: string, copy: string): string =>
  `${copy}.created_on = ${original}.completed_on AND ${copy}.data IS NOT DISTINCT FROM ${original}.data`;

/** The same as a key, to match rows of two queries: joins that no index serves are planned badly where statistics are old. */
const deathOf = (at: Instant | undefined, payload: string): string =>
  `${at} ${createHash('md5').update(payload).digest('hex')}`;
export const deathKey = (at: string): string => `${instant(at)} || ' ' || md5(coalesce(j.data::text, 'null'))`;

const rootOf = (saved: SavedJob): string => factsOf(saved).source_root_id ?? saved.job.id;

/** Where the work of a failed job is under way already. */
export interface Double {
  /** The copy, or the job that it has become. */
  readonly by: JobRef;
  /** It was put back before. */
  readonly moved: boolean;
  readonly note: string;
}

const inLetters = (by: JobRef): Double => ({
  by,
  moved: false,
  note: `its copy ${by.id} is in ${by.queue}: replay that one (jobctl replay ${by.queue} --id ${by.id}), or remove it first; both would run it twice`,
});

const putBackBefore = (by: JobRef): Double => ({
  by,
  moved: true,
  note: `its copy was already put back as job ${by.id}: replaying both would run it twice`,
});

/** Failed jobs whose work is already under way elsewhere: a copy that can still run, or a job that such a copy has become. */
export async function doubles(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<Map<string, Double>> {
  const failed = jobs.filter(({ job }) => job.native === 'failed');
  const lettered = failed.filter((saved) => (factsOf(saved).dead_letter ?? null) !== null);
  const found = new Map<string, Double>();
  if (lettered.length === 0) return found;
  const letters = [...new Set(lettered.map((saved) => factsOf(saved).dead_letter ?? ''))];
  const byDeath = Map.groupBy(lettered, ({ job }) => deathOf(job.since, job.payload));
  const byRoot = Map.groupBy(lettered, rootOf);
  for (const copy of await copiesOf(db, layout, letters, lettered)) {
    const originals = (copy.root === null ? byDeath.get(copy.death) : byRoot.get(copy.root)) ?? [];
    for (const saved of originals.filter((one) => factsOf(one).dead_letter === copy.queue))
      found.set(saved.job.id, inLetters({ queue: copy.queue, id: copy.id }));
  }
  for (const moved of await movedOf(db, layout, lettered)) {
    for (const { job } of (moved.root === null ? byDeath.get(moved.death) : byRoot.get(moved.root)) ?? []) {
      if (job.id === moved.id || job.queue !== moved.queue || (job.since ?? '') > moved.created) continue;
      found.set(job.id, putBackBefore({ queue: moved.queue, id: moved.id }));
    }
  }
  return found;
}

interface Copy {
  readonly id: string;
  readonly queue: string;
  /** The job that it all began with; before schema 43 the one that the copy was made of. */
  readonly root: string | null;
  readonly death: string;
}

/** What lies in these dead-letter queues of these jobs, or may. */
async function copiesOf(
  db: Db,
  layout: Layout,
  letters: readonly string[],
  originals: readonly SavedJob[],
): Promise<Copy[]> {
  const linked = layout.has('source_id');
  const rooted = layout.has('source_root_id');
  const root = rooted ? 'coalesce(j.source_root_id, j.source_id)::text' : linked ? 'j.source_id::text' : 'NULL';
  const select = `SELECT j.id::text AS id, j.name AS queue, ${root} AS root, ${deathKey('j.created_on')} AS death
       FROM ${layout.job} j WHERE j.name = ANY ($1::text[]) AND ((${early(layout)}) OR j.state = 'active')`;
  const silent = await db.query<Copy>(
    `${select} AND j.created_on = ANY ($2::timestamptz[]) ${linked ? 'AND j.source_id IS NULL' : ''}`,
    [letters, [...new Set(originals.map(({ job }) => job.since))]],
  );
  if (!linked) return silent;
  return [
    ...silent,
    ...(await db.query<Copy>(
      `${select} AND ${rooted ? 'j.source_root_id' : 'j.source_id'} = ANY ($2::uuid[])`, // the root has an index
      [letters, rooted ? originals.map(rootOf) : idsOf(originals)],
    )),
  ];
}

/**
 * Copies that were put back, whatever has become of them since. They keep the id of the job that it all began with; before
 * schema 43, which has no place for it, they keep the moment at which that one died.
 */
async function movedOf(db: Db, layout: Layout, originals: readonly SavedJob[]) {
  const rooted = layout.has('source_root_id');
  const [root, among] = rooted
    ? ['j.source_root_id::text', 'j.source_root_id = ANY ($2::uuid[])']
    : ['NULL', 'j.created_on = ANY ($2::timestamptz[])'];
  return await db.query<Copy & { readonly created: Instant }>(
    `SELECT j.id::text AS id, j.name AS queue, ${root} AS root, ${deathKey('j.created_on')} AS death, ${instant('j.created_on')} AS created
       FROM ${layout.job} j WHERE ${among} AND j.name = ANY ($1::text[]) AND j.state <> 'cancelled'`,
    [namesOf(originals), rooted ? originals.map(rootOf) : [...new Set(originals.map(({ job }) => job.since))]],
  );
}

/** For each dead-letter copy the queue that its original failed in, where that is certain. */
export async function sourcesOf(db: Db, layout: Layout, copies: readonly SavedJob[]): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  const silent = copies.filter((saved) => {
    const { source_name: source } = factsOf(saved);
    if (source !== null && source !== undefined) known.set(saved.job.id, source);
    return source === null || source === undefined;
  });
  if (silent.length > 0) {
    const feeders = await db.query<{ name: string }>(
      `SELECT name FROM ${layout.queue} WHERE dead_letter = ANY ($1::text[])`,
      [namesOf(silent)],
    );
    await findSources(db, layout, silent, known, { sql: '$3::text[]', values: [feeders.map(({ name }) => name)] });
    const left = silent.filter(({ job }) => !known.has(job.id));
    // of those that single jobs named the original can be anywhere
    if (left.length > 0) await findSources(db, layout, left, known, { sql: everyName(layout), values: [] });
  }
  return await stillThere(db, layout, known);
}

/** By the originals in these queues; a copy that may have come from several of them has no source. */
async function findSources(
  db: Db,
  layout: Layout,
  copies: readonly SavedJob[],
  known: Map<string, string>,
  among: { readonly sql: string; readonly values: readonly unknown[] },
): Promise<void> {
  const originals = await db.query<{ queue: string; letter: string; death: string }>(
    `SELECT j.name AS queue, j.dead_letter AS letter, ${deathKey('j.completed_on')} AS death FROM ${layout.job} j
      WHERE j.name = ANY (${among.sql}) AND j.state = 'failed' AND j.dead_letter = ANY ($1::text[]) AND j.completed_on = ANY ($2::timestamptz[])`,
    [namesOf(copies), [...new Set(copies.map(({ job }) => job.createdAt))], ...among.values],
  );
  const byDeath = Map.groupBy(originals, ({ letter, death }) => `${letter} ${death}`);
  for (const { job } of copies) {
    const its = byDeath.get(`${job.queue} ${deathOf(job.createdAt, job.payload)}`) ?? [];
    const [source, ...others] = new Set(its.map(({ queue }) => queue));
    if (source !== undefined && others.length === 0) known.set(job.id, source);
  }
}

async function stillThere(db: Db, layout: Layout, known: Map<string, string>): Promise<Map<string, string>> {
  if (known.size === 0) return known;
  const rows = await db.query<{ name: string }>(`SELECT name FROM ${layout.queue} WHERE name = ANY ($1::text[])`, [
    [...new Set(known.values())],
  ]);
  const there = new Set(rows.map(({ name }) => name));
  return new Map([...known].filter(([, source]) => there.has(source)));
}

/** Which of these jobs lie in a dead-letter queue. */
export async function inDeadLetters(db: Db, layout: Layout, jobs: readonly SavedJob[]): Promise<Set<string>> {
  const rows = await db.query<{ name: string }>(
    `SELECT DISTINCT q.dead_letter AS name FROM ${layout.queue} q WHERE q.dead_letter = ANY ($1::text[])`,
    [namesOf(jobs)],
  );
  const names = new Set(rows.map(({ name }) => name));
  return new Set(
    jobs
      .filter(
        (saved) =>
          names.has(saved.job.queue) ||
          (factsOf(saved).source_name ?? null) !== null ||
          (saved.job.state === 'dead' && saved.job.native !== 'failed'),
      )
      .map(({ job }) => job.id),
  );
}

/** A copy and its original by the link between them; by the root where there is one, because that column has an index. */
export const linkOf = (layout: Layout): string =>
  `j.source_id = o.id${layout.has('source_root_id') ? ' AND j.source_root_id = coalesce(o.source_root_id, o.id)' : ''}`;
