import type { SavedJob } from '../../../domain/claim.ts';
import type { Db } from '../connection.ts';
import { instant } from '../sql.ts';
import { deathKey } from './copies.ts';
import { keys, these } from './keys.ts';
import type { Layout } from './layout.ts';
import { factsOf } from './places.ts';

/** What the library's own fail writes into the dead-letter queue `q` for the job `r`, in the words of each generation. */
function copyOf(layout: Layout): Readonly<Record<string, string>> {
  // both at the same moment: before 12.34 only that tells whose copy it is
  const copy = { name: 'r.dead_letter', data: 'r.data', created_on: 'r.completed_on' };
  if (layout.has('expire_in'))
    return {
      ...copy,
      output: 'r.output',
      retry_limit: 'r.retry_limit',
      keep_until: 'r.keep_until + (r.keep_until - r.start_after)',
    };
  const asQueueSays = {
    ...copy,
    retry_limit: 'q.retry_limit',
    retry_backoff: 'q.retry_backoff',
    retry_delay: 'q.retry_delay',
    keep_until: `now() + q.retention_seconds * interval '1 s'`,
    deletion_seconds: 'q.deletion_seconds',
  };
  if (!layout.has('source_output')) return { ...asQueueSays, output: 'r.output' };
  return {
    ...asQueueSays,
    priority: 'r.priority',
    expire_seconds: 'q.expire_seconds',
    singleton_key: 'r.singleton_key',
    group_id: 'r.group_id',
    group_tier: 'r.group_tier',
    heartbeat_seconds: 'q.heartbeat_seconds',
    source_name: 'r.name',
    source_id: 'r.id',
    source_created_on: 'r.created_on',
    source_retry_count: 'r.retry_count',
    source_output: 'r.output',
    source_root_id: 'coalesce(r.source_root_id, r.id)',
    trace_context: 'r.trace_context',
  };
}

/** In 10 a queue that is its own dead-letter queue gets no copy. */
function hasCopy(layout: Layout, saved: SavedJob): boolean {
  const letter = factsOf(saved).dead_letter ?? null;
  return letter !== null && !(layout.has('expire_in') && letter === saved.job.queue);
}

/** SQL that dead-letters the rows of `died`. */
export function copyInto(layout: Layout, died: string): string {
  const copy = Object.entries(copyOf(layout)).filter(([column]) => layout.has(column));
  return `INSERT INTO ${layout.job} (${copy.map(([column]) => column).join(', ')})
    SELECT ${copy.map(([, value]) => value).join(', ')} FROM ${died} r JOIN ${layout.queue} q ON q.name = r.dead_letter
     ${layout.has('expire_in') ? 'WHERE r.name <> r.dead_letter' : ''}`;
}

interface Ended {
  readonly id: string;
  readonly letter: string;
  readonly at: string;
  readonly death: string;
  readonly mark: string;
}

interface Letter {
  readonly id: string;
  readonly queue: string;
  readonly state: string;
  readonly of: string | null;
  readonly death: string;
  readonly mark: string;
}

/**
 * Of jobs that were active and that a reset has ended, the copies that it made, locked. Job and copy were written by one
 * transaction: where that is still so, nobody has touched the copy. `undefined` where it is gone, or somebody holds it.
 */
export async function copiesMade(
  db: Db,
  layout: Layout,
  saved: readonly SavedJob[],
): Promise<Map<string, (Letter & { readonly untouched: boolean }) | undefined>> {
  const were = saved.filter((item) => factsOf(item).state === 'active' && hasCopy(layout, item));
  if (were.length === 0) return new Map();
  const ended = await db.query<Ended>(
    `SELECT j.id::text AS id, j.dead_letter AS letter, ${instant('j.completed_on')} AS at, ${deathKey('j.completed_on')} AS death, j.xmin::text AS mark
       FROM ${layout.job} j WHERE ${these} AND j.state = 'failed' ORDER BY j.id`,
    keys(were),
  );
  const linked = layout.has('source_id');
  const letters = await db.query<Letter>(
    `SELECT j.id::text AS id, j.name AS queue, j.state::text AS state, ${linked ? 'j.source_id::text' : 'NULL'} AS of,
            ${deathKey('j.created_on')} AS death, j.xmin::text AS mark
       FROM ${layout.job} j WHERE j.name = ANY ($1::text[]) AND j.created_on = ANY ($2::timestamptz[]) ORDER BY j.id FOR UPDATE OF j SKIP LOCKED`,
    [[...new Set(ended.map(({ letter }) => letter))], [...new Set(ended.map(({ at }) => at))]],
  );
  const left = Map.groupBy(letters, ({ queue, of, death }) => JSON.stringify([queue, of, death]));
  return new Map(
    ended.map(({ id, letter, death, mark }) => {
      const its = left.get(JSON.stringify([letter, linked ? id : null, death])) ?? [];
      // jobs that ended together with the same data have copies that are the same
      const index = its.findIndex((one) => one.mark === mark);
      const [copy] = its.splice(Math.max(0, index), 1);
      return [id, copy && { ...copy, untouched: index >= 0 }];
    }),
  );
}

/** Why each of these jobs cannot be made active again: its work is under way elsewhere. */
export async function takenCopies(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<Map<string, string>> {
  const letters = new Map(saved.map((item) => [item.job.id, factsOf(item).dead_letter]));
  const notes = [...(await copiesMade(db, layout, saved))].map(([id, copy]): [string, string | undefined] => {
    if (copy === undefined) return [id, `its copy in ${letters.get(id)} is gone, or somebody holds it`];
    return [id, copy.untouched ? undefined : `its copy ${copy.id} in ${copy.queue} is ${copy.state} now`];
  });
  return new Map(notes.flatMap(([id, note]) => (note === undefined ? [] : [[id, note]])));
}

/** Takes the copies away again before their jobs are made active. */
export async function withdrawCopies(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<void> {
  const made = await copiesMade(db, layout, saved);
  const copies = [...made.values()].flatMap((copy) => (copy?.untouched ? [copy] : []));
  if (copies.length === 0) return;
  await db.query(`DELETE FROM ${layout.job} j WHERE ${these} AND j.state = 'created'`, [
    [...new Set(copies.map(({ queue }) => queue))],
    copies.map(({ id }) => id),
  ]);
}

/** Jobs that are active only because an undo made them so: when that is taken back, they are to have their copies again. */
export async function activeAgain(db: Db, layout: Layout, saved: readonly SavedJob[]): Promise<SavedJob[]> {
  const died = saved.filter((item) => factsOf(item).state === 'failed' && hasCopy(layout, item));
  if (died.length === 0) return [];
  const rows = await db.query<{ id: string }>(
    `SELECT j.id::text AS id FROM ${layout.job} j WHERE ${these} AND j.state = 'active'`,
    keys(died),
  );
  const active = new Set(rows.map(({ id }) => id));
  return died.filter(({ job }) => active.has(job.id));
}
