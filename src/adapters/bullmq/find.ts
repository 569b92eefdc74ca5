import { JobctlError } from '../../domain/errors.ts';
import type { JobDetail } from '../../domain/job.ts';
import { PARKED_REASON } from './compare.ts';
import type { Command, Connection, Reply } from './connection.ts';
import {
  attemptsOf,
  type Fields,
  type Found,
  fieldsOf,
  isGhost,
  jobOf,
  maxAttemptsOf,
  numberOf,
  textOf,
} from './job.ts';
import { couldBeJob, keysOf, type QueueKeys } from './keys.ts';
import { locate } from './locate.ts';
import { relationsOf } from './relations.ts';
import { timelineOf } from './timeline.ts';

/** The latest rows of a job's log that are shown. */
const LOG_ROWS = 100;

/** One job with everything that Redis holds of it. `queues`: where to look. An id is unique only within its queue. */
export async function find(
  connection: Connection,
  prefix: string,
  id: string,
  queues: readonly string[],
): Promise<JobDetail | undefined> {
  if (!couldBeJob(id)) return undefined;
  const all = queues.map((queue) => keysOf(prefix, queue));
  const types = await connection.many(all.map((keys): Command => ['TYPE', keys.job(id)]));
  const hashes = all.filter((_, index) => String(types[index]) === 'hash');
  // where a queue is named, an id may also stand in a list while its hash is gone
  const candidates = all.length === 1 && String(types[0]) === 'none' ? all : hashes;
  const found: (Found & { keys: QueueKeys })[] = [];
  for (const keys of candidates) {
    const one = await lookAt(connection, keys, id);
    if (one !== undefined) found.push({ ...one, keys });
  }
  const [only] = found;
  if (only === undefined) return undefined;
  if (found.length > 1)
    throw ambiguous(
      id,
      found.map(({ queue }) => queue),
    );
  return await detailOf(connection, prefix, only.keys, only);
}

async function lookAt(connection: Connection, keys: QueueKeys, id: string): Promise<Found | undefined> {
  const [place] = await locate(connection, keys, [id]);
  const [hash, lock] = await connection.many([
    ['HGETALL', keys.job(id)],
    ['EXISTS', keys.lock(id)],
  ]);
  const fields = fieldsOf(hash);
  // a scheduler and a parent's results are hashes too, and no jobs
  if (place === undefined && !fields.has('timestamp')) return undefined;
  const native = place?.set.native;
  return {
    queue: keys.queue,
    id,
    native,
    score: place?.score,
    fields,
    ...(native === 'active' && { locked: lock === 1 }),
  };
}

const ambiguous = (id: string, queues: readonly string[]): JobctlError =>
  new JobctlError('usage', `Job ${id} is not one but several: ${queues.join(', ')} have one each of that id.`, {
    next: queues.slice(0, 3).map((queue) => `Name its queue, with --queue or after the command: ${queue}`),
  });

async function detailOf(connection: Connection, prefix: string, keys: QueueKeys, found: Found): Promise<JobDetail> {
  const { id, fields } = found;
  const dedup = textOf(fields, 'deid') ?? textOf(fields, 'debounceId');
  const [logged, rows, token, left, owner, stalled] = await connection.many([
    ['LLEN', keys.logs(id)],
    ['LRANGE', keys.logs(id), -LOG_ROWS, -1],
    ['GET', keys.lock(id)],
    ['PTTL', keys.lock(id)],
    ['GET', keys.dedup(dedup ?? '')],
    ['SISMEMBER', keys.stalled, id],
  ]);
  const relations = await relationsOf(connection, prefix, keys, found);
  return {
    job: jobOf(found),
    timeline: timelineOf(found, Number(logged), ((rows ?? []) as readonly Buffer[]).map(String)),
    links: [
      ...(token === null || token === undefined
        ? []
        : [{ relation: 'lock held by', to: `${String(token)}, for ${Math.ceil(Number(left) / 1000)} s more` }]),
      ...dedupLink(dedup, owner, id),
      ...relations.links,
    ],
    notes: [...notesOf(found, stalled === 1), ...relations.notes],
  };
}

function dedupLink(dedup: string | undefined, owner: Reply | undefined, id: string): JobDetail['links'] {
  if (dedup === undefined || owner === null || owner === undefined || String(owner) === id) return [];
  return [{ relation: 'its deduplication id now belongs to', to: `job ${String(owner)}` }];
}

function notesOf(found: Found, stalled: boolean): string[] {
  const { native, fields, locked } = found;
  if (isGhost(found)) return ['Its id stands in the queue, but what it was is gone: a worker would run an empty job.'];
  return [
    ...(native === undefined ? ['It stands in no list of the queue, so no worker will ever take it.'] : []),
    ...stallNotes(fields, stalled),
    ...(native === 'active' && locked === false
      ? [
          'A worker that lost its lock may still be at it; BullMQ itself starts such a job again after its next two looks.',
        ]
      : []),
    ...(native === 'failed' &&
    attemptsOf(fields) < maxAttemptsOf(fields) &&
    textOf(fields, 'failedReason') !== PARKED_REASON
      ? ['It failed for good before its attempts were used up: the error was marked as unrecoverable, or it stalled.']
      : []),
    ...(fields.has('rjk') ? [`It was added by the scheduler ${textOf(fields, 'rjk')}.`] : []),
  ];
}

function stallNotes(fields: Fields, stalled: boolean): string[] {
  const times = numberOf(fields, 'stc') ?? 0;
  return [
    ...(times > 0 ? [`It has stalled ${times === 1 ? 'once' : `${times} times`}.`] : []),
    ...(stalled ? ['The workers last saw it as active, and will look again for its lock.'] : []),
    ...(fields.has('defa') ? [`The next worker will fail it: ${textOf(fields, 'defa')}`] : []),
  ];
}
