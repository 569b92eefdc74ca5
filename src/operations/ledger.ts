import type { QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import { earlier, fromDate, type Instant } from '../domain/instant.ts';
import type { Plan } from '../domain/plan.ts';
import { matcher, type Selection, type Tests } from '../domain/selection.ts';
import { batches } from '../safety/journal.ts';
import { readRun } from '../safety/run-folder.ts';
import { listRuns } from '../safety/run-list.ts';
import { hereIn } from './same-place.ts';

const DAY = 86_400;
/** So often may a job be replayed within a day; once more must be asked for. */
const ALLOWED = 2;
/** Jobs that are looked at together. */
const PAGE = 500;
/** Places of the sieve: 16 MB, however many jobs there were. */
const PLACES = 2 ** 24;

/** A job that is dead again after as many replays as are allowed. */
export interface Loop {
  readonly id: string;
  /** The runs that replayed it, the newest first. */
  readonly runs: readonly string[];
}

/** Where it is written who replayed what. */
interface Books {
  readonly context: string;
  readonly stateDir: string;
  /** Told of each run whose journal is damaged: what it replayed from there on is not known. */
  readonly unread: (run: string) => void;
}

/**
 * The jobs that would be replayed a third time within a day: what dies each time is not mended by one more. Who replayed what
 * is in the journals of the runs, so nothing else has to be kept.
 */
export async function loopsIn(
  reader: QueueReader,
  { context, stateDir, unread }: Books,
  selection: Selection,
  tests: Tests,
): Promise<Loop[]> {
  const runs = await recentRuns(stateDir, hereIn(context, reader), selection.queues);
  if (runs.filter(({ replays }) => replays).length < ALLOWED) return [];
  const often = await replayedOften(stateDir, runs, unread);
  const fits = matcher(selection, tests);
  const loops = new Map<string, readonly string[]>();
  const asked = selection.ids === undefined ? undefined : new Set(selection.ids);
  const ids = [...often.keys()].filter((id) => asked?.has(id) ?? true);
  for (let at = 0; at < ids.length; at += PAGE) {
    const some = { ...selection, ids: ids.slice(at, at + PAGE) };
    for await (const page of reader.browse(some, { size: PAGE, order: 'oldest' }))
      for (const job of page) {
        const by = often.get(job.id); // a walk may meet others than were asked for
        if (by !== undefined && fits(job)) loops.set(job.id, by);
      }
  }
  return [...loops].map(([id, by]) => ({ id, runs: by }));
}

interface Recent {
  readonly id: string;
  /** Else it put jobs back, which may have given them other ids. */
  readonly replays: boolean;
  /** The run that it took back: what that replayed has not run. */
  readonly undoes?: string | undefined;
}

/** The newest first. */
async function recentRuns(
  stateDir: string,
  isHere: (plan: Plan) => Promise<boolean>,
  queues: readonly string[],
): Promise<Recent[]> {
  const since = earlier(fromDate(new Date()), DAY);
  const recent = (await listRuns(stateDir)).filter(
    ({ verb, startedAt, queues: its }) =>
      (verb === 'replay' || verb === 'restore' || verb === 'undo') &&
      startedAt >= since &&
      its.some((queue) => queues.includes(queue)),
  );
  const found: (Recent & { readonly madeAt: Instant })[] = [];
  for (const { id, verb } of recent) {
    const { plan } = await readRun(stateDir, id);
    if (!(await isHere(plan))) continue;
    const undoes = verb === 'undo' && plan.task.kind === 'put-back' ? plan.task.from.run : undefined;
    found.push({ id, replays: verb === 'replay', undoes, madeAt: plan.madeAt });
  }
  return found.sort((a, b) => (a.madeAt < b.madeAt ? 1 : -1));
}

/**
 * The jobs that were done by as many runs as are allowed, by the ids that they have now. A sieve first, so that memory holds
 * only those that may be: the oldest run first, because a job that was copied takes its count along to its new id.
 */
async function replayedOften(
  stateDir: string,
  runs: readonly Recent[],
  unread: Books['unread'],
): Promise<Map<string, readonly string[]>> {
  const sieve = new Uint8Array(PLACES);
  const countOf = (id: string): number => sieve[placeOf(id)] ?? 0;
  for (const run of runs.toReversed())
    for await (const { id, as } of stepsOf(stateDir, run, unread)) {
      const count = Math.min(255, countOf(id) + (run.replays ? 1 : 0));
      sieve[placeOf(as)] = Math.max(countOf(as), count);
    }
  const found = new Map<string, string[]>();
  /** Of those that may be: the id that a job has now, by the one that it had. */
  const now = new Map<string, string>();
  const undone = new Set<string>();
  for (const run of runs)
    for await (const { id, as } of stepsOf(stateDir, run, unread)) {
      const latest = now.get(as) ?? (countOf(as) >= ALLOWED ? as : undefined);
      if (latest === undefined) continue;
      if (as !== id) now.set(id, latest);
      if (undone.has(`${run.id} ${latest}`)) continue;
      if (run.undoes !== undefined) undone.add(`${run.undoes} ${latest}`);
      if (run.replays) found.set(latest, [...(found.get(latest) ?? []), run.id]);
    }
  return new Map([...found].filter(([, by]) => by.length >= ALLOWED));
}

/** What a run has replayed or taken back, and under which id it went on; of a restore, only what has another id since. */
async function* stepsOf(
  stateDir: string,
  { id: run, replays, undoes }: Recent,
  unread: Books['unread'],
): AsyncGenerator<{ id: string; as: string }> {
  try {
    for await (const { intent, outcome, copies } of batches((await readRun(stateDir, run)).journalPath)) {
      for (const { id, as } of copies) yield { id, as };
      if (!replays && undoes === undefined) continue;
      const told = new Set([...(outcome?.rest ?? []), ...copies].map(({ id }) => id));
      for (const id of intent.ids) if (!told.has(id)) yield { id, as: id };
    }
  } catch (error) {
    if (!(error instanceof JobctlError)) throw error;
    unread(run); // a file of yesterday must not keep anyone from replaying today
  }
}

/** FNV-1a, folded into the places. */
function placeOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % PLACES;
}
