import type { QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import { earlier, fromDate } from '../domain/instant.ts';
import { matcher, type Selection, type Tests } from '../domain/selection.ts';
import { readAudit } from '../safety/audit.ts';
import { batches } from '../safety/journal.ts';
import { readRun } from '../safety/run-folder.ts';
import { listRuns } from '../safety/run-list.ts';

const DAY = 86_400;
/** So often may a job be replayed within a day; once more must be asked for. */
const ALLOWED = 2;
/** Jobs that are named in a refusal. */
const SHOWN = 5;
/** Jobs that are looked at together. */
const PAGE = 500;
/** Places of the sieve: 16 MB, however many jobs there were. */
const PLACES = 2 ** 24;

/**
 * Refuses to replay a job a third time within a day: what dies each time is not mended by one more. Who replayed what is in
 * the journals of the runs, so nothing else has to be kept.
 */
export async function refuseLoops(
  reader: QueueReader,
  stateDir: string,
  selection: Selection,
  tests: Tests,
): Promise<void> {
  const runs = await replaysOf(stateDir, reader.backend.where, selection.queues);
  if (runs.length < ALLOWED) return;
  const often = await replayedOften(stateDir, runs);
  const fits = matcher(selection, tests);
  const looping: { id: string; runs: readonly string[] }[] = [];
  const asked = selection.ids === undefined ? undefined : new Set(selection.ids);
  const ids = [...often.keys()].filter((id) => asked?.has(id) ?? true);
  for (let at = 0; at < ids.length; at += PAGE) {
    const some = { ...selection, ids: ids.slice(at, at + PAGE) };
    for await (const page of reader.browse(some, { size: PAGE, order: 'oldest' }))
      for (const job of page) if (fits(job)) looping.push({ id: job.id, runs: often.get(job.id) ?? [] });
  }
  if (looping.length > 0) throw await refusal(stateDir, looping);
}

async function replaysOf(stateDir: string, where: string, queues: readonly string[]): Promise<string[]> {
  const since = earlier(fromDate(new Date()), DAY);
  const recent = (await listRuns(stateDir)).filter(
    ({ verb, startedAt, queues: its }) =>
      verb === 'replay' && startedAt >= since && its.some((queue) => queues.includes(queue)),
  );
  const found: string[] = [];
  for (const { id } of recent) if ((await readRun(stateDir, id)).plan.where === where) found.push(id);
  return found;
}

/** The jobs that were done by as many runs as are allowed. A sieve first, so that memory holds only those that may be. */
async function replayedOften(stateDir: string, runs: readonly string[]): Promise<Map<string, readonly string[]>> {
  const sieve = new Uint8Array(PLACES);
  for (const run of runs)
    for await (const id of replayedBy(stateDir, run)) {
      const place = placeOf(id);
      if ((sieve[place] ?? 0) < 255) sieve[place] = (sieve[place] ?? 0) + 1;
    }
  const found = new Map<string, string[]>();
  for (const run of runs)
    for await (const id of replayedBy(stateDir, run))
      if ((sieve[placeOf(id)] ?? 0) >= ALLOWED) found.set(id, [...(found.get(id) ?? []), run]);
  return new Map([...found].filter(([, by]) => by.length >= ALLOWED));
}

async function* replayedBy(stateDir: string, id: string): AsyncGenerator<string> {
  for await (const { intent, outcome } of batches((await readRun(stateDir, id)).journalPath)) {
    const left = new Set(outcome?.rest.map((entry) => entry.id));
    for (const one of intent.ids) if (!left.has(one)) yield one;
  }
}

/** FNV-1a, folded into the places. */
function placeOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % PLACES;
}

async function refusal(
  stateDir: string,
  looping: readonly { readonly id: string; readonly runs: readonly string[] }[],
): Promise<JobctlError> {
  const named = looping.slice(0, SHOWN);
  const people = await operatorsOf(stateDir, new Set(named.flatMap(({ runs }) => runs)));
  const lines = named.map(
    ({ id, runs }) =>
      `  job ${id}: ${runs.map((run) => `${run}${people.has(run) ? ` by ${people.get(run)}` : ''}`).join(', ')}`,
  );
  const more = looping.length > SHOWN ? [`  … and ${looping.length - SHOWN} more`] : [];
  const which = looping.length === 1 ? 'A job was' : `${looping.length} jobs were`;
  const ids = looping.slice(0, 50).map(({ id }) => JSON.stringify(id));
  return new JobctlError(
    'refused',
    [`${which} replayed twice within a day already, and died each time:`, ...lines, ...more].join('\n'),
    {
      next: [
        `jobctl dlq show ${named[0]?.id}   # why does it die?`,
        ...(looping.length <= ids.length ? [`Leave them out: --where '!(id in [${ids.join(', ')}])'`] : []),
        'Add --force to replay them once more.',
      ],
    },
  );
}

async function operatorsOf(stateDir: string, runs: ReadonlySet<string>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { run, user, host } of readAudit(stateDir))
    if (run !== undefined && runs.has(run)) found.set(run, `${user}@${host}`);
  return found;
}
