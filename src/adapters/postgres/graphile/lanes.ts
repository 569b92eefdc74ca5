import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';
import type { Layout } from './layout.ts';

/**
 * Lanes `q` that are locked while none of their jobs is. Workers lock and unlock both in one statement: this is what is left
 * when somebody unlocks or deletes jobs by hand.
 */
export const locked = ({ lanes, jobs }: Layout): string =>
  `${lanes} q WHERE q.locked_at IS NOT NULL AND q.id NOT IN (SELECT j.job_queue_id FROM ${jobs} j
     WHERE j.is_available = false AND j.locked_at IS NOT NULL AND j.job_queue_id IS NOT NULL)`;

/** Such lanes of one worker. */
export interface Held {
  /** Null where the lock does not say whose it is. */
  readonly worker: string | null;
  readonly names: readonly string[];
}

/** Of these tasks, or of all. Through the view no lane's lock can be seen. */
export async function lockedAlone(db: Db, layout: Layout, tasks?: readonly string[]): Promise<Held[]> {
  if (layout.sight.through === 'view') return [];
  const among = `AND EXISTS (SELECT FROM ${layout.jobs} j JOIN ${layout.tasks} t ON t.id = j.task_id WHERE j.job_queue_id = q.id AND t.identifier = ANY ($1))`;
  return await db.query<Held>(
    `SELECT q.locked_by AS worker, array_agg(q.queue_name ORDER BY q.queue_name) AS names FROM ${locked(layout)} ${tasks === undefined ? '' : among}
      GROUP BY 1 ORDER BY min(q.locked_at), 1`,
    tasks === undefined ? [] : [tasks],
  );
}

const SHOWN = 5;

export function plight({ worker, names }: Held): string {
  const [lanes, are, them] = names.length === 1 ? ['lane', 'is', 'it'] : ['lanes', 'are', 'them'];
  const rest = names.length - SHOWN;
  return `The ${lanes} ${names.slice(0, SHOWN).join(', ')}${rest > 0 ? ` and ${rest} more` : ''} ${are} locked by ${worker ?? '(unknown)'} although no job of ${them} is: nothing in ${them} runs until that lock is 4 hours old.`;
}

/** The library's own way: it lets go of all that the worker holds, jobs and lanes. Undefined where nobody is named. */
export const freedBy = ({ schema }: Layout, worker: string | null): string | undefined =>
  worker === null
    ? undefined
    : `SELECT ${quoted(schema)}.force_unlock_workers(ARRAY['${worker.replaceAll("'", "''")}']);`;
