import type { Command, Connection, Reply } from './connection.ts';
import { fieldsOf, textOf } from './job.ts';
import type { QueueKeys } from './keys.ts';
import { isMarker } from './sets.ts';

/** Whose way of keeping a queue this is: that of BullMQ's major versions, or that of Bull, its forerunner. */
export type LayoutName = 'bull' | 'v3' | 'v4' | 'v5' | 'v6';

export interface Layout {
  readonly name: LayoutName;
  /** False when nothing in the queue tells v5 from v6, and only the last client that connected is known. */
  readonly certain: boolean;
  /** What it was told by. */
  readonly why: string;
  /** `meta.version`: the last Queue object that connected, not the workers. A hint, no more. */
  readonly lastClient: string | undefined;
  /** The flag in `meta`, or classic Bull's own. */
  readonly paused: boolean;
  /** Jobs in the list that only v5 and older use. */
  readonly pausedJobs: number;
  /** Limits that hold for all workers together; undefined where none is set. */
  readonly concurrency: number | undefined;
  /** False when no key of the queue is there. */
  readonly exists: boolean;
}

const SIGNS = 11;

/** Everything that tells a layout, of one queue: one round trip with others, then at most one more for a job of each. */
const signs = (keys: QueueKeys): Command[] => [
  ['HGETALL', keys.meta],
  ['LLEN', keys.paused],
  ['EXISTS', keys.priority],
  ['EXISTS', keys.metaPaused],
  ['EXISTS', keys.marker, keys.pc, keys.prioritized],
  ['LINDEX', keys.wait, -1],
  ['LINDEX', keys.active, 0],
  ['ZRANGE', keys.failed, -1, -1],
  ['ZRANGE', keys.completed, -1, -1],
  ['ZRANGE', keys.delayed, 0, 0],
  ['EXISTS', keys.id, keys.wait, keys.active, keys.delayed, keys.failed, keys.completed, keys.meta, keys.repeat],
];

const TOLD = ['atm', 'ats', 'attemptsMade'] as const;

/** The layouts of these queues, by name: told by what lies there, never by `meta.version` alone. */
export async function layoutsOf(connection: Connection, queues: readonly QueueKeys[]): Promise<Map<string, Layout>> {
  const replies = await connection.many(queues.flatMap(signs));
  const seen = queues.map((keys, index) => ({ keys, found: replies.slice(index * SIGNS, (index + 1) * SIGNS) }));
  const samples = seen.map(({ keys, found }) => samplesOf(found).map((id) => keys.job(id)));
  const fields = await connection.many(samples.flat().map((key): Command => ['HMGET', key, ...TOLD]));
  const layouts = new Map<string, Layout>();
  let at = 0;
  for (const [index, { keys, found }] of seen.entries()) {
    const mine = fields.slice(at, at + (samples[index]?.length ?? 0)) as (readonly (Buffer | null)[])[];
    at += mine.length;
    layouts.set(keys.queue, judge(found, mine));
  }
  return layouts;
}

export async function layoutOf(connection: Connection, keys: QueueKeys): Promise<Layout> {
  return (await layoutsOf(connection, [keys])).get(keys.queue) as Layout;
}

const ids = (reply: Reply | undefined): string[] =>
  (Array.isArray(reply) ? reply : reply === null || reply === undefined ? [] : [reply]).map(String);

const samplesOf = (found: readonly Reply[]): string[] =>
  found
    .slice(5, 10)
    .flatMap(ids)
    .filter((id) => !isMarker(id));

function judge(found: readonly Reply[], jobs: readonly (readonly (Buffer | null)[])[]): Layout {
  const meta = fieldsOf(found[0]);
  const pausedJobs = Number(found[1]);
  const [hasPriority, hasOldPause, hasModern, exists] = [2, 3, 4, 10].map((index) => Number(found[index]) > 0);
  const lastClient = textOf(meta, 'version');
  const major = /:(\d+)\./.exec(lastClient ?? '')?.[1];
  const newJobs = jobs.some(([atm, ats]) => Buffer.isBuffer(atm) || Buffer.isBuffer(ats));
  const oldJobs = jobs.some(([atm, ats, old]) => !atm && !ats && Buffer.isBuffer(old));
  const oldMarker = ids(found[5]).some(isMarker);
  const concurrency = Number(textOf(meta, 'concurrency') ?? Number.NaN);
  const rest = {
    lastClient,
    paused: meta.has('paused') || hasOldPause === true,
    pausedJobs,
    concurrency: Number.isFinite(concurrency) ? concurrency : undefined,
    exists: [exists, hasModern, hasPriority, hasOldPause].includes(true) || pausedJobs > 0 || meta.size > 0,
  };
  const told = (name: LayoutName, why: string, certain = true): Layout => ({ name, certain, why, ...rest });
  // Bull keeps its own flag of a pause, and never a meta hash
  if (hasOldPause) return told('bull', 'meta-paused is a key of classic Bull');
  if (meta.size === 0 && (hasPriority || oldJobs))
    return told('bull', 'its jobs are those of classic Bull, and there is no meta');
  if (hasPriority) return told('v3', 'priorities lie in a set of their own');
  if (oldJobs && !newJobs) return told('v4', 'its jobs count their attempts in attemptsMade');
  if (oldMarker) return told('v4', 'workers are woken by marks among the waiting jobs');
  if (pausedJobs > 0) return told('v5', 'paused jobs lie in a list of their own');
  if (major === '6') return told('v6', `the last client was ${lastClient}, and nothing older is there`, true);
  if (newJobs || hasModern) return told('v5', `the last client was ${lastClient ?? 'unknown'}`, major === '5');
  if (major === '3' || major === '4') return told(`v${major}`, `the last client was ${lastClient}`, false);
  return told(major === '5' ? 'v5' : 'v6', `the last client was ${lastClient ?? 'unknown'}`, major === '5');
}
