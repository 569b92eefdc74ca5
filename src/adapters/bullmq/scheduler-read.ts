import { JobctlError } from '../../domain/errors.ts';
import type { Connection } from './connection.ts';
import { type Fields, fieldsOf } from './job.ts';
import type { QueueKeys } from './keys.ts';
import { pausedSchedulers } from './own-keys.ts';
import type { SavedScheduler } from './saved-scheduler.ts';
import { packed, unpacked } from './snapshot.ts';

/** The scheduler as it is at work now. Read in two looks: whatever writes compares everything again. */
export async function liveScheduler(
  connection: Connection,
  keys: QueueKeys,
  id: string,
): Promise<SavedScheduler | undefined> {
  const [time, hash] = await connection.many([
    ['ZSCORE', keys.repeat, id],
    ['HGETALL', keys.scheduler(id)],
  ]);
  if (time === null || time === undefined) return undefined;
  const fields = fieldsOf(hash);
  // by this the library tells its job schedulers from the repeatable jobs that came before them
  if (!fields.has('ic')) throw legacy(keys.queue, id);
  const score = String(time);
  const run = `repeat:${id}:${score}`;
  const [job, due] = await connection.many([
    ['HGETALL', keys.job(run)],
    ['ZSCORE', keys.delayed, run],
  ]);
  const next = fieldsOf(job);
  return {
    id,
    score,
    fields: packed(fields),
    ...(next.size > 0 && {
      next: { ...(due !== null && due !== undefined && { due: String(due) }), fields: packed(next) },
    }),
  };
}

/** What is kept of a paused one, as it lies there. */
export async function pausedScheduler(
  connection: Connection,
  prefix: string,
  queue: string,
  id: string,
): Promise<string | undefined> {
  const [text] = await connection.many([['HGET', pausedSchedulers(prefix, queue), id]]);
  return text === null || text === undefined ? undefined : String(text);
}

export function partsOf(saved: SavedScheduler): { saved: SavedScheduler; scheduler: Fields; run: Fields | undefined } {
  return { saved, scheduler: unpacked(saved.fields), run: saved.next && unpacked(saved.next.fields) };
}

const legacy = (queue: string, id: string): JobctlError =>
  new JobctlError(
    'unsupported',
    `${id} in ${queue} is a repeatable job of an older BullMQ and no job scheduler: jobctl only lists those.`,
    { next: ['Make it a job scheduler in the application: queue.upsertJobScheduler(id, repeat, template).'] },
  );
